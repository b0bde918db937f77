/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_tool: what a plugin is, stated as data.
 *
 * A tool states its options, what it needs and which events it wants; the library
 * parses and documents the options, refuses what can't work, finds the guest's
 * kernel, keeps one shard per vCPU, writes the trace and the report, and survives
 * full disks and killed processes.
 *
 * Two speeds: the block hook attaches counters that run without a call; the
 * event hook is called for rare things on the vCPU's own thread, with that vCPU's
 * shard, so it takes no locks. vCPUs run concurrently: a hook must not touch
 * another vCPU's shard.
 */
#ifndef OSINSTR_TOOL_H
#define OSINSTR_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/error.h>
#include <osinstr/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_session;
struct osi_event_type;
struct osi_block;
struct osi_code;
struct osi_context;
struct osi_flow;
struct osi_report;

enum osi_option_kind {
    OSI_OPTION_TEXT,
    OSI_OPTION_COUNT,  /* 0, 1, …; suffixes k, M, G */
    OSI_OPTION_TIME,   /* 50us, 2ms, 1s; a bare number is ns */
    OSI_OPTION_SWITCH, /* on, off, yes, no, true, false, 1, 0 */
    OSI_OPTION_CHOICE, /* one of `choices` */
    OSI_OPTION_LIST,   /* texts: the option may be given several times; read as one, with commas */
};

struct osi_option {
    const char *name;
    enum osi_option_kind kind;
    const char *fallback; /* the value when not given, NULL: none */
    const char *choices;  /* for CHOICE: "a|b|c" */
    const char *help;     /* one line */
};

enum osi_need {
    OSI_NEED_SYSTEM = 1 << 0, /* a whole machine, not one user program */
    OSI_NEED_TASKS = 1 << 1,  /* a guest kernel whose tasks are understood; the calls
                                 about the kernel (osi_hook(), osi_symbol_address(),
                                 osi_kernel_known(), …) need this */
    OSI_NEED_CLOCK = 1 << 2,  /* times of events; without it events carry time 0 */
    OSI_NEED_DECODE = 1 << 3, /* instruction kinds */
    OSI_NEED_FUNCTIONS = 1 << 5, /* functions by name, of whatever runs: a Linux kernel, whose tasks
                                 are then followed as if OSI_NEED_TASKS were stated, a bare-metal
                                 program, a user program. What has no symbols is no error */
    OSI_NEED_FLOW = 1 << 6,   /* calls, returns and exceptions: the flow hook */
    OSI_NEED_TEXT = 1 << 7,   /* osi_code_text(); where capstone doesn't know the target, QEMU is asked at
                                 the price of 3 us for each instruction of new code */
    OSI_NEED_EXCEPTIONS = 1 << 9, /* of the flow hook only OSI_FLOW_ENTER: little cost */
    OSI_NEED_OWN_CLOCK = 1 << 8,  /* the tool's records carry times of its own: instructions that
                                     the vCPU executed; the option clock means nothing, and events
                                     get their time from the time hook */
    OSI_NEED_OWN_TICKS = 1 << 10, /* the tool says itself when to look at the clock: osi_tick(). Unless the
                                     clock counts instructions, no block is tested for that */
    OSI_NEED_COUNT_USER = 1 << 11, /* the library counts the instructions of user code together, under a kernel
                                      that is known (OSI_NEED_TASKS, OSI_NEED_FUNCTIONS): osi_counted(). Ticks
                                      cost less there, unless the clock counts instructions */
    OSI_NEED_COUNT_ALL = 1 << 12,  /* the same of all code, under whatever; ticks cost less with any clock */
    OSI_NEED_EXACT = 1 << 4,  /* with icount: times right to the instruction also just after device
                                 accesses and faults, at the price of more counting; without it
                                 times there can be late by the rest of one block until the guest
                                 next reads its counter */
};

struct osi_tool {
    const char *name;    /* "sched"; also the prefix of messages */
    const char *summary; /* one line for help */
    const struct osi_option *options; /* own options, ended by a NULL name; may be NULL */
    unsigned needs;      /* enum osi_need */
    unsigned events;     /* OSI_EVENT_BIT(…) of the events wanted, on from the start */
    bool trace;          /* record these events in the native trace (unless trace=off), each after
                            the event hook ran */
    /* Event types of the tool's own, *n of them: osi_record(). NULL: none. */
    const struct osi_event_type *(*trace_types)(size_t *n);
    size_t shard_size;   /* bytes of zeroed private memory per vCPU */
    size_t code_size;    /* the same for each code object (osinstr/code.h) */
    size_t context_size; /* the same for each thread of execution (osinstr/context.h) */

