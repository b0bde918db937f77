/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sweeps share: random numbers, the same on every run, and what a decoder said. */
#ifndef OSINSTR_TESTS_ARCH_SWEEP_H
#define OSINSTR_TESTS_ARCH_SWEEP_H

#include <stdio.h>
#include <time.h>

#include "osinstr/arch.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NONE OSI_NO_REG
#define SHOWN 20u /* disagreements of a part */
#define SKIPPED 77

/* splitmix64. */
static inline uint32_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (uint32_t)(z >> 32);
}

static inline bool same(const struct osi_decoded *a, const struct osi_decoded *b)
{
    return a->kind == b->kind && a->reg == b->reg && a->imm == b->imm &&
           a->conditional == b->conditional && a->has_target == b->has_target &&
           a->displacement == b->displacement;
}

static inline void print_decoded(const char *who, const struct osi_decoded *d)
{
    printf("  %s: %s reg=%u imm=%u conditional=%d target=%d%+lld\n", who,
           osi_insn_kind_name(d->kind), d->reg, d->imm, d->conditional, d->has_target,
           (long long)d->displacement);
}

static inline void print_kinds(const uint64_t *kinds)
{
    for (int kind = 0; kind < OSI_INSN_KINDS; kind++) {
        if (kinds[kind])
            printf("  %-18s %llu\n", osi_insn_kind_name(kind), (unsigned long long)kinds[kind]);
    }
}

static inline double nanoseconds_since(const struct timespec *start)
{
    struct timespec end;

    clock_gettime(CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - start->tv_sec) * 1e9 + (double)(end.tv_nsec - start->tv_nsec);
}

#endif
