/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Function calls of a recorded path, as slices: for each CPU a track, and below it one for each
 * task if the path tells of task switches. Time is what the path has: instructions of that CPU. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "callslices.h"
#include "perfetto.h"
#include "tool.h"

/* Steps between two looks at whether to stop. */
#define LOOK 0xffff

/* The stack of a task on a CPU. */
struct owner {
    struct call_stack stack;
    const struct osi_task *task; /* as last seen; NULL: not known */
    bool tracked; /* Perfetto knows its track */
};

struct walk {
    struct perfetto *perfetto;
    struct decoder *decoder;
    struct pf_stages *stages;
    struct call_walk calls;
    struct pf_sequence sequence;
    GHashTable *owners;    /* struct owner, by the task's key; 0: not known */
    GHashTable *numbers;   /* of names of places without a function, by address */
    GArray *addresses;     /* of these names */
    struct osi_task other; /* in place of tasks that are not wanted */
    uint64_t n_tracks;
    bool calls_wanted; /* by --event */
    bool switched;     /* the path told of a task switch */
    uint32_t cpu;
    uint64_t steps;
};

/* ---- names: strings have even numbers, exceptions the first odd ones, then addresses ---- */
#define FIRST_ADDRESS (OSI_EXCEPTIONS + 1)

static bool is_function(void *data, uint32_t function)
{
    const struct walk *walk = data;
    const char *text = osi_trace_string(walk->perfetto->export->reader, function);

    return !text || strcmp(text, "[unnamed]") != 0;
}

static uint32_t name_of_function(void *data, uint32_t function)
{
    (void)data;
    return 2 * function;
}

static uint32_t name_of_place(void *data, uint64_t address)
{
    struct walk *walk = data;
    uint32_t number = GPOINTER_TO_UINT(g_hash_table_lookup(walk->numbers, &address));

    if (!number) {
        number = 2 * (FIRST_ADDRESS + walk->addresses->len) + 1;
        g_array_append_val(walk->addresses, address);
        g_hash_table_insert(walk->numbers, g_memdup2(&address, sizeof(address)),
                            GUINT_TO_POINTER(number));
    }
    return number;
}

static uint32_t name_of_exception(void *data, bool irq, enum osi_exception exception)
{
    (void)data;
    return 2 * (irq ? OSI_EXCEPTIONS : MIN((unsigned)exception, OSI_EXCEPTIONS - 1)) + 1;
}

static char *text_of(const struct walk *walk, uint32_t name)
{
    const char *text;

    if (name % 2 == 0) {
        text = osi_trace_string(walk->perfetto->export->reader, name / 2);
        return text ? g_strdup(text) : g_strdup_printf("function %u", name / 2);
    }
    if (name / 2 >= FIRST_ADDRESS) {
        return g_strdup_printf("0x%" PRIx64,
                               g_array_index(walk->addresses, uint64_t, name / 2 - FIRST_ADDRESS));
    }
    return name / 2 == OSI_EXCEPTIONS
               ? g_strdup("[irq]")
               : g_strdup_printf("[%s]", osi_exception_name((enum osi_exception)(name / 2)));
}

/* ---- what stacks tell ---- */
/* Perfetto takes the first name of a track: it is the task's last one (exec), unless that may not
 * be wanted. */
static void name_track(struct walk *walk, struct owner *owner)
{
    const struct osi_task *task = owner->task;
    char *name;

    if (!owner->tracked && owner->stack.track != walk->sequence.track) {
        if (!walk->perfetto->export->task) {
            task = pf_stages_last(walk->stages, task);
        }
        name = g_strdup_printf("%s %u", task ? task->comm : "<...>", task ? task->pid : 0);
        pf_track(&walk->sequence, owner->stack.track, name);
        g_free(name);
    }
    owner->tracked = true;
}

static void begin_slice(void *data, struct call_stack *stack, uint32_t name, uint64_t time,
                        bool called)
{
    struct walk *walk = data;
    char *text = NULL;

    name_track(walk, (struct owner *)stack); /* its first member */
    if (!pf_has_name(&walk->sequence, name)) {
        text = text_of(walk, name);
    }
    pf_event_begin(&walk->sequence, stack->track, PF_BEGIN, time);
    pf_event_name(&walk->sequence, name, text);
    if (!called) {
        pf_event_flag(&walk->sequence, PF_ARG_FOUND);
    }
    pf_event_end(&walk->sequence);
    walk->perfetto->export->written++;
    g_free(text);
}

