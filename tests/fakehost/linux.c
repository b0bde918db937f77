/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fake Linux at work. */
#include "linux.h"

#include <glib.h>
#include <string.h>

#include "fakehost.h"
#include "linux-image.h"

#define NOP 0xd503201fu
#define RET 0xd65f03c0u
#define WFI 0xd503207fu
#define MRS_X2_CNTVCT 0xd53be042u
#define MZ 0xfa405a4du /* the first instruction of an arm64 Image, also the "MZ" of a PE file */

#define STR_WZR_STATE_X20 (0xb900001fu | FAKE_AT_STATE / 4 << 10 | 20 << 5) /* task in x20 */
#define PRIMARY 0xd10083ffu /* no other function begins so */

#define WORK_OFFSET 0x100000u /* blocks of 1 to 512 instructions, each at its own page */
#define ENTRY 0x40200000ull
#define USER 0x400000ull

const struct fake_function fake_functions[] = {
    { "_text", 0 },
    { "_stext", FAKE_CODE_OFFSET },
    { "vectors", FAKE_VECTORS_OFFSET },
    { "do_exit", 0x11100 },
    { "__schedule", 0x11200 },
    { "cpu_switch_to", 0x11300 },
    { "finish_task_switch", 0x11400 },
    { "wake_up_new_task", 0x11500 },
    { "wakeup_preempt", 0x11600 },
    { "__set_task_comm", 0x11700 },
    { "read_counter", 0x11800 },
    { "cpu_do_idle", 0x11900 },
    { "read_counter_last", 0x11c00 },
    { "perf_event_comm", 0x11d00 },
    { "try_to_wake_up", 0x11e00 },
    { "ttwu_do_activate", 0x11f00 },
    { "__primary_switched", 0x12000 },
    { "vfs_read", 0x11a00 },
    { "start_kernel", 0x11b00 },
    { "_etext", FAKE_RODATA_OFFSET },
    { NULL, 0 },
};

static uint64_t running_base;

static uint64_t offset_of(const char *name)
{
    for (const struct fake_function *f = fake_functions; f->name; f++) {
        if (strcmp(f->name, name) == 0) {
            return f->offset;
        }
    }
    fake_die("the fake kernel has no %s", name);
}

uint64_t fake_symbol(const char *name)
{
    return running_base + offset_of(name);
}

/* ---- the image ---- */
static void fill(uint32_t *words, unsigned n, uint32_t last)
{
    for (unsigned i = 0; i < n; i++) {
        words[i] = NOP;
    }
    words[n - 1] = last;
}

uint8_t *fake_linux_image(bool other_banner)
{
    uint8_t *image = g_malloc0(FAKE_IMAGE_SIZE);
    uint32_t words[FAKE_FUNCTION] = { MZ };

    memcpy(image, words, 4);
    memcpy(image + 56, "ARM\x64", 4);
    fill(words, FAKE_FUNCTION, RET);
    for (const struct fake_function *f = fake_functions; f->name; f++) {
        if (f->offset >= FAKE_VECTORS_OFFSET && f->offset < FAKE_RODATA_OFFSET) {
            memcpy(image + f->offset, words, sizeof(words));
        }
    }
    strcpy((char *)image + FAKE_BANNER_OFFSET, FAKE_BANNER "\n");
    image[FAKE_BANNER_OFFSET + sizeof("Linux version ") - 1] += other_banner;
    return image;
}

static void add_block(uint64_t address, unsigned n, uint32_t first, uint32_t last)
{
    uint32_t words[FAKE_MAX_BLOCK];

    fill(words, n, last);
    words[0] = n > 1 ? first : last;
    fake_code(address, words, n);
}

