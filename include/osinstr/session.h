/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_session: one loaded tool, from install to exit.
 *
 * Made by OSI_PLUGIN and handed to every hook of the tool. Calls marked "vCPU
 * thread" are for hooks and callbacks that run on behalf of a vCPU; the others may
 * be made from any hook.
 */
#ifndef OSINSTR_SESSION_H
#define OSINSTR_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <osinstr/arch.h>
#include <osinstr/error.h>
#include <osinstr/tool.h>
#include <osinstr/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- options and output ---- */
/* Values of the tool's own and the common options; the name must be in the table. */
const char *osi_option_text(const struct osi_session *session, const char *name); /* may be NULL */
uint64_t osi_option_count(const struct osi_session *session, const char *name);   /* also TIME, ns */
bool osi_option_switch(const struct osi_session *session, const char *name);

/* The tool's own pointer, for hooks that need more than shards. */
void osi_set_data(struct osi_session *session, void *data);
void *osi_data(const struct osi_session *session);

/* One line on stderr, "osinstr TOOL: …". Any thread; not for the hot path. */
void osi_say(struct osi_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Directory of this run, as given or made. */
const char *osi_directory(const struct osi_session *session);
/* Writes a file into it, whole or not at all: `write` gets `data` and returns 0 or -errno. What goes
 * wrong is said in a line. From the report hook. 0 or -errno. */
int osi_write_file(struct osi_session *session, const char *name,
                   int (*write)(const void *data, FILE *stream), const void *data);
/* The native trace of this run; NULL with trace=off. */
struct osi_trace_writer *osi_trace(struct osi_session *session);
/* Records an event of number `type` of the tool's trace_types; nothing with trace=off. The vCPU's
 * thread, or the report hook. */
void osi_record(struct osi_session *session, unsigned vcpu, unsigned type, uint64_t time,
                const uint64_t *fields);

/* ---- vCPUs ---- */
/* vCPUs seen so far; their indices are below this number. */
unsigned osi_n_vcpus(const struct osi_session *session);
/* The tool's shard of a vCPU: shard_size bytes, zeroed, on cache lines of its own. NULL for a
 * vCPU that never started. */
void *osi_shard(const struct osi_session *session, unsigned vcpu);
/* The same as an array by vCPU, for hot callbacks: an element is set before that vCPU runs. Lives as
 * long as the session. */
void *const *osi_shards(const struct osi_session *session);

/* Brackets what a callback attached to code does with things that the report hook takes over: with
 * several vCPUs, some may still run then. False: the run has ended, and so must the callback. Not from
 * hooks, which are so bracketed. */
bool osi_callback_begin(struct osi_session *session, unsigned vcpu);
void osi_callback_end(struct osi_session *session, unsigned vcpu);
/* A good time to look at the clock, for a tool with OSI_NEED_OWN_TICKS: its idle and tick hooks are called if it is
 * time. Some 50 ns; does nothing if the clock counts instructions, whose ticks come by themselves. Between
 * osi_callback_begin() and osi_callback_end(), vCPU thread. */
void osi_tick(struct osi_session *session, unsigned vcpu);
/* Instructions that a vCPU executed of those blocks that osi_block_is_counted() tells of, for tools with
 * OSI_NEED_COUNT_USER or OSI_NEED_COUNT_ALL. It only grows, also where another thread of a program gets the vCPU's number.
 * A block under way is in it whole, but not yet for the tick hook. Exact for the own vCPU, or when none runs;
 * 0 of one that has not started. Any thread. */
uint64_t osi_counted(const struct osi_session *session, unsigned vcpu);

/* ---- the machine and its kernel ---- */
const char *osi_target(const struct osi_session *session); /* "aarch64" */
bool osi_is_system(const struct osi_session *session);     /* not user-mode QEMU */
/* What runs, for people: the kernel's or program's file, else the target. */
const char *osi_observed(const struct osi_session *session);
const struct osi_arch *osi_arch(const struct osi_session *session);
/* Is the guest's kernel known and located? Before that symbols have no addresses. Never without
 * OSI_NEED_TASKS. */
bool osi_kernel_known(const struct osi_session *session);
/* Run-time address of a kernel symbol; compiler suffixes (.isra.0) are allowed for. 0 or
 * -ENOENT, always so without OSI_NEED_TASKS. */
int osi_symbol_address(const struct osi_session *session, const char *name, uint64_t *address);
/* Name of the symbol at or before a run-time address, NULL if none, and without OSI_NEED_TASKS;
 * *offset from its start. The text lives as long as the session. */
const char *osi_symbol_at(const struct osi_session *session, uint64_t address, uint64_t *offset);
/* Where a member lies in a structure of the guest's kernel ("task_struct", "thread_info.cpu"), in
 * bytes. 0 or -ENOENT, always so without OSI_NEED_TASKS. */
int osi_member_offset(const struct osi_session *session, const char *type, const char *member,
                      uint32_t *offset, uint32_t *size);

/* ---- time ---- */
enum osi_clock_kind { OSI_CLOCK_GUEST, OSI_CLOCK_INSN, OSI_CLOCK_HOST };
enum osi_clock_kind osi_clock_kind(const struct osi_session *session);
/* "ns" or "insn". */
const char *osi_clock_unit(const struct osi_session *session);
/* Time now on a vCPU, in hooks that osi_hook() runs and in event hooks. vCPU thread. With icount,
 * between waking from idle and the guest's next look at its counter the result is an estimate and
 * *exact (may be NULL) is false; events of the library wait for that look instead. */
uint64_t osi_now(struct osi_session *session, unsigned vcpu, bool *exact);
/* The last moment of the run on a vCPU, for report hooks. */
uint64_t osi_end_time(const struct osi_session *session, unsigned vcpu);
/* As osi_now(), from a callback attached to an instruction (osinstr/block.h). Instructions are
 * counted ahead, so the caller passes osi_insn_remaining() of the place. The time is what that
 * instruction would read from the counter. */
uint64_t osi_now_at(struct osi_session *session, unsigned vcpu, unsigned remaining, bool *exact);

/* Calls fn with the time of this moment: at once, or, with icount just after idle, when the guest
 * next reads its counter and the time is exact. The order of calls and events of a vCPU is kept.
 * `remaining` as for osi_now_at(). vCPU thread. */
typedef void (*osi_timed_fn)(struct osi_session *session, unsigned vcpu, uint64_t time,
                             uint64_t data);
void osi_timed(struct osi_session *session, unsigned vcpu, unsigned remaining, osi_timed_fn fn,
               uint64_t data);

/* ---- looking into the guest: vCPU thread, in callbacks that asked for registers ---- */
/* A register by QEMU's name ("x0", "sp"), a general register, an argument of the C calling
 * convention at a function's entry (0 = first). No OSI_NEED must be stated for these; numbers and
 * arguments are known where the target has OSI_ARCH_REGISTERS. 0 or -errno. */
int osi_register(struct osi_session *session, unsigned vcpu, const char *name, uint64_t *value);
int osi_general_register(struct osi_session *session, unsigned vcpu, unsigned number,
                         uint64_t *value);
int osi_argument(struct osi_session *session, unsigned vcpu, unsigned number, uint64_t *value);
/* Guest virtual memory as the vCPU sees it now: kernel memory only while it runs the kernel.
 * 0 or -EFAULT, -ENOSYS (QEMU before 9.2). */
int osi_read(struct osi_session *session, uint64_t address, void *to, size_t size);
/* A NUL-terminated string of at most size - 1 bytes; always terminated. 0 or -errno. */
int osi_read_string(struct osi_session *session, uint64_t address, char *to, size_t size);
/* The task that runs on a vCPU, NULL if not known (yet). */
const struct osi_task *osi_current(const struct osi_session *session, unsigned vcpu);

/* Exceptions that a vCPU took so far, by class (enum osi_exception); all 0 for a tool without events
 * of interrupts. */
void osi_exceptions(const struct osi_session *session, unsigned vcpu,
                    uint64_t counts[OSI_EXCEPTIONS]);

/* ---- hooks on guest functions ---- */
struct osi_hook;
/* Runs fn at each entry of the kernel function `symbol` (every one of that name), with registers
 * readable; from `ready` or later, before the code was first executed: code already translated is
 * not instrumented again. Needs OSI_NEED_TASKS. NULL with the reason in *err if the kernel has no
 * such function, or is not known. */
struct osi_hook *osi_hook(struct osi_session *session, const char *symbol,
                          void (*fn)(struct osi_session *session, unsigned vcpu, void *data),
                          void *data, struct osi_error *err);

/* ---- switching on and off while the guest runs; any thread, takes effect at once ---- */
void osi_hook_enable(struct osi_hook *hook, bool on);
void osi_events_enable(struct osi_session *session, unsigned events, bool on); /* OSI_EVENT_BITs */

/* Ends this tool's run now: report and trace are written, all instrumentation leaves QEMU, the
 * guest goes on at full speed. Asynchronous; vCPU thread. Hooks may still run until it is done. */
void osi_stop(struct osi_session *session);

#ifdef __cplusplus
}
#endif
#endif
