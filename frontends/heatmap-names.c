/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heatmap: what counters of code are called. Asked at the end of the run: early code is known before its
 * symbols. */
#include <inttypes.h>
#include <string.h>

#include "heatmap-names.h"

static uint32_t row_of_page(struct osi_heatrows *rows, uint64_t address)
{
    char name[24];

    snprintf(name, sizeof(name), "0x%" PRIx64, address / HEATMAP_PAGE * HEATMAP_PAGE);
    return osi_heatrows_row(rows, name, "[unknown]");
}

static bool find_function(struct osi_session *session, const struct heatmap_subject *subject,
                          struct osi_function *function)
{
    uint32_t number = subject->function;

    if (!number && subject->address) { /* translated before the kernel was located */
        number = osi_function_at(session, subject->address);
    }
    return number && osi_function(session, number, function);
}

uint32_t heatmap_row_of_function(struct osi_session *session, struct osi_heatrows *rows,
                                 const struct heatmap_subject *subject)
{
    struct osi_function function;
    char name[64];

    if (subject->task) {
        snprintf(name, sizeof(name), "%s [user]", subject->task);
        return osi_heatrows_row(rows, name, "[user]");
    }
    return find_function(session, subject, &function)
               ? osi_heatrows_row(rows, function.name, function.module)
               : row_of_page(rows, subject->address);
}

uint32_t heatmap_row_of_task(struct osi_session *session, struct osi_heatrows *rows,
                             const struct heatmap_subject *subject)
{
    (void)session;
    return osi_heatrows_row(rows, subject->task, NULL);
}

/* Linux puts code that belongs together between such symbols. */
static const char *section_at(const struct osi_session *session, uint64_t address)
{
    static const struct {
        const char *start, *end, *name;
    } sections[] = {
        { "__irqentry_text_start", "__irqentry_text_end", "[kernel] .irqentry.text" },
        { "__softirqentry_text_start", "__softirqentry_text_end", "[kernel] .softirqentry.text" },
        { "__entry_text_start", "__entry_text_end", "[kernel] .entry.text" },
        { "__sched_text_start", "__sched_text_end", "[kernel] .sched.text" },
        { "__cpuidle_text_start", "__cpuidle_text_end", "[kernel] .cpuidle.text" },
        { "__lock_text_start", "__lock_text_end", "[kernel] .spinlock.text" },
        { "__kprobes_text_start", "__kprobes_text_end", "[kernel] .kprobes.text" },
        { "__noinstr_text_start", "__noinstr_text_end", "[kernel] .noinstr.text" },
        { "__hyp_idmap_text_start", "__hyp_idmap_text_end", "[kernel] .hyp.idmap.text" },
        { "__hyp_text_start", "__hyp_text_end", "[kernel] .hyp.text" },
        { "__idmap_text_start", "__idmap_text_end", "[kernel] .idmap.text" },
        { "_sinittext", "_einittext", "[kernel] .init.text" },
        { "__inittext_begin", "__inittext_end", "[kernel] .init.text" },
        { "_stext", "_etext", "[kernel] .text" },
    };
    uint64_t start, end;

    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        if (osi_symbol_address(session, sections[i].start, &start) == 0 &&
            osi_symbol_address(session, sections[i].end, &end) == 0 && address >= start &&
            address < end) {
            return sections[i].name;
        }
    }
    return "[kernel]";
}

uint32_t heatmap_row_of_module(struct osi_session *session, struct osi_heatrows *rows,
                               const struct heatmap_subject *subject)
{
    struct osi_function function;

    if (subject->task) {
        return osi_heatrows_row(rows, "[user]", NULL);
    }
    if (!find_function(session, subject, &function)) {
        return osi_heatrows_row(rows, "[unknown]", NULL);
    }
    return osi_heatrows_row(rows,
                            strcmp(function.module, "[kernel]") == 0
                                ? section_at(session, function.address)
                                : function.module, NULL);
}