static void end_slice(void *data, struct call_stack *stack, uint64_t time)
{
    struct walk *walk = data;

    pf_event_begin(&walk->sequence, stack->track, PF_END, time);
    pf_event_end(&walk->sequence);
}

static const struct call_client client = {
    .is_function = is_function,
    .name_of_function = name_of_function,
    .name_of_place = name_of_place,
    .name_of_exception = name_of_exception,
    .begin = begin_slice,
    .end = end_slice,
};

/* ---- tasks ---- */
static void owner_free(void *data)
{
    struct owner *owner = data;

    call_stack_clear(&owner->stack);
    g_free(owner);
}

static bool is_silent(const struct walk *walk, const struct osi_task *task)
{
    return !walk->calls_wanted || !export_wants_task(walk->perfetto->export, task);
}

static struct owner *add_owner(struct walk *walk, const struct osi_task *task)
{
    struct owner *owner = g_new0(struct owner, 1);

    owner->task = task;
    owner->stack.track = walk->sequence.track + (walk->n_tracks++ << 32);
    owner->stack.silent = is_silent(walk, task);
    g_hash_table_insert(walk->owners, GUINT_TO_POINTER(task ? task->key : 0), owner);
    return owner;
}

/* The task may have another name than when it was last seen, and be wanted now, or no more. */
static struct owner *owner_of(struct walk *walk, const struct osi_task *task, uint64_t time)
{
    struct owner *owner = g_hash_table_lookup(walk->owners, GUINT_TO_POINTER(task ? task->key : 0));
    bool silent = is_silent(walk, task);

    if (!owner) {
        return add_owner(walk, task);
    }
    if (silent && !owner->stack.silent) {
        call_stack_end(&walk->calls, &owner->stack, time);
    }
    owner->task = task;
    owner->stack.silent = silent;
    return owner;
}

/* The switch, with one task for all that are not wanted; false: between two of these. */
static bool only_wanted(struct walk *walk, struct osi_event *event)
{
    const struct export *export = walk->perfetto->export;
    bool prev = export_wants_task(export, event->sched_switch.prev);
    bool next = export_wants_task(export, event->sched_switch.next);

    if (!prev) {
        event->sched_switch.prev = &walk->other;
        event->sched_switch.prev_state = OSI_STATE_RUNNING;
    }
    if (!next) {
        event->sched_switch.next = &walk->other;
    }
    return prev || next;
}

/* What ran before the first switch is the task's that it leaves. */
static void take_first(struct walk *walk, const struct osi_task *prev)
{
    struct owner *first = g_hash_table_lookup(walk->owners, NULL);

    g_hash_table_steal(walk->owners, NULL);
    if (!first->tracked) {
        first->stack.track = walk->sequence.track + (walk->n_tracks++ << 32);
    }
    first->task = prev;
    first->stack.silent = is_silent(walk, prev);
    g_hash_table_insert(walk->owners, GUINT_TO_POINTER(prev->key), first);
    add_owner(walk, NULL);
}

static void switch_tasks(struct walk *walk, const struct osi_event *event, uint64_t time)
{
    const struct osi_task *prev = event->sched_switch.prev;

    if (prev && !walk->switched) {
        take_first(walk, prev);
    }
    walk->switched = true;
    if (prev) {
        struct owner *owner = owner_of(walk, prev, time);

        if (event->sched_switch.prev_state & (OSI_STATE_ZOMBIE | OSI_STATE_DEAD)) {
            call_stack_end(&walk->calls, &owner->stack, time);
            g_hash_table_remove(walk->owners, GUINT_TO_POINTER(prev->key));
        }
    }
    walk->calls.stack = &owner_of(walk, pf_stages_next(walk->stages, event), time)->stack;
}

static void take_event(struct walk *walk, const struct osi_path_step *step)
{
    struct perfetto *perfetto = walk->perfetto;
    const struct selection *selection = &perfetto->export->selection;
    struct osi_event event;

    if (!decoder_event(walk->decoder, &step->event, &event) ||
        event.kind != OSI_EVENT_SCHED_SWITCH) {
        return;
    }
    switch_tasks(walk, &event, step->insn);
    event.time = step->insn; /* the event's own time counts blocks whole */
    if (only_wanted(walk, &event) && step->insn >= selection->from &&
        selection->types[step->event.type]) {
        perfetto->export->written += perfetto->generic ? pf_generic_event(perfetto, &event)
                                                       : pf_linux_event(perfetto, &event);
    }
}