    /* A tool with an option of kind CHOICE, called "mode" or as mode_option says: what it is in each, in
     * the order of the choices, all with the same name and options. NULL: it has one mode only, itself. */
    const struct osi_tool *const *modes;
    const char *mode_option;
    /* Options are known, nothing is set up: what it is then, with the same name and options. NULL: itself.
     * Not asked again of what it returns. */
    const struct osi_tool *(*variant)(const struct osi_session *session);

    /* All hooks may be NULL. */

    /* Options are known, the guest has not run. Non-zero (with *err set) refuses to start. */
    int (*start)(struct osi_session *session, struct osi_error *err);
    /* The guest's kernel and where it runs are known, before most of it ran: the place for
     * osi_hook(). On a vCPU's thread; called again after a reboot of the guest. */
    void (*ready)(struct osi_session *session);
    /* A block of guest code was translated: attach to it (osinstr/block.h). Any vCPU's thread,
     * several at once; the same code can come many times. */
    void (*block)(struct osi_session *session, struct osi_block *block);
    /* Code is seen for the first time, before its first block hook: fill code->data. Under a lock. */
    void (*code)(struct osi_session *session, const struct osi_code *code);
    /* Another context runs on this vCPU: `prev` (NULL: the vCPU starts) up to here, `next` from here
     * on. Both are the same: it has a new name. vCPU thread. */
    void (*run)(struct osi_session *session, unsigned vcpu, struct osi_context *prev,
                struct osi_context *next);
    /* The task that runs made another one, which has not run yet. vCPU thread. */
    void (*fork)(struct osi_session *session, unsigned vcpu, struct osi_context *parent,
                 struct osi_context *child);
    /* Control went from one function to another, or an exception came or returned
     * (osinstr/flow.h). vCPU thread; frequent: no locks, no allocation. */
    void (*flow)(struct osi_session *session, const struct osi_flow *flow);
    /* A block begins on this vCPU at or after the time that the hook asked for last (at first: 0); this
     * block is not counted yet. Returns the time that it asks for now. Some time later than asked
     * for unless the clock counts instructions (icount, clock=insn): the first block that may begin a loop
     * once more, or, with OSI_NEED_OWN_TICKS, the next osi_tick(). OSI_NONE is a time that is not known
     * yet: the vCPU has been waiting, and what comes from here on belongs to the time that the next call
     * tells. With the host's clock, and until the guest first looks at its counter, times count from the
     * start of the run; a target whose counter is not known has the host's clock. vCPU thread. */
    uint64_t (*tick)(struct osi_session *session, unsigned vcpu, uint64_t time);
    /* With OSI_NEED_OWN_TICKS: the vCPU waits or may stop for a time; osi_tick() should come soon after. vCPU
     * thread. */
    void (*hurry)(struct osi_session *session, unsigned vcpu);
    /* The vCPU has been waiting for an interrupt. vCPU thread; before the tick that is due then. */
    void (*idle)(struct osi_session *session, unsigned vcpu, uint64_t from, uint64_t to);
    /* With OSI_NEED_OWN_CLOCK: what time it is on a vCPU. vCPU thread. */
    uint64_t (*time)(struct osi_session *session, unsigned vcpu);
    /* Something happened. The event and its tasks are valid during the call (tasks: until the
     * end of the session). Events of one vCPU come in order. */
    void (*event)(struct osi_session *session, const struct osi_event *event);
    /* The window that the options from and to make (osinstr/window.h) was opened or closed, by a vCPU
     * and on its thread. */
    void (*window)(struct osi_session *session, unsigned vcpu, bool open);
    /* The run ended: state what was found. No other hook runs any more. */
    void (*report)(struct osi_session *session, struct osi_report *report);
    /* Free what start allocated. */
    void (*stop)(struct osi_session *session);
};

#ifdef __cplusplus
}
#endif
#endif
