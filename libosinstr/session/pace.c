/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells that blocks add to, where QEMU's own test lets the vCPU call once a cell has reached a limit.
 *
 * With a clock that counts instructions the cell does too, and so the call comes at the very block. Otherwise
 * time and work are only loosely tied, so cells are set to what probably fits into half of the time that is left,
 * all of them together, and so on, until it is time. How much that is, is learnt for each cell on its own; where
 * both counted, each seems slower than it is, and the call comes earlier. */
#include "host/host.h"
#include "session/internal.h"
#include "session/pace.h"

/* In a nanosecond, before any are known: few, so that the first look comes early. */
#define FIRST_RATE 0.001

/* Between two looks at a clock that does not count instructions, at least. */
static const uint64_t least[OSI_PACE_CELLS] = { [OSI_PACE_BLOCKS] = 16, [OSI_PACE_COUNTED] = 128 };

bool osi_pace_is_exact(const struct osi_session *session)
{
    return osi_clock_counts(&session->clock) && (!session->clock.icount || session->clock.shift >= 0 ||
                                                 session->clock.kind == OSI_CLOCK_INSN);
}

static double first_rate(const struct osi_session *session)
{
    if (session->clock.kind == OSI_CLOCK_INSN) {
        return 1;
    }
    return osi_pace_is_exact(session) ? 1.0 / (double)(1ull << session->clock.shift) : FIRST_RATE;
}

static uint64_t *cells_of(const struct osi_session *session, const struct osi_vcpu *vcpu)
{
    return osi_host_cells_of(session->ticks, vcpu->index);
}

/* A clock that counts instructions needs all of them in one cell. */
enum osi_pace_cell osi_pace_cell_of(const struct osi_session *session, bool counted)
{
    bool all = session->tool->needs & OSI_NEED_COUNT_ALL;

    return counted && (all || !osi_clock_counts(&session->clock)) ? OSI_PACE_COUNTED : OSI_PACE_BLOCKS;
}

bool osi_pace_is_due(const struct osi_session *session, const struct osi_vcpu *vcpu)
{
    const uint64_t *cells = cells_of(session, vcpu);

    return cells[OSI_PACE_BLOCKS] >= OSI_PACE_LIMIT ||
           (cells[OSI_PACE_COUNTED] >= OSI_PACE_LIMIT && osi_pace_cell_of(session, true) == OSI_PACE_COUNTED);
}

static void set(struct osi_session *session, struct osi_vcpu *vcpu, enum osi_pace_cell cell, uint64_t budget)
{
    struct osi_pace *pace = &vcpu->ticks.paces[cell];

    pace->start = OSI_PACE_LIMIT - MIN(budget, OSI_PACE_LIMIT);
    cells_of(session, vcpu)[cell] = pace->start;
}

void osi_pace_set(struct osi_session *session, struct osi_vcpu *vcpu, uint64_t budget)
{
    for (enum osi_pace_cell i = 0; i < OSI_PACE_CELLS; i++) {
        set(session, vcpu, i, budget);
    }
}

void osi_pace_start(struct osi_session *session, struct osi_vcpu *vcpu)
{
    for (enum osi_pace_cell i = 0; i < OSI_PACE_CELLS; i++) {
        vcpu->ticks.paces[i].rate = first_rate(session);
    }
    osi_pace_set(session, vcpu, 0);
}

void osi_pace_note(struct osi_session *session, struct osi_vcpu *vcpu)
{
    const uint64_t *cells = cells_of(session, vcpu);

    for (enum osi_pace_cell i = 0; i < OSI_PACE_CELLS; i++) {
        vcpu->ticks.paces[i].progress += cells[i] - vcpu->ticks.paces[i].start;
        vcpu->ticks.paces[i].start = cells[i];
    }
}

void osi_pace_learn(struct osi_vcpu *vcpu, uint64_t time)
{
    for (enum osi_pace_cell i = 0; i < OSI_PACE_CELLS; i++) {
        struct osi_pace *pace = &vcpu->ticks.paces[i];

        if (pace->progress > pace->asked_at) {
            pace->rate = (double)(pace->progress - pace->asked_at) / (double)time;
        }
    }
}

/* What part of the time that is left a cell may take. */
static double part_of(const struct osi_session *session)
{
    bool both = session->tool->needs & OSI_NEED_COUNT_USER && osi_pace_cell_of(session, true) == OSI_PACE_COUNTED;

    return osi_pace_is_exact(session) ? 1 : both ? 0.25 : 0.5;
}

void osi_pace_ask(struct osi_session *session, struct osi_vcpu *vcpu, uint64_t left)
{
    bool counts = osi_clock_counts(&session->clock);
    double part = part_of(session);

    for (enum osi_pace_cell i = 0; i < OSI_PACE_CELLS; i++) {
        struct osi_pace *pace = &vcpu->ticks.paces[i];
        double fits = (double)left * pace->rate * part;

        pace->asked_at = pace->progress;
        set(session, vcpu, i, MAX((uint64_t)MIN(fits, OSI_PACE_LIMIT), counts ? 1 : least[i]));
    }
}

uint64_t osi_pace_total(const struct osi_session *session, const struct osi_vcpu *vcpu, enum osi_pace_cell cell)
{
    const struct osi_pace *pace = &vcpu->ticks.paces[cell];

    return pace->progress + cells_of(session, vcpu)[cell] - pace->start;
}