/* ---- the path of a CPU ---- */
static void end_stacks(struct walk *walk, uint64_t time)
{
    GHashTableIter iter;
    gpointer owner;

    g_hash_table_iter_init(&iter, walk->owners);
    while (g_hash_table_iter_next(&iter, NULL, &owner)) {
        call_stack_end(&walk->calls, &((struct owner *)owner)->stack, time);
    }
}

static bool go_on(struct walk *walk)
{
    return (++walk->steps & LOOK) ||
           (!export_failed(walk->perfetto->export) && !export_interrupted());
}

static void walk_path(struct walk *walk, struct osi_path *path)
{
    const struct selection *selection = &walk->perfetto->export->selection;
    struct osi_path_step step;
    uint64_t last = 0;

    while (osi_path_next(path, &step) && step.insn <= selection->to && go_on(walk)) {
        /* Before damage the count may have been guessed too high. */
        step.insn = MAX(step.insn, last);
        last = step.insn + (step.kind == OSI_PATH_BLOCK ? step.n : 0);
        if (step.kind == OSI_PATH_EVENT) {
            take_event(walk, &step);
            continue;
        }
        if (step.kind == OSI_PATH_GAP || step.kind == OSI_PATH_LOST) {
            end_stacks(walk, step.insn); /* nobody knows what each did meanwhile */
        }
        call_walk_step(&walk->calls, &step);
    }
    end_stacks(walk, MIN(last, selection->to));
}

static void begin_cpu(struct walk *walk)
{
    const struct export *export = walk->perfetto->export;
    uint32_t number = pf_number(PF_CALLS, walk->cpu);
    char *name = g_strdup_printf("Functions CPU %u (1 ns = 1 instruction)", walk->cpu);

    pf_sequence_begin(&walk->sequence, walk->perfetto->file, number, number, name);
    g_free(name);
    walk->owners = g_hash_table_new_full(NULL, NULL, NULL, owner_free);
    walk->numbers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    walk->addresses = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    walk->calls = (struct call_walk){
        .arch = walk->calls.arch, .client = &client, .data = walk,
        .from = export->selection.from, .min_duration = export->min_duration,
    };
    walk->n_tracks = 0;
    walk->switched = false;
    walk->calls.stack = &add_owner(walk, NULL)->stack;
}

static void end_cpu(struct walk *walk)
{
    g_hash_table_destroy(walk->owners);
    g_hash_table_destroy(walk->numbers);
    g_array_free(walk->addresses, TRUE);
    call_walk_clear(&walk->calls);
    pf_sequence_clear(&walk->sequence);
}

static void say_what_is_guessed(const struct walk *walk)
{
    if (walk->calls.unmatched) {
        complain("CPU %u: %" PRIu64 " of %" PRIu64 " returns went to where no call under way came "
                 "from; what ran there begins anew", walk->cpu, walk->calls.unmatched,
                 walk->calls.returns);
    }
    if (walk->calls.deep) {
        complain("CPU %u: %" PRIu64 " calls are too deep to be shown", walk->cpu,
                 walk->calls.deep);
    }
}

static void write_path(struct walk *walk)
{
    struct export *export = walk->perfetto->export;
    struct osi_path *path;

    walk->stages = pf_stages_new(export, walk->decoder, walk->cpu);
    path = osi_path_new(export->reader, walk->cpu);
    begin_cpu(walk);
    walk_path(walk, path);
    say_what_is_guessed(walk);
    end_cpu(walk);
    osi_path_free(path);
    pf_stages_free(walk->stages);
}

int pf_write_paths(struct perfetto *perfetto, struct osi_error *err)
{
    struct osi_trace_reader *reader = perfetto->export->reader;
    const char *target = osi_trace_info(reader, "target");
    int type = osi_trace_find_type(reader, "path");
    struct walk walk = {
        .perfetto = perfetto,
        .calls_wanted = type >= 0 && perfetto->export->selection.types[type],
        .calls.arch = osi_arch_find(target ? target : ""),
        .other = { .pid = EXPORT_OTHER_PID, .tgid = EXPORT_OTHER_PID, .comm = EXPORT_OTHER_COMM },
    };

    if (!walk.calls.arch || !walk.calls.arch->decode) {
        g_snprintf(err->text, sizeof(err->text), "calls can't be told from jumps on %s",
                   target ? target : "an unknown target");
        return -ENOTSUP;
    }
    walk.decoder = decoder_new(reader);
    for (; walk.cpu < perfetto->n_cpus; walk.cpu++) {
        if (perfetto->export->selection.streams[walk.cpu]) {
            write_path(&walk);
        }
    }
    decoder_free(walk.decoder);
    return 0;
}
