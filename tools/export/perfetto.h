/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export perfetto: what its files share.
 *
 * perfetto-file.c   packets, deflated some hundred thousand bytes at a time
 * perfetto-tracks.c slices on tracks of our own: interned names, a clock of differences
 * perfetto-tasks.c  tasks as Perfetto knows them
 * perfetto-linux.c  events of Linux, as ftrace has them, in bundles for each CPU
 * perfetto-generic.c  task switches of any other kernel
 * perfetto-irq.c    interrupts and masked sections, one track per CPU each
 * perfetto-path.c   function calls of a recorded path; callslices.c finds them
 * perfetto-stages.c the names of its tasks
 *
 * Perfetto sorts what it reads by time, and keeps the order of the file only where times are equal.
 * So each track and each CPU's bundles are written in order; among each other they need not be.
 */
#ifndef TOOLS_EXPORT_PERFETTO_H
#define TOOLS_EXPORT_PERFETTO_H

#include "export.h"
#include "proto.h"

/* ---- perfetto-file.c ---- */
struct pf_file;

struct pf_file *pf_file_new(struct out *out, bool compress);
/* Writes what is left. False: zlib failed (memory). */
bool pf_file_free(struct pf_file *file);
/* The packet that is written now; one at a time. */
struct proto *pf_packet(struct pf_file *file);
void pf_packet_end(struct pf_file *file);

/* ---- perfetto-tracks.c ---- */
/* Arguments of slices. */
enum pf_arg {
    PF_ARG_HWIRQ = 1,
    PF_ARG_DELAY,
    PF_ARG_USER,
    PF_ARG_SWITCHED,
    PF_ARG_MASKED_AT,
    PF_ARG_UNMASKED_AT,
    PF_ARG_IDLE,
    PF_ARG_IRQ,
    PF_ARG_FOUND,
    PF_ARGS
};

/* What a track's events have in common. Names have numbers, which whoever names gives, and are
 * told once. */
struct pf_sequence {
    struct pf_file *file;
    uint32_t id;          /* 0: not begun */
    uint64_t track, time; /* of the last event */
    GByteArray *names, *texts, *args; /* a bit for each number that was told */
    struct proto new_data; /* names to be told with this packet */
    struct proto *packet;  /* NULL: none under way */
    size_t message, event; /* proto_begin() of them */
};

/* The first track of a sequence; it is the one of events that name no other. */
void pf_sequence_begin(struct pf_sequence *sequence, struct pf_file *file, uint32_t id,
                       uint64_t track, const char *name);
void pf_sequence_clear(struct pf_sequence *sequence);
/* Another track of its events, below the first one. */
void pf_track(struct pf_sequence *sequence, uint64_t track, const char *name);

enum pf_event { PF_BEGIN = 1, PF_END = 2, PF_INSTANT = 3 };

/* An event: pf_event_begin(), what else is to be said, pf_event_end(). */
void pf_event_begin(struct pf_sequence *sequence, uint64_t track, enum pf_event type,
                    uint64_t time);
/* `name` counts the first time that the number is used, and may be NULL later: pf_has_name(). */
void pf_event_name(struct pf_sequence *sequence, uint32_t number, const char *name);
void pf_event_number(struct pf_sequence *sequence, enum pf_arg arg, uint64_t value);
void pf_event_flag(struct pf_sequence *sequence, enum pf_arg arg);
void pf_event_text(struct pf_sequence *sequence, enum pf_arg arg, uint32_t number,
                   const char *text);
void pf_event_end(struct pf_sequence *sequence);
bool pf_has_name(const struct pf_sequence *sequence, uint32_t number);

/* ---- perfetto-tasks.c ---- */
#define PF_COMM 46 /* 15 bytes, each of which may become three in UTF-8 */

struct pf_task {
    int32_t tid, tgid;
    uint32_t key; /* of its life; 0: it stands for others */
    bool told, exiting;
    uint8_t length;
    char comm[PF_COMM]; /* valid UTF-8 */
};

struct pf_tasks {
    GHashTable *by_id, *stands; /* struct pf_task, by osi_task's id and by tid */
    GHashTable *lives;          /* keys that Perfetto was told of */
    GHashTable *tids;           /* perfetto-generic.c */
};

void pf_tasks_init(struct pf_tasks *tasks);
void pf_tasks_clear(struct pf_tasks *tasks);
/* Never NULL: for unknown tasks, and for those left out, there is one for each CPU that stands
 * for them, so that none runs on two CPUs at once. */
struct pf_task *pf_task(struct pf_tasks *tasks, const struct osi_task *task, uint32_t cpu);
/* Must Perfetto be told of it? True once for each. */
bool pf_task_is_new(struct pf_tasks *tasks, struct pf_task *task);

/* ---- what happens on a CPU ---- */
#define PF_MAX_IRQS 64

struct pf_cpu {
    /* perfetto-linux.c */
    struct proto bundle; /* events that wait for more */
    unsigned n_bundled;
    struct pf_task *running; /* NULL: not known */
    /* perfetto-irq.c */
    struct pf_sequence irqs, masked;
    enum osi_event_kind stack[PF_MAX_IRQS]; /* beginnings of what is under way */
    unsigned depth, lost; /* lost: deeper ones */
    bool entered; /* an interrupt whose beginning waits for its number */
    struct osi_event entry;
    uint64_t masked_until;
};

struct perfetto {
    struct export *export;
    struct pf_file *file;
    struct pf_tasks tasks;
    struct pf_cpu *cpus;
    unsigned n_cpus;
    bool generic;
};

/* Numbers of sequences and tracks. */
enum pf_family { PF_FTRACE = 1, PF_META, PF_IRQS, PF_MASKED, PF_CALLS, PF_FAMILIES };

static inline uint32_t pf_number(enum pf_family family, uint32_t cpu)
{
    return cpu * PF_FAMILIES + family;
}

/* Each takes events of its kinds, and says whether this was one. */
bool pf_linux_event(struct perfetto *perfetto, const struct osi_event *event);
void pf_linux_flush(struct perfetto *perfetto, uint32_t cpu);
bool pf_generic_event(struct perfetto *perfetto, const struct osi_event *event);
bool pf_irq_event(struct perfetto *perfetto, const struct osi_event *event);
void pf_irq_flush(struct perfetto *perfetto, uint32_t cpu);

/* A packet with a time of the trace's clock and the number of a sequence. */
struct proto *pf_packet_at(struct pf_file *file, uint64_t time, uint32_t sequence);

int pf_write_paths(struct perfetto *perfetto, struct osi_error *err);

/* ---- perfetto-stages.c ---- */
struct pf_stages;

/* Reads all switches of a CPU, and goes back to the start. */
struct pf_stages *pf_stages_new(const struct export *export, struct decoder *decoder, uint32_t cpu);
void pf_stages_free(struct pf_stages *stages);
/* The task as it leaves the CPU for the last time. */
const struct osi_task *pf_stages_last(const struct pf_stages *stages, const struct osi_task *task);
/* To which task an event switches, as it is when it leaves again. Events in order of time. */
const struct osi_task *pf_stages_next(struct pf_stages *stages, const struct osi_event *event);

#endif
