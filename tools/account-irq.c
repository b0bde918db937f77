/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interrupts of a trace, one account per CPU, merged for the report. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include <osinstr/irqstat.h>

#include "account-irq.h"
#include "notes.h"
#include "tool.h"

struct cpu {
    struct osi_irqtrack *track;
    struct osi_irqstat *stat; /* NULL: no event yet */
    const struct osi_task *running;
};

struct irq_account {
    const struct osi_trace_reader *reader;
    char *irqs; /* those that were asked for, NULL: all */
    struct cpu *cpus;
    unsigned n_cpus;
    bool any;
    uint64_t until;
};

struct irq_account *irq_account_new(const struct osi_trace_reader *reader)
{
    struct irq_account *account = g_new0(struct irq_account, 1);

    account->reader = reader;
    account->until = UINT64_MAX;
    account->irqs = recorded_options(reader, "irq");
    account->n_cpus = osi_trace_n_streams(reader);
    account->cpus = g_new0(struct cpu, account->n_cpus + 1);
    return account;
}

void irq_account_free(struct irq_account *account)
{
    for (unsigned i = 0; i < account->n_cpus; i++) {
        osi_irqtrack_free(account->cpus[i].track);
        osi_irqstat_free(account->cpus[i].stat);
    }
    g_free(account->cpus);
    g_free(account->irqs);
    g_free(account);
}

void irq_account_complete(struct irq_account *account, struct osi_event *event)
{
    struct cpu *cpu = &account->cpus[event->vcpu];

    if (!cpu->track) {
        cpu->track = osi_irqtrack_new();
        cpu->stat = osi_irqstat_new(account->irqs);
    }
    account->any |= (OSI_EVENT_BIT(event->kind) & OSI_IRQ_EVENTS) != 0;
    if (event->kind == OSI_EVENT_IRQS_MASKED) {
        event->irqs_masked.task = cpu->running;
    }
    osi_irqtrack_event(cpu->track, event);
}

/* A rename makes a new stage of the task that runs. */
static void follow(struct cpu *cpu, const struct osi_event *event)
{
    if (event->kind == OSI_EVENT_SCHED_SWITCH) {
        cpu->running = event->sched_switch.next;
    } else if (event->kind == OSI_EVENT_TASK_RENAME && cpu->running && event->task.task &&
               cpu->running->key == event->task.task->key) {
        cpu->running = event->task.task;
    }
}

void irq_account_take(struct irq_account *account, const struct osi_event *event)
{
    struct cpu *cpu = &account->cpus[event->vcpu];

    follow(cpu, event);
    osi_irqstat_event(cpu->stat, event);
}

bool irq_account_any(const struct irq_account *account)
{
    return account->any;
}

void irq_account_until(struct irq_account *account, uint64_t time)
{
    account->until = time;
}

/* "exceptions.CPU" was noted as "syscall=12,page fault=3,…" at the end of the run. */
static void take_exceptions(struct irq_account *account, unsigned cpu)
{
    uint64_t counts[OSI_EXCEPTIONS] = { 0 };
    char key[32];
    const char *text;
    char **parts;

    snprintf(key, sizeof(key), "exceptions.%u", cpu);
    text = osi_trace_info(account->reader, key);
    parts = g_strsplit(text ? text : "", ",", -1);
    for (char **part = parts; *part; part++) {
        char *equals = strchr(*part, '=');

        for (unsigned i = 0; equals && i < OSI_EXCEPTIONS; i++) {
            const char *name = osi_exception_name((enum osi_exception)i);

            if (strncmp(*part, name, strlen(name)) == 0 && *part + strlen(name) == equals) {
                parse_number(equals + 1, &counts[i]);
            }
        }
    }
    g_strfreev(parts);
    osi_irqstat_exceptions(account->cpus[cpu].stat, cpu, counts);
}

void irq_account_report(struct irq_account *account, struct osi_report *report, size_t top,
                        uint64_t last_time)
{
    struct osi_irqstat *all = osi_irqstat_new(account->irqs);

    for (unsigned i = 0; i < account->n_cpus; i++) {
        uint64_t end = last_time;

        if (account->cpus[i].stat) {
            take_exceptions(account, i);
            end_time_of(account->reader, i, &end);
            osi_irqstat_end(account->cpus[i].stat, i, MIN(end, account->until));
            osi_irqstat_merge(all, account->cpus[i].stat);
        }
    }
    osi_irqstat_report(all, report, top);
    osi_irqstat_free(all);
}