static void add_functions(void)
{
    uint32_t waking[FAKE_FUNCTION];

    for (const struct fake_function *f = fake_functions; f->name; f++) {
        if (f->offset >= FAKE_VECTORS_OFFSET && f->offset < FAKE_RODATA_OFFSET) {
            add_block(running_base + f->offset, FAKE_FUNCTION, NOP, RET);
        }
    }
    fill(waking, FAKE_FUNCTION, RET);
    waking[FAKE_STORE_AT] = STR_WZR_STATE_X20;
    fake_code(fake_symbol("try_to_wake_up"), waking, FAKE_FUNCTION);
    fake_code(fake_symbol("ttwu_do_activate"), waking, FAKE_FUNCTION);
    add_block(fake_symbol("__primary_switched"), FAKE_FUNCTION, PRIMARY, RET);
    add_block(fake_symbol("read_counter"), 3, MRS_X2_CNTVCT, RET);
    add_block(fake_symbol("read_counter_last"), 2, NOP, MRS_X2_CNTVCT);
    add_block(fake_symbol("read_counter_last") + 8, 1, RET, RET);
    add_block(fake_symbol("cpu_do_idle"), 2, NOP, WFI);
}

/* Linux unmaps what lies before _stext, the header included. */
void fake_linux_map(uint64_t base)
{
    uint8_t *image = fake_linux_image(false);

    running_base = base;
    fake_map(base + FAKE_CODE_OFFSET, FAKE_IMAGE_SIZE - FAKE_CODE_OFFSET);
    fake_poke(base + FAKE_CODE_OFFSET, image + FAKE_CODE_OFFSET,
              FAKE_IMAGE_SIZE - FAKE_CODE_OFFSET);
    g_free(image);
    add_functions();
}

void fake_linux_entry(void)
{
    add_block(ENTRY, 2, MZ, RET);
    fake_exec(0, ENTRY);
}

void fake_linux_vectors(unsigned vcpu, uint64_t vectors)
{
    fake_set_register(vcpu, "VBAR", vectors);
}

void fake_linux_boot_efi(uint64_t base)
{
    fake_linux_map(base);
    fake_linux_vectors(0, base + FAKE_VECTORS_OFFSET);
    fake_exec(0, fake_symbol("__primary_switched"));
}

void fake_linux_boot(uint64_t base)
{
    fake_linux_entry();
    fake_linux_map(base);
    fake_linux_vectors(0, base + FAKE_VECTORS_OFFSET);
    fake_exec(0, fake_symbol("start_kernel"));
}

/* ---- running ---- */
void fake_work(unsigned vcpu, unsigned n)
{
    uint64_t address = running_base + WORK_OFFSET + n * FAKE_PAGE;

    if (!fake_is_block(address)) {
        add_block(address, n, NOP, RET);
    }
    fake_exec(vcpu, address);
}

void fake_user_work(unsigned vcpu, unsigned n)
{
    uint64_t address = USER + n * FAKE_PAGE;

    if (!fake_is_block(address)) {
        add_block(address, n, NOP, RET);
    }
    fake_set_level(vcpu, 0);
    fake_exec(vcpu, address);
    fake_set_level(vcpu, 1);
}

void fake_read_counter(unsigned vcpu, uint64_t delay)
{
    struct fake_effect effect = { .insn = 0, .kind = FAKE_DELAY, .value = delay };

    if (fake_machine.icount) {
        fake_die("with icount a counter read ends its block");
    }
    fake_exec_with(vcpu, fake_symbol("read_counter"), &effect, delay != 0);
}

void fake_read_counter_last(unsigned vcpu)
{
    fake_exec(vcpu, fake_symbol("read_counter_last"));
    fake_exec(vcpu, fake_symbol("read_counter_last") + 8);
}

void fake_idle(unsigned vcpu, uint64_t ns)
{
    fake_exec(vcpu, fake_symbol("cpu_do_idle"));
    fake_sleep(vcpu, ns);
}

void fake_call(unsigned vcpu, const char *function, uint64_t x0, uint64_t x1)
{
    fake_set_register(vcpu, "x0", x0);
    fake_set_register(vcpu, "x1", x1);
    fake_exec(vcpu, fake_symbol(function));
}

/* ---- tasks ---- */
static void poke32(uint64_t address, uint32_t value)
{
    fake_poke(address, &value, sizeof(value));
}

static void store_comm(const struct fake_task *task)
{
    char comm[16] = "";

    g_strlcpy(comm, task->comm, sizeof(comm));
    fake_poke(task->address + FAKE_AT_COMM, comm, sizeof(comm));
}

