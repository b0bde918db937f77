/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest time from the guest's own counter reads; see clock.h for the idea. */
#include <time.h>

#include "guest/clock.h"

#define NS 1000000000ull
/* Reads in a window after which a grown distance is believed (the guest was stopped and went on). */
#define WINDOW 64
#define GROWN_NS 50000
#define NOISE_INSNS 4096ull
/* All reads are looked at while calibrating, then one in this many. */
#define WARM_READS 2048
#define SPARSE 32

void osi_clock_init(struct osi_clock *clock, enum osi_clock_kind kind, bool icount, int shift)
{
    *clock = (struct osi_clock){ .kind = kind, .icount = icount, .shift = shift };
}

bool osi_clock_counts(const struct osi_clock *clock)
{
    return clock->kind == OSI_CLOCK_INSN || (clock->kind == OSI_CLOCK_GUEST && clock->icount);
}

bool osi_clock_calibrates(const struct osi_clock *clock)
{
    return clock->kind == OSI_CLOCK_GUEST;
}

uint64_t osi_host_time(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * NS + (uint64_t)ts.tv_nsec;
}

/* QEMU's counter is virtual ns divided by a whole number of ns per tick. */
static uint64_t tick_ns(const struct osi_clock *clock)
{
    uint64_t frequency = atomic_load_explicit(&clock->frequency, memory_order_relaxed);

    return frequency && frequency < NS ? NS / frequency : 1;
}

static void read_realtime(struct osi_clock *clock, struct osi_vclock *v, uint64_t guest,
                          uint64_t host)
{
    int64_t distance = (int64_t)(host - guest);
    int64_t known = atomic_load_explicit(&clock->offset, memory_order_relaxed);

    if (!atomic_load_explicit(&clock->calibrated, memory_order_acquire)) {
        atomic_store_explicit(&clock->offset, distance, memory_order_relaxed);
        atomic_store_explicit(&clock->calibrated, true, memory_order_release);
        return;
    }
    /* The callback comes some time after the read: the least distance is the truest. */
    while (distance < known &&
           !atomic_compare_exchange_weak_explicit(&clock->offset, &known, distance,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
    if (v->window_reads == 0 || distance < v->window_least) {
        v->window_least = distance;
    }
    if (++v->window_reads < WINDOW) {
        return;
    }
    /* A whole window of late reads is no scheduling noise: the machine had been stopped. */
    if (v->window_least > atomic_load_explicit(&clock->offset, memory_order_relaxed) + GROWN_NS) {
        atomic_store_explicit(&clock->offset, v->window_least, memory_order_relaxed);
        atomic_fetch_add_explicit(&clock->recalibrations, 1, memory_order_relaxed);
    }
    v->window_reads = 0;
}

/* Blocks that were left early shift the bias by a few instructions; that is no jump of time. */
static bool is_jump(const struct osi_clock *clock, const struct osi_vclock *v, int64_t low)
{
    int64_t change = low > v->bias_low ? low - v->bias_low : v->bias_low - low;

    return change > (int64_t)(NOISE_INSNS << clock->shift) && change > GROWN_NS;
}

static void read_icount(struct osi_clock *clock, struct osi_vclock *v, uint64_t guest,
                        uint64_t count)
{
    int64_t low = (int64_t)(guest - (count << clock->shift));
    int64_t high = low + (int64_t)tick_ns(clock) - 1;

    if (v->placed && low <= v->bias_high && high >= v->bias_low) {
        v->bias_low = low > v->bias_low ? low : v->bias_low;
        v->bias_high = high < v->bias_high ? high : v->bias_high;
    } else {
        if (v->placed && !v->unsure && is_jump(clock, v, low)) {
            v->jumps++;
        }
        v->bias_low = low;
        v->bias_high = high;
        v->placed = true;
    }
    v->unsure = false;
}

void osi_clock_read(struct osi_clock *clock, struct osi_vclock *v, uint64_t ticks, uint64_t count,
                    uint64_t host)
{
    uint64_t guest = ticks * tick_ns(clock);

    v->reads++;
    v->last_read = guest;
    if (!clock->icount) {
        read_realtime(clock, v, guest, host);
    } else if (clock->shift >= 0) {
        read_icount(clock, v, guest, count);
    } else {
        v->placed = true;
        v->unsure = false;
    }
}

bool osi_clock_wants_read(const struct osi_clock *clock, struct osi_vclock *v)
{
    if (clock->icount || v->reads < WARM_READS) {
        return true;
    }
    if (++v->reads % SPARSE == 0) {
        v->reads--; /* osi_clock_read() counts it again */
        return true;
    }
    return false;
}

void osi_clock_idle(const struct osi_clock *clock, struct osi_vclock *v)
{
    if (clock->icount) {
        v->unsure = true;
    }
}

uint64_t osi_clock_host(const struct osi_clock *clock)
{
    return osi_clock_counts(clock) ? 0 : osi_host_time();
}

uint64_t osi_clock_between(const struct osi_clock *clock, const struct osi_moment *from,
                           const struct osi_moment *to)
{
    uint64_t count = to->count - from->count;

    if (clock->kind == OSI_CLOCK_INSN) {
        return count;
    }
    if (clock->kind == OSI_CLOCK_GUEST && clock->icount && clock->shift >= 0) {
        return count << clock->shift;
    }
    return to->host > from->host ? to->host - from->host : 0;
}

uint64_t osi_clock_of_ticks(const struct osi_clock *clock, uint64_t ticks)
{
    if (clock->kind != OSI_CLOCK_GUEST ||
        !atomic_load_explicit(&clock->frequency, memory_order_relaxed) ||
        ticks > UINT64_MAX / 2 / tick_ns(clock)) { /* far: never */
        return OSI_UNKNOWN_TIME;
    }
    return ticks * tick_ns(clock);
}

static uint64_t icount_time(const struct osi_clock *clock, const struct osi_vclock *v,
                            uint64_t count)
{
    if (clock->shift < 0) {
        return v->last_read;
    }
    int64_t time = (int64_t)(count << clock->shift) + (v->placed ? v->bias_low : 0);

    return time < 0 ? 0 : (uint64_t)time; /* the bias is known to a tick only */
}

uint64_t osi_clock_at(const struct osi_clock *clock, const struct osi_vclock *v, uint64_t count,
                      uint64_t host, bool *exact)
{
    *exact = true;
    switch (clock->kind) {
    case OSI_CLOCK_INSN:
        return count;
    case OSI_CLOCK_HOST:
        return host;
    case OSI_CLOCK_GUEST:
        break;
    }
    if (clock->icount) {
        *exact = v->placed && !v->unsure;
        return icount_time(clock, v, count);
    }
    *exact = atomic_load_explicit(&clock->calibrated, memory_order_acquire);
    return *exact ? host - (uint64_t)atomic_load_explicit(&clock->offset, memory_order_relaxed) : 0;
}
