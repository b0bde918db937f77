/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fake arm64 Linux: a kernel file, and a guest that behaves as if it ran it.
 *
 * The file is an ELF with symbols, a banner and a .BTF section; the guest has the
 * kernel's text (blocks at the functions that osinstr hooks, each FAKE_FUNCTION
 * instructions long), and task structures in memory, laid out as the BTF says.
 */
#ifndef FAKEHOST_LINUX_H
#define FAKEHOST_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_LINK_BASE 0xffff800080000000ull
#define FAKE_FUNCTION 10u /* instructions of each function, the hooked one first */
#define FAKE_STORE_AT 5u /* the store to __state in functions that wake */
#define FAKE_BANNER "Linux version 6.1.0-fake (tests@osinstr) #1 SMP"

/* ---- the file ---- */
enum fake_linux_flags {
    FAKE_LINUX_NO_BTF = 1 << 0,
    FAKE_LINUX_NO_SWITCH = 1 << 1,   /* lacks cpu_switch_to */
    FAKE_LINUX_OLD_WAKEUP = 1 << 2,  /* check_preempt_curr, as before 6.7 */
    FAKE_LINUX_DELAYED = 1 << 3,     /* se.sched_delayed, as from 6.12 on */
    FAKE_LINUX_OTHER_BANNER = 1 << 4,/* another build than the one that runs */
    FAKE_LINUX_EXACT = 1 << 5,       /* has try_to_wake_up and ttwu_do_activate */
};
void fake_linux_write(const char *path, unsigned flags);

/* Offsets in the fake task_struct; none is where a real kernel has it. */
enum fake_task_layout {
    FAKE_AT_CPU = 20,        /* thread_info.cpu */
    FAKE_AT_STATE = 36,
    FAKE_AT_PRIO = 129,
    FAKE_AT_DELAYED = 213,   /* se.sched_delayed, one byte */
    FAKE_AT_EXIT_STATE = 1030,
    FAKE_AT_PID = 1101,
    FAKE_AT_TGID = 1105,
    FAKE_AT_NVCSW = 1333,
    FAKE_AT_NIVCSW = 1341,
    FAKE_AT_COMM = 1511,
    FAKE_TASK_SIZE = 2048,
};

/* ---- the guest ---- */
struct fake_task {
    uint64_t address;
    const char *comm;
    uint32_t pid, tgid;
    int32_t prio;
    uint32_t state, exit_state, cpu;
    uint64_t nvcsw, nivcsw;
};

/* Where the running kernel's function is. */
uint64_t fake_symbol(const char *name);
/* Maps and runs the kernel up to its first instructions at `base` on vCPU 0. Without KASLR the
 * base is FAKE_LINK_BASE. */
void fake_linux_boot(uint64_t base);
/* The same as an EFI loader does it: the first instruction of the image never runs. */
void fake_linux_boot_efi(uint64_t base);
/* The same by steps, for odd cases. */
void fake_linux_map(uint64_t base);
void fake_linux_entry(void); /* the first instruction, MMU off */
void fake_linux_vectors(unsigned vcpu, uint64_t vectors);

/* A block of `n` instructions (at most 512) in the kernel, or in user space. */
void fake_work(unsigned vcpu, unsigned n);
void fake_user_work(unsigned vcpu, unsigned n);
/* MRS X2, CNTVCT_EL0, in the middle of a block; the host's time goes on by `delay` right after.
 * Not with icount. */
void fake_read_counter(unsigned vcpu, uint64_t delay);
/* The same at the end of a block; three instructions in two blocks. */
void fake_read_counter_last(unsigned vcpu);
/* WFI; virtual time passes. */
void fake_idle(unsigned vcpu, uint64_t ns);

/* Runs the function with these arguments. */
void fake_call(unsigned vcpu, const char *function, uint64_t x0, uint64_t x1);

void fake_task_store(const struct fake_task *task); /* writes the structure */
/* __schedule(mode), then cpu_switch_to(prev, next). The task in memory is left in `state`, and the
 * counter that the kernel would count has been counted. */
void fake_block_on(unsigned vcpu, struct fake_task *prev, struct fake_task *next, uint32_t state);
void fake_preempt(unsigned vcpu, struct fake_task *prev, struct fake_task *next);
void fake_yield(unsigned vcpu, struct fake_task *prev, struct fake_task *next);
void fake_wake(unsigned vcpu, struct fake_task *task); /* wakeup_preempt(), then it is running */
/* The same with FAKE_LINUX_EXACT: [wakeup_preempt(),] then the store of 0 to __state. */
void fake_wake_exact(unsigned vcpu, struct fake_task *task, bool queued);
void fake_fork(unsigned vcpu, struct fake_task *child);  /* wake_up_new_task(), wakeup_preempt() */
/* __set_task_comm(), the name is written, perf_event_comm(); and the two calls alone. */
void fake_rename(unsigned vcpu, struct fake_task *task, const char *comm);
void fake_rename_begin(unsigned vcpu, const struct fake_task *task, const char *comm);
void fake_rename_end(unsigned vcpu, const struct fake_task *task);
void fake_exit_task(unsigned vcpu);

#endif
