/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session from inside: what its files share.
 *
 *   session.c     life: install, exit, stop; set-up.c: what can be refused
 *   instrument.c  at translation: what to attach where; instrument-irq.c: for interrupts,
 *                 instrument-flow.c: for calls
 *   irq-calls.c, irq-places.c  what runs at the places of interrupts, and what they are called
 *   hooks.c       guest functions by run-time address
 *   events.c      from the guest modules to the tool and the trace
 *   api.c         the public calls that look something up
 */
#ifndef OSINSTR_SESSION_INTERNAL_H
#define OSINSTR_SESSION_INTERNAL_H

#include <glib.h>
#include <limits.h>
#include <stdatomic.h>

#include <osinstr/block.h>
#include <osinstr/osinstr.h>

#include "guest/clock.h"
#include "guest/irq.h"
#include "guest/linux.h"
#include "host/command-line.h"
#include "host/host.h"
#include "session/codes.h"
#include "session/contexts.h"
#include "session/directory.h"
#include "session/functions.h"
#include "session/hooks.h"
#include "session/labels.h"
#include "session/options.h"
#include "session/ticks.h"

#define OSI_ROUND_ROBIN_TEXT \
    "several vCPUs on one thread (-smp with -icount or thread=single) can't be observed: QEMU mixes " \
    "up vCPUs there and its inline operations corrupt the guest; use -smp 1, or leave icount off"
#define OSI_MAX_VCPUS 1024
#define OSI_MAX_DEFERRED 256
#define OSI_MAX_ARGUMENTS 8
#define OSI_MAX_BLOCK 512 /* QEMU's own limit of instructions in a block */

/* An event or a tool's call whose time is known only at the guest's next counter read. */
struct osi_deferred {
    struct osi_event event;
    osi_timed_fn fn; /* NULL: an event */
    uint64_t data;
    uint64_t count;
};

#define OSI_MAX_CALLERS 64 /* a power of two */

/* A place by its address, remembered. */
struct osi_caller {
    uint64_t address;
    uint64_t base; /* of the kernel that it was a place of */
    const struct osi_label *label;
    bool helper; /* it only masks for its own caller */
};

/* Everything that belongs to one vCPU's thread. */
struct osi_vcpu {
    struct osi_session *session;
    unsigned index;
    atomic_bool busy;      /* inside an event; exit waits for it */
    unsigned remaining;    /* of the block, for the callback that runs */
    uint64_t host_time;    /* of the callback that runs; 0: not asked for yet */
    struct osi_context *context; /* that runs */
    uint64_t *cells;       /* of session->insns; NULL: they can move */
    _Atomic(struct osi_calls *) follow; /* see flow.c */
    uint32_t *called;      /* session->called */
    /* A cache line so far. */
    uint8_t reading;       /* 1 + number of the register that a counter read just filled */
    uint64_t reading_count;
    uint64_t last_time;
    struct osi_vclock clock;
    struct osi_ticks ticks;
    struct osi_linux_vcpu guest;
    struct osi_irq_vcpu irq;
    struct osi_caller callers[OSI_MAX_CALLERS];
    struct osi_irqtrack *irqtrack; /* events as delivered */
    void *shard;
    bool told;             /* QEMU told of an exception before it was taken, from here: */
    uint64_t told_from;
    unsigned n_deferred;
    struct osi_deferred *deferred;
    uint64_t end_time;     /* valid once the session has finished */
    uint64_t late; /* events whose time could only be estimated */
};

/* A place where a callback was attached that must know how much of the block remains. */
struct osi_site {
    struct osi_session *session;
    unsigned remaining;
    uint8_t reg;
};

/* See osinstr/window.h. */
struct osi_window {
    const char *from, *to, *task; /* NULL: not asked for */
    GMutex lock;   /* for changing it */
    atomic_bool open;
    atomic_uint changes;
};

struct osi_session {
    /* What each event looks at: close together. */
    const struct osi_tool *tool;
    struct osi_window window;
    atomic_bool ended;       /* no event is taken any more */
    atomic_uint translating; /* threads that look at a block just now */
    bool rare_barrier;       /* see events.c */
    _Atomic(struct osi_vcpu *) vcpus[OSI_MAX_VCPUS];

    struct osi_options *options;
    struct osi_directory directory;
    FILE *messages;
    struct osi_command_line command_line;
    struct osi_host *host;
    const struct osi_arch *arch;
    struct osi_trace_writer *trace;
    void *data;

    struct osi_clock clock;
    bool clock_reads;        /* the guest's counter reads are looked at */
    struct osi_cells *insns; /* enum in flow.h: instructions per vCPU, if anybody needs them */
    struct osi_cells *ticks; /* of pace.c; NULL: the tool asks for no time and lets nothing be counted together */
    _Atomic uint64_t start_time; /* the host's, of ticks.c; 0: not yet */
    bool flow_kernel_only;
    unsigned flow_slot;      /* of flow.c */
    uint32_t *called;        /* by code id: what osi_code_called() said; 0: not asked yet */
    struct osi_linux *guest; /* NULL: the tool doesn't need tasks */
    struct osi_hooks *hooks;
    struct osi_irq *irq;     /* NULL: the tool wants no interrupts */
    struct osi_irq_places *irq_places;
    struct osi_labels *labels;
    struct osi_codes *codes;
    struct osi_contexts *contexts;
    struct osi_functions *functions;
    struct osi_texts *texts; /* NULL: the tool needs no disassembly */
    void *shards[OSI_MAX_VCPUS]; /* by vCPU, for osi_shards() */

