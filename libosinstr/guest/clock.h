/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three clocks: what time is it on this vCPU?
 *
 * guest  what the guest's counter reads, in ns. No host call tells it, so each read
 *        that the guest itself makes is a calibration:
 *        - without icount the counter follows the host's monotonic clock, so the
 *          least (host - guest) seen is their distance;
 *        - with icount (one vCPU) the counter is instructions << shift plus a bias
 *          that changes only while the vCPU is idle. Each read bounds the bias to one
 *          counter tick; the bounds of several reads intersect.
 * insn   instructions executed by this vCPU.
 * host   CLOCK_MONOTONIC in ns.
 *
 * A clock is shared by all vCPUs, a vclock belongs to one vCPU's thread.
 */
#ifndef OSINSTR_CLOCK_H
#define OSINSTR_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <osinstr/session.h>

struct osi_clock {
    enum osi_clock_kind kind;
    bool icount;
    int shift;             /* log2 of ns per instruction; -1: not fixed (shift=auto) */
    _Atomic uint64_t frequency; /* of the counter, Hz; 0 until known */
    atomic_bool calibrated;
    _Atomic int64_t offset; /* host - guest, ns, without icount */
    _Atomic uint64_t recalibrations; /* the guest was stopped, or its time jumped */
};

struct osi_vclock {
    uint64_t reads;
    /* without icount: least distance in the current window of reads */
    int64_t window_least;
    unsigned window_reads;
    /* with icount */
    bool placed;            /* bias_low/high hold */
    bool unsure;            /* idle since the last read: the bias may have changed */
    int64_t bias_low, bias_high; /* inclusive bounds, ns */
    uint64_t last_read;     /* ns, for shift=auto */
    uint64_t jumps;         /* bias changed although the vCPU was not idle */
};

/* When something happened, before it is turned into a time. */
struct osi_moment {
    uint64_t count; /* instructions, if they are counted */
    uint64_t host;  /* CLOCK_MONOTONIC, if the clock needs it; shift=auto: the last counter read */
};

void osi_clock_init(struct osi_clock *clock, enum osi_clock_kind kind, bool icount, int shift);

/* Must instructions be counted for this clock? */
bool osi_clock_counts(const struct osi_clock *clock);
/* Is it worth looking at the guest's counter reads? */
bool osi_clock_calibrates(const struct osi_clock *clock);

/* CLOCK_MONOTONIC, ns. */
uint64_t osi_host_time(void);

/* The guest read `ticks` from its counter. `count`: instructions so far, the read included;
 * `host`: the host's time just after. */
void osi_clock_read(struct osi_clock *clock, struct osi_vclock *v, uint64_t ticks, uint64_t count,
                    uint64_t host);
/* Cheap filter: after many reads most need not be looked at. */
bool osi_clock_wants_read(const struct osi_clock *clock, struct osi_vclock *v);
/* The vCPU goes idle. */
void osi_clock_idle(const struct osi_clock *clock, struct osi_vclock *v);

/* Does a time need the host's clock? If not, osi_clock_host() is 0 and costs nothing. */
uint64_t osi_clock_host(const struct osi_clock *clock);
/* From one moment to a later one of the same vCPU, not idle in between: exact also while the guest's
 * time is not. */
uint64_t osi_clock_between(const struct osi_clock *clock, const struct osi_moment *from,
                           const struct osi_moment *to);
/* The counter's value as a time of this clock; OSI_UNKNOWN_TIME if the two are not comparable. */
uint64_t osi_clock_of_ticks(const struct osi_clock *clock, uint64_t ticks);

/* Time at instruction count `count` and host time `host`. *exact: false for an estimate. */
uint64_t osi_clock_at(const struct osi_clock *clock, const struct osi_vclock *v, uint64_t count,
                      uint64_t host, bool *exact);

#endif
