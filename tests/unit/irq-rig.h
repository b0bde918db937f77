/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of the account of interrupts: events go through osi_irqtrack_event() into an
 * account, as in the session, and a report comes out. */
#ifndef OSI_TEST_IRQ_RIG_H
#define OSI_TEST_IRQ_RIG_H

#include <check.h>
#include <json-glib/json-glib.h>
#include <osinstr/irqstat.h>
#include <osinstr/table.h>
#include <stdlib.h>
#include <string.h>

#include "unit/irq-events.h"

#define ALL UINT32_MAX /* vCPUs */

/* Of one vCPU. */
struct rig {
    struct osi_irqtrack *track;
    struct osi_irqstat *stat;
};

static inline struct rig rig_new(const char *irqs)
{
    return (struct rig){ osi_irqtrack_new(), osi_irqstat_new(irqs) };
}

static inline void rig_free(struct rig *rig)
{
    osi_irqtrack_free(rig->track);
    osi_irqstat_free(rig->stat);
}

static inline void rig_feed(struct rig *rig, const struct osi_event *events, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct osi_event event = events[i];

        osi_irqtrack_event(rig->track, &event);
        osi_irqstat_event(rig->stat, &event);
    }
}

#define FEED(rig, ...) \
    do { \
        const struct osi_event events_[] = { __VA_ARGS__ }; \
        rig_feed(rig, events_, sizeof(events_) / sizeof(events_[0])); \
    } while (0)

/* A whole interrupt of the timer: its deadline was `late` before the entry, the handler runs from
 * 20 to 40, it leaves after `length` (at least 50). Linux calls it 11. */
static inline void feed_timer(struct rig *rig, uint32_t vcpu, uint64_t time, uint64_t late,
                              uint64_t length)
{
    FEED(rig, irq_enter(vcpu, time, false, 0), irq_ack_timer(vcpu, time + 10, 27, 0, time - late),
         irq_handler(vcpu, time + 20, 11, &timer_label, false),
         irq_handler(vcpu, time + 40, 11, &timer_label, true), irq_eoi(vcpu, time + 45, 27),
         irq_exit(vcpu, time + length, false));
}

/* One of a device, without a handler that Linux tells of. */
static inline void feed_device(struct rig *rig, uint32_t vcpu, uint64_t time, uint32_t hwirq,
                               uint64_t length)
{
    FEED(rig, irq_enter(vcpu, time, true, 0), irq_ack(vcpu, time + 1, hwirq),
         irq_eoi(vcpu, time + 2, hwirq), irq_exit(vcpu, time + length, false));
}

/* ---- what comes out ---- */
static inline char *rig_print(struct osi_irqstat *stat, const char *unit, size_t top,
                              int (*emit)(const struct osi_report *, FILE *))
{
    struct osi_report *report = osi_report_new("irq-latency");
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    osi_report_unit(report, unit);
    osi_irqstat_report(stat, report, top);
    ck_assert_int_eq(emit(report, stream), 0);
    fclose(stream);
    osi_report_free(report);
    return text;
}

static inline JsonParser *rig_report(struct osi_irqstat *stat)
{
    char *text = rig_print(stat, "insn", 0, osi_report_json);
    JsonParser *parser = json_parser_new();

    ck_assert(json_parser_load_from_data(parser, text, -1, NULL));
    free(text);
    return parser;
}

static inline JsonObject *root_of(JsonParser *parser)
{
    return json_node_get_object(json_parser_get_root(parser));
}

static inline guint rows_of(JsonParser *parser, const char *table)
{
    JsonObject *root = root_of(parser);

    return json_object_has_member(root, table)
               ? json_array_get_length(json_object_get_array_member(root, table)) : 0;
}

static inline JsonObject *row_of(JsonParser *parser, const char *table, guint row)
{
    ck_assert_uint_lt(row, rows_of(parser, table));
    return json_array_get_object_element(json_object_get_array_member(root_of(parser), table), row);
}

static inline int64_t cell(JsonParser *parser, const char *table, guint row, const char *key)
{
    return json_object_get_int_member(row_of(parser, table, row), key);
}

static inline const char *text_cell(JsonParser *parser, const char *table, guint row,
                                    const char *key)
{
    JsonObject *object = row_of(parser, table, row);

    return json_object_get_null_member(object, key) ? NULL
                                                    : json_object_get_string_member(object, key);
}

static inline int64_t fact(JsonParser *parser, const char *key)
{
    return json_object_get_int_member(root_of(parser), key);
}

#endif
