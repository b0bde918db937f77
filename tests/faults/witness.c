/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A witness of what a tool must have seen: each switch is one line in DIR/cpuN, handed to the system
 * call before the guest goes on. A second plugin of the same QEMU, loaded in front of the other, since
 * QEMU asks the last one first what to call (plugins/core.c inserts at the list's head): when a line
 * is there, the other plugin has handled the same switch already, whatever kills the process.
 *
 *     NUMBER,PREV_COMM,PREV_PID,PREV_STATE,NEXT_COMM,NEXT_PID
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <osinstr/osinstr.h>

struct shard {
    int fd; /* 0: not open yet */
    unsigned long n;
};

static int witness_of(struct osi_session *session, unsigned vcpu)
{
    char path[4096];
    int fd;

    snprintf(path, sizeof(path), "%s/cpu%u", osi_directory(session), vcpu);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) {
        abort();
    }
    return fd;
}

static void on_event(struct osi_session *session, const struct osi_event *event)
{
    struct shard *shard = osi_shard(session, event->vcpu);
    const struct osi_task *prev = event->sched_switch.prev, *next = event->sched_switch.next;
    char line[160], state[24];
    int length;

    if (!shard->fd) {
        shard->fd = witness_of(session, event->vcpu);
    }
    osi_task_state_text(event->sched_switch.prev_state, state);
    length = snprintf(line, sizeof(line), "%lu,%s,%u,%s,%s,%u\n", shard->n++, prev->comm, prev->pid,
                      state, next->comm, next->pid);
    if (write(shard->fd, line, (size_t)length) != length) {
        abort();
    }
}

static const struct osi_tool tool = {
    .name = "witness",
    .summary = "writes down each switch at once (a test)",
    .needs = OSI_NEED_SYSTEM | OSI_NEED_TASKS | OSI_NEED_CLOCK,
    .events = OSI_EVENT_BIT(OSI_EVENT_SCHED_SWITCH),
    .shard_size = sizeof(struct shard),
    .event = on_event,
};

OSI_PLUGIN(tool)