    atomic_uint events;      /* OSI_EVENT_BITs that are on */
    atomic_uint n_vcpus;
    /* Registers by number or role, found once. */
    const struct osi_host_register *general[32], *arguments[OSI_MAX_ARGUMENTS], *link, *frame;
    const struct osi_host_register *counter_freq;
    GThread *first_thread;   /* of vCPU 0, to notice round-robin */
    pid_t process;           /* that loaded the plugin */

    GMutex lock;             /* for the rare things below */
    GHashTable *sites;       /* struct osi_site by (register, remaining) */
    GHashTable *hook_sites;  /* by (hook, remaining) */
    bool finished;
    bool uninstrumented;     /* nothing of it is left in QEMU */
    atomic_bool stopping;    /* osi_stop() was called */
    unsigned wanted;         /* enum osi_arch_feature that the tool and its options need */
};

static inline struct osi_vcpu *osi_vcpu(const struct osi_session *session, unsigned index)
{
    return index < OSI_MAX_VCPUS
               ? atomic_load_explicit(&session->vcpus[index], memory_order_acquire)
               : NULL;
}

/* The place of a callback that comes before the next instruction, whose block is not counted yet. */
#define OSI_BEFORE_NEXT UINT_MAX

/* window.c */
void osi_window_init(struct osi_session *session);
void osi_instrument_window(struct osi_session *session, struct osi_block *block);

/* instrument-irq.c */
struct osi_irq_places *osi_irq_places_new(struct osi_session *session);
void osi_irq_places_free(struct osi_irq_places *places);
/* `before`: the instruction in memory before the block. */
void osi_instrument_irq(struct osi_session *session, struct osi_block *block,
                        const struct osi_decoded *before);
void osi_discontinuity(struct osi_session *session, unsigned vcpu, uint64_t from, uint64_t to);
extern const struct osi_irq_client osi_session_irq_client;

/* instrument.c */
void osi_instrument(struct osi_session *session, struct osi_host_block *block);
struct osi_site *osi_site(struct osi_session *session, uint8_t reg, unsigned remaining);
uint64_t osi_insn_count(const struct osi_session *session, const struct osi_vcpu *vcpu,
                        unsigned remaining);

/* events.c */
/* The host's time as the session's clock needs it, once per callback. */
uint64_t osi_callback_time(struct osi_session *session, struct osi_vcpu *vcpu);
/* Brackets everything that a vCPU does on behalf of the session; false: the session has ended.
 *
 * Each vCPU raises its own flag, then looks whether the session has ended; the end is
 * announced, then waits for the flags. One of the two must see the other: either each has a memory
 * barrier in between, or the end, which is rare, makes all threads pass one (membarrier(2)), which
 * spares the vCPUs 5 ns at each event. */
static inline bool osi_enter(struct osi_vcpu *vcpu)
{
    if (vcpu->session->rare_barrier) {
        atomic_store_explicit(&vcpu->busy, true, memory_order_relaxed);
        atomic_signal_fence(memory_order_seq_cst);
    } else {
        atomic_store(&vcpu->busy, true);
    }
    vcpu->host_time = 0;
    if (atomic_load_explicit(&vcpu->session->ended, memory_order_relaxed)) {
        atomic_store_explicit(&vcpu->busy, false, memory_order_release);
        return false;
    }
    return true;
}

void osi_prepare_barrier(struct osi_session *session);
static inline void osi_leave(struct osi_vcpu *vcpu)
{
    atomic_store_explicit(&vcpu->busy, false, memory_order_release);
}

/* Waits until no vCPU is inside or translates, at most a second. */
void osi_end_events(struct osi_session *session);
/* Takes an event that happens now, with event->time unset. */
void osi_happened(struct osi_session *session, struct osi_vcpu *vcpu, struct osi_event *event);
/* The guest's clock is sure again: events that waited for it go on. */
void osi_release_deferred(struct osi_session *session, struct osi_vcpu *vcpu);

/* "guest", "insn" or "host": what the times of the trace are. */
const char *osi_clock_text(const struct osi_session *session);
/* The native trace's schema for the library's own events. */
int osi_open_trace(struct osi_session *session, struct osi_error *err);

/* set-up.c: 0, or -errno and a sentence. */
int osi_set_up(struct osi_session *session, struct osi_error *err);

/* session.c */
void osi_finish(struct osi_session *session);
void osi_abort_run(struct osi_session *session, const char *text) __attribute__((noreturn));

#endif
