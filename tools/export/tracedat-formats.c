/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The events that trace-cmd and KernelShark know, and the text that describes the records of an event. */
#include <string.h>

#include "tracedat.h"

#define COMM(label, field) { label, field, SHAPE_COMM, 0, false, 0 }
#define PID(label, field)  { label, field, SHAPE_PID, 4, true, 0 }
#define INT(label, field)  { label, field, SHAPE_NUMBER, 4, true, 0 }
#define STRING(label, field) { label, field, SHAPE_STRING, 0, false, 0 }

static const struct shape_row switch_rows[] = {
    COMM("prev_comm", "prev"), PID("prev_pid", "prev"), INT("prev_prio", "prev_prio"),
    { "prev_state", "prev_state", SHAPE_NUMBER, 8, true, 0 },
    COMM("next_comm", "next"), PID("next_pid", "next"), INT("next_prio", "next_prio"), { NULL },
};
static const struct shape_row wakeup_rows[] = {
    COMM("comm", "task"), PID("pid", "task"), INT("prio", "prio"), INT("target_cpu", "target_cpu"),
    { NULL },
};
static const struct shape_row fork_rows[] = {
    COMM("parent_comm", "parent"), PID("parent_pid", "parent"),
    COMM("child_comm", "task"), PID("child_pid", "task"), { NULL },
};
static const struct shape_row exit_rows[] = { COMM("comm", "task"), PID("pid", "task"), { NULL } };
static const struct shape_row handler_entry_rows[] = {
    INT("irq", "irq"), STRING("name", "name"), { NULL },
};
static const struct shape_row handler_exit_rows[] = { INT("irq", "irq"), INT("ret", "ret"), { NULL } };
static const struct shape_row softirq_rows[] = {
    { "vec", "vec", SHAPE_NUMBER, 4, false, 0 }, STRING("action", "name"), { NULL },
};

static const char switch_print[] =
    "\"prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%s%s ==> next_comm=%s next_pid=%d next_prio=%d\", "
    "REC->prev_comm, REC->prev_pid, REC->prev_prio, "
    "(REC->prev_state & 0x2ff) ? __print_flags(REC->prev_state & 0x2ff, \"|\", { 0x1, \"S\" }, { 0x2, \"D\" }, "
    "{ 0x4, \"T\" }, { 0x8, \"t\" }, { 0x10, \"X\" }, { 0x20, \"Z\" }, { 0x40, \"P\" }, { 0x80, \"I\" }, "
    "{ 0x200, \"?\" }) : \"R\", "
    "REC->prev_state & 0x100 ? \"+\" : \"\", REC->next_comm, REC->next_pid, REC->next_prio";
static const char wakeup_print[] =
    "\"comm=%s pid=%d prio=%d target_cpu=%03d\", REC->comm, REC->pid, REC->prio, REC->target_cpu";
static const char fork_print[] =
    "\"comm=%s pid=%d child_comm=%s child_pid=%d\", REC->parent_comm, REC->parent_pid, "
    "REC->child_comm, REC->child_pid";
static const char exit_print[] = "\"comm=%s pid=%d\", REC->comm, REC->pid";
static const char entry_print[] = "\"irq=%d name=%s\", REC->irq, __get_str(name)";
static const char return_print[] =
    "\"irq=%d ret=%s\", REC->irq, REC->ret ? \"handled\" : \"unhandled\"";
static const char softirq_print[] = "\"vec=%u [action=%s]\", REC->vec, __get_str(action)";

