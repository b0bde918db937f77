/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Task switches of a Linux guest, and the state in which a task leaves its CPU. */
#include <string.h>

#include "guest/linux-internal.h"

/* __state bits, include/linux/sched.h, unchanged from 5.14 to 6.12. */
#define REPORTED 0x7f
#define TASK_DEAD 0x80
#define TASK_WAKING 0x200
#define TASK_NOLOAD 0x400
#define TASK_RTLOCK_WAIT 0x1000
#define TASK_FROZEN 0x8000
#define TASK_IDLE (TASK_NOLOAD | OSI_STATE_UNINTERRUPTIBLE)
#define SM_PREEMPT 1

/* The value that the tracepoint reports for a task that gives up the CPU in this state
 * (__task_state_index(), include/linux/sched.h). */
static uint32_t reported(uint32_t state, uint32_t exit_state)
{
    uint32_t bits = (state | exit_state) & REPORTED;

    if ((state & TASK_IDLE) == TASK_IDLE) {
        return OSI_STATE_IDLE;
    }
    if (state & (TASK_RTLOCK_WAIT | TASK_FROZEN)) {
        return OSI_STATE_UNINTERRUPTIBLE;
    }
    return bits ? 1u << (31 - __builtin_clz(bits)) : 0;
}

/* At the switch another CPU may already be waking prev, so its state is the one that it had when it
 * entered __schedule(), unless it did not block at all: then the kernel counted an involuntary
 * switch, nvcsw stood still. */
static uint32_t prev_state(const struct osi_scene *s, struct osi_linux_task *prev, uint32_t state,
                           uint32_t exit_state, uint64_t voluntary)
{
    bool blocked = prev->counted ? voluntary != prev->voluntary : state != 0;

    prev->voluntary = voluntary;
    prev->counted = true;
    if (!s->vcpu->entered) {
        if (state == TASK_WAKING) {
            return OSI_STATE_UNKNOWN;
        }
        return blocked ? reported(state, exit_state) : OSI_STATE_PREEMPTED;
    }
    s->vcpu->entered = false;
    if (s->vcpu->mode == SM_PREEMPT) {
        return OSI_STATE_PREEMPTED;
    }
    if (!s->vcpu->state_known) {
        return state == TASK_WAKING ? OSI_STATE_UNKNOWN : reported(state, exit_state);
    }
    if (!blocked || (state == 0 && s->guest->late_signal)) {
        return OSI_STATE_RUNNING;
    }
    if (s->vcpu->entry_state == TASK_DEAD && exit_state != s->vcpu->entry_exit) {
        return OSI_STATE_UNKNOWN; /* its parent reaped it meanwhile: before or after the report? */
    }
    return reported(s->vcpu->entry_state, exit_state);
}

/* __schedule(sched_mode): remember why, and the state that the task leaves with. */
void osi_on_schedule(struct osi_session *session, unsigned index, void *data)
{
    struct osi_scene s = osi_scene(data, session, index);
    uint64_t mode;

    s.vcpu->entered = osi_scene_argument(&s, 0, &mode);
    s.vcpu->state_known = s.vcpu->running &&
                          osi_scene_read32(&s, s.vcpu->running->task.address + s.guest->at.state,
                                           &s.vcpu->entry_state);
    s.vcpu->mode = s.vcpu->entered ? (int32_t)mode : 0;
    s.vcpu->entry_exit = 0;
    if (s.vcpu->state_known && s.vcpu->entry_state == TASK_DEAD) {
        osi_scene_read32(&s, s.vcpu->running->task.address + s.guest->at.exit_state,
                         &s.vcpu->entry_exit);
    }
}

static uint32_t field32(const uint8_t *span, const struct osi_task_offsets *at, uint32_t offset)
{
    uint32_t value;

    memcpy(&value, span + offset - at->first, sizeof(value));
    return value;
}

/* cpu_switch_to(prev, next) */
void osi_on_switch(struct osi_session *session, unsigned index, void *data)
{
    struct osi_scene s = osi_scene(data, session, index);
    const struct osi_task_offsets *at = &s.guest->at;
    struct osi_event event = { .kind = OSI_EVENT_SCHED_SWITCH };
    struct osi_linux_task *prev, *next;
    uint64_t from, to, voluntary;
    uint8_t span[OSI_MAX_SPAN];
    uint32_t next_prio;

    if (!osi_scene_argument(&s, 0, &from) || !osi_scene_argument(&s, 1, &to)) {
        return;
    }
    prev = osi_scene_task(&s, from);
    next = osi_scene_task(&s, to);
    if (!prev || !next ||
        osi_host_read_memory(s.guest->host, from + at->first, span, at->last - at->first) ||
        !osi_scene_read32(&s, to + at->prio, &next_prio)) {
        s.vcpu->unreadable++;
        return;
    }
    if (s.vcpu->entered && s.vcpu->running != prev) {
        s.vcpu->state_known = false; /* it was read from another task */
    }
    memcpy(&voluntary, span + at->nvcsw - at->first, sizeof(voluntary));
    event.sched_switch.prev = &prev->task;
    event.sched_switch.next = &next->task;
    event.sched_switch.prev_prio = (int32_t)field32(span, at, at->prio);
    event.sched_switch.next_prio = (int32_t)next_prio;
    event.sched_switch.prev_state = prev_state(&s, prev, field32(span, at, at->state),
                                               field32(span, at, at->exit_state), voluntary);
    s.guest->client->switching(session, index);
    s.vcpu->running = next;
    atomic_store_explicit(&s.vcpu->current, &next->task, memory_order_release);
    osi_scene_happened(&s, &event);
}