void fake_task_store(const struct fake_task *task)
{
    uint64_t at = task->address;

    fake_map(at, FAKE_TASK_SIZE);
    poke32(at + FAKE_AT_CPU, task->cpu);
    poke32(at + FAKE_AT_STATE, task->state);
    poke32(at + FAKE_AT_PRIO, (uint32_t)task->prio);
    poke32(at + FAKE_AT_EXIT_STATE, task->exit_state);
    poke32(at + FAKE_AT_PID, task->pid);
    poke32(at + FAKE_AT_TGID, task->tgid);
    fake_poke(at + FAKE_AT_NVCSW, &task->nvcsw, 8);
    fake_poke(at + FAKE_AT_NIVCSW, &task->nivcsw, 8);
    store_comm(task);
}

static void switch_to(unsigned vcpu, struct fake_task *prev, struct fake_task *next)
{
    fake_task_store(prev);
    fake_call(vcpu, "cpu_switch_to", prev->address, next->address);
}

void fake_block_on(unsigned vcpu, struct fake_task *prev, struct fake_task *next, uint32_t state)
{
    prev->state = state;
    fake_task_store(prev);
    fake_call(vcpu, "__schedule", 0, 0);
    prev->nvcsw++;
    switch_to(vcpu, prev, next);
}

void fake_preempt(unsigned vcpu, struct fake_task *prev, struct fake_task *next)
{
    fake_task_store(prev);
    fake_call(vcpu, "__schedule", 1, 0);
    prev->nivcsw++;
    switch_to(vcpu, prev, next);
}

void fake_yield(unsigned vcpu, struct fake_task *prev, struct fake_task *next)
{
    fake_task_store(prev);
    fake_call(vcpu, "__schedule", 0, 0);
    prev->nivcsw++;
    switch_to(vcpu, prev, next);
}

/* The run queue is x0. A sleeper is in state TASK_WAKING by now, and runs from then on. */
void fake_wake(unsigned vcpu, struct fake_task *task)
{
    task->state = task->state ? 0x200 : 0;
    fake_task_store(task);
    fake_call(vcpu, "wakeup_preempt", 0xffff000000777000ull, task->address);
    task->state = 0;
    fake_task_store(task);
}

/* The running task sets it running at once, or it is queued first. */
void fake_wake_exact(unsigned vcpu, struct fake_task *task, bool queued)
{
    task->state = 0x200;
    fake_task_store(task);
    if (queued) {
        fake_call(vcpu, "wakeup_preempt", 0xffff000000777000ull, task->address);
    }
    fake_set_register(vcpu, "x20", task->address);
    fake_exec(vcpu, fake_symbol(queued ? "ttwu_do_activate" : "try_to_wake_up"));
    task->state = 0;
    fake_task_store(task);
}

void fake_fork(unsigned vcpu, struct fake_task *child)
{
    child->state = 0x800; /* TASK_NEW */
    fake_task_store(child);
    fake_call(vcpu, "wake_up_new_task", child->address, 0);
    child->state = 0;
    fake_wake(vcpu, child);
}

/* The new name stands at the very end of mapped memory. */
void fake_rename_begin(unsigned vcpu, const struct fake_task *task, const char *comm)
{
    uint64_t end = running_base + WORK_OFFSET - FAKE_PAGE;
    uint64_t buffer = end - strlen(comm) - 1;

    fake_map(buffer, strlen(comm) + 1);
    fake_poke(buffer, comm, strlen(comm) + 1);
    fake_call(vcpu, "__set_task_comm", task->address, buffer);
}

void fake_rename_end(unsigned vcpu, const struct fake_task *task)
{
    fake_call(vcpu, "perf_event_comm", task->address, 0);
}

void fake_rename(unsigned vcpu, struct fake_task *task, const char *comm)
{
    fake_rename_begin(vcpu, task, comm);
    task->comm = comm;
    store_comm(task);
    fake_rename_end(vcpu, task);
}

void fake_exit_task(unsigned vcpu)
{
    fake_call(vcpu, "do_exit", 0, 0);
}