const struct shape_known dat_table[] = {
    { "sched_switch", "sched", "sched_switch", NULL, false, switch_rows, switch_print },
    { "sched_wakeup", "sched", "sched_wakeup", "first", false, wakeup_rows, wakeup_print },
    { "sched_wakeup", "sched", "sched_wakeup_new", "first", true, wakeup_rows, wakeup_print },
    { "task_new", "sched", "sched_process_fork", NULL, false, fork_rows, fork_print },
    { "task_exit", "sched", "sched_process_exit", NULL, false, exit_rows, exit_print },
    { "irq_handler_entry", "irq", "irq_handler_entry", NULL, false, handler_entry_rows, entry_print },
    { "irq_handler_exit", "irq", "irq_handler_exit", NULL, false, handler_exit_rows, return_print },
    { "softirq_entry", "irq", "softirq_entry", NULL, false, softirq_rows, softirq_print },
    { "softirq_exit", "irq", "softirq_exit", NULL, false, softirq_rows, softirq_print },
    { NULL },
};

static uint16_t size_of(const struct shape_field *field)
{
    return field->as == SHAPE_COMM ? 16 : field->as == SHAPE_STRING ? 4 : field->size;
}

/* As a C compiler would lay it out; strings are behind, and have a word that says where. */
void dat_layout(struct dat_layout *layout, const struct shape *shape)
{
    unsigned at = DAT_COMMON, n_strings = 0;

    layout->shape = shape;
    for (unsigned i = 0; i < shape->n; i++) {
        const struct shape_field *field = &shape->fields[i];
        unsigned size = size_of(field), align = field->as == SHAPE_COMM ? 1 : size;

        at = (at + align - 1) / align * align;
        layout->offset[i] = (uint16_t)at;
        at += size;
        n_strings += field->as == SHAPE_STRING;
    }
    layout->fixed = (uint16_t)((at + 3) / 4 * 4);
    layout->max_string = (uint16_t)(n_strings ? (DAT_MAX_RECORD - layout->fixed) / n_strings : 0);
}

static const char *type_of(const struct shape_field *field)
{
    switch (field->as) {
    case SHAPE_STRING:
        return "__data_loc char[]";
    case SHAPE_PID:
    case SHAPE_TGID:
        return "pid_t";
    default:
        return field->size == 8 ? field->is_signed ? "long long" : "unsigned long long"
               : field->is_signed ? "int"
                                  : "unsigned int";
    }
}

static void add_field(GString *text, const struct dat_layout *layout, unsigned i)
{
    const struct shape_field *field = &layout->shape->fields[i];

    if (field->as == SHAPE_COMM) {
        g_string_append_printf(text, "\tfield:char %s[16];", field->name);
    } else {
        g_string_append_printf(text, "\tfield:%s %s;", type_of(field), field->name);
    }
    g_string_append_printf(text, "\toffset:%u;\tsize:%u;\tsigned:%d;\n", layout->offset[i], size_of(field),
                           field->is_signed);
}

/* "name=value" of each field, in order. */
static void add_print(GString *text, const struct shape *shape)
{
    GString *values = g_string_new(NULL);

    g_string_append_c(text, '"');
    for (unsigned i = 0; i < shape->n; i++) {
        const struct shape_field *field = &shape->fields[i];
        const char *name = field->name;
        const char *how = field->as == SHAPE_COMM || field->as == SHAPE_STRING ? "%s"
                          : field->as == SHAPE_HEX                             ? "0x%llx"
                          : field->size == 8 ? field->is_signed ? "%lld" : "%llu"
                          : field->is_signed ? "%d"
                                             : "%u";

        g_string_append_printf(text, "%s%s=%s", i ? " " : "", name, how);
        g_string_append_printf(values, field->as == SHAPE_STRING ? ", __get_str(%s)" : ", REC->%s", name);
    }
    g_string_append_printf(text, "\"%s", values->str);
    g_string_free(values, TRUE);
}

GString *dat_format(const struct dat_layout *layout)
{
    const struct shape *shape = layout->shape;
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "name: %s\nID: %u\nformat:\n"
                           "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
                           "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
                           "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
                           "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n",
                           shape->name, shape->id);
    for (unsigned i = 0; i < shape->n; i++) {
        add_field(text, layout, i);
    }
    g_string_append(text, "\nprint fmt: ");
    if (shape->print) {
        g_string_append(text, shape->print);
    } else {
        add_print(text, shape);
    }
    g_string_append_c(text, '\n');
    return text;
}
