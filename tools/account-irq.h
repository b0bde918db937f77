/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interrupts of a trace, added up as the plugin does it: one account per CPU. */
#ifndef TOOLS_ACCOUNT_IRQ_H
#define TOOLS_ACCOUNT_IRQ_H

#include <stdbool.h>

#include <osinstr/event.h>
#include <osinstr/table.h>
#include <osinstr/trace.h>

struct irq_account;

struct irq_account *irq_account_new(const struct osi_trace_reader *reader);
void irq_account_free(struct irq_account *account);

/* In two steps, since waits are found in between: completes the event, then counts it. */
void irq_account_complete(struct irq_account *account, struct osi_event *event);
void irq_account_take(struct irq_account *account, const struct osi_event *event);

/* Did any event tell of interrupts? */
bool irq_account_any(const struct irq_account *account);
/* The account ends here, if the run goes on longer. */
void irq_account_until(struct irq_account *account, uint64_t time);
void irq_account_report(struct irq_account *account, struct osi_report *report, size_t top,
                        uint64_t last_time);

#endif
