/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time that a tool asks for: its tick and idle hooks. */
#ifndef OSINSTR_SESSION_TICKS_H
#define OSINSTR_SESSION_TICKS_H

#include <stdbool.h>
#include <stdint.h>

#include "session/pace.h"

struct osi_block;
struct osi_session;
struct osi_vcpu;

/* Of one vCPU. */
struct osi_ticks {
    uint64_t next;      /* what the tool asked for */
    uint64_t last;      /* time of the last call */
    uint64_t asked_time; /* when a time was last asked for */
    int64_t asked_bias; /* of the clock then */
    struct osi_pace paces[OSI_PACE_CELLS];
    uint64_t idle_from, idle_count; /* time and instructions when the wait under way began */
    bool waiting;       /* what runs next has waited */
    bool gap;           /* it may have stopped, or the clock is behind: nothing is learnt about its speed */
    bool behind;        /* the clock, when it was last looked at: it went back */
    bool gave_up;       /* the guest does not look at its counter: times are estimated */
    bool unknown;       /* the tool was told so, and not yet what time it is */
};

/* Attaches to each block, before the tool does, and tells whether it is counted together with others. */
void osi_instrument_ticks(struct osi_session *session, struct osi_block *block);
void osi_ticks_init(struct osi_session *session);
void osi_ticks_start(struct osi_session *session, struct osi_vcpu *vcpu);
/* Another thread of the program has the number of one that ended. Inside osi_enter(). */
void osi_ticks_again(struct osi_session *session, struct osi_vcpu *vcpu);
/* The guest has looked at its counter. Inside osi_enter(). */
void osi_ticks_clock_read(struct osi_session *session, struct osi_vcpu *vcpu);
/* The run has ended: a vCPU that waits has waited until then. */
void osi_ticks_end(struct osi_session *session, struct osi_vcpu *vcpu);

#endif
