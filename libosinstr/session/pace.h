/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast a vCPU goes, and when it is to look at a clock: for ticks.c. */
#ifndef OSINSTR_SESSION_PACE_H
#define OSINSTR_SESSION_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct osi_session;
struct osi_vcpu;

/* What a cell counts up to: fits into the operand of a comparison. */
#define OSI_PACE_LIMIT (1u << 30)

/* Cells of a vCPU that blocks add to. */
enum osi_pace_cell {
    OSI_PACE_BLOCKS,  /* 1 for each tested block; its instructions, if the clock counts those */
    OSI_PACE_COUNTED, /* instructions of blocks that are counted together (OSI_NEED_COUNT_USER, ..._ALL) */
    OSI_PACE_CELLS,
};

/* Of one vCPU and cell. */
struct osi_pace {
    uint64_t start;    /* where the cell was when it was last set or looked at */
    uint64_t progress; /* all that it counted until then */
    uint64_t asked_at; /* progress when time was last asked for */
    double rate;       /* progress in a unit of time */
};

/* Does the clock follow from the count alone? Else it is looked at again and again until it is time. */
bool osi_pace_is_exact(const struct osi_session *session);
/* Which one a block is tested for that is, or is not, counted together with others. */
enum osi_pace_cell osi_pace_cell_of(const struct osi_session *session, bool counted);
/* Has a cell that blocks are tested for reached its limit? */
bool osi_pace_is_due(const struct osi_session *session, const struct osi_vcpu *vcpu);
/* Before the vCPU runs. */
void osi_pace_start(struct osi_session *session, struct osi_vcpu *vcpu);
/* Notes what the cells counted. */
void osi_pace_note(struct osi_session *session, struct osi_vcpu *vcpu);
/* It took so long, not 0, since time was last asked for. After osi_pace_note(). */
void osi_pace_learn(struct osi_vcpu *vcpu, uint64_t time);
/* To call when so much time is over, rather before. After osi_pace_note(). */
void osi_pace_ask(struct osi_session *session, struct osi_vcpu *vcpu, uint64_t left);
/* To call after so much progress. After osi_pace_note(). */
void osi_pace_set(struct osi_session *session, struct osi_vcpu *vcpu, uint64_t budget);
/* All that a cell counted. */
uint64_t osi_pace_total(const struct osi_session *session, const struct osi_vcpu *vcpu, enum osi_pace_cell cell);

#endif
