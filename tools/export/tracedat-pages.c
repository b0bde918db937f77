/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages of a ring buffer, as the kernel hands them to user space.
 *
 *   u64 time of the first event, u64 length of the data with flags, data; the rest is not used.
 *   An event: u32 { length in words: 5 bits, ns since the last one: 27 bits }, record.
 */
#include <string.h>

#include "tracedat.h"

enum {
    HEAD = 16,
    ROOM = DAT_PAGE - HEAD,
    MAX_WORDS = 28,   /* of a record whose length stands in the five bits */
    TIME_EXTEND = 30, /* no record, but the upper bits of a long time */
    TIME_BITS = 27,
    COUNT = 8,        /* of missed events, behind the data */
};

#define MISSED_EVENTS (UINT32_C(1) << 31)
#define MISSED_STORED (UINT32_C(1) << 30)

static void put32(struct dat_page *page, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    memcpy(page->data + HEAD + page->used, &value, 4);
    page->used += 4;
}

static void put64_at(struct dat_page *page, size_t at, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    memcpy(page->data + at, &value, 8);
}

void dat_end_page(struct dat_page *page, struct spool *spool, unsigned lane)
{
    uint64_t commit = page->used;

    if (!page->any) {
        return;
    }
    memset(page->data + HEAD + page->used, 0, ROOM - page->used);
    if (page->missed) {
        put64_at(page, HEAD + page->used, page->missed);
        commit |= MISSED_EVENTS | MISSED_STORED;
    }
    put64_at(page, 8, commit);
    spool_write(spool, lane, page->data, DAT_PAGE);
    page->any = false;
    page->used = 0;
}

static void begin_page(struct dat_page *page, uint64_t time)
{
    put64_at(page, 0, time);
    page->last = time;
    page->missed = page->lost_next - page->lost;
    page->lost = page->lost_next;
    page->any = true;
}

void dat_add(struct dat_page *page, struct spool *spool, unsigned lane, uint64_t time,
             const uint8_t *record, size_t length)
{
    size_t words = length / 4;
    size_t need = length + 4 + (words > MAX_WORDS ? 4 : 0) + 8; /* with a long time */
    uint64_t delta;

    if (page->any && (page->lost_next != page->lost || page->used + need + COUNT > ROOM)) {
        dat_end_page(page, spool, lane);
    }
    time = MAX(time, MAX(page->last, 1)); /* KernelShark loses events beside one at time 0 */
    if (!page->any) {
        begin_page(page, time);
    }
    delta = time - page->last;
    if (delta >> TIME_BITS) {
        put32(page, TIME_EXTEND | (uint32_t)delta << 5);
        put32(page, (uint32_t)(delta >> TIME_BITS));
        delta = 0;
    }
    put32(page, (words > MAX_WORDS ? 0 : (uint32_t)words) | (uint32_t)delta << 5);
    if (words > MAX_WORDS) {
        put32(page, (uint32_t)length + 4);
    }
    memcpy(page->data + HEAD + page->used, record, length);
    page->used += length;
    page->last = time;
}
