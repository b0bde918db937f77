/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RISC-V, QEMU's virt, M-mode: the timer, and how the machine ends. */
#include "flow.h"

#define MTIMECMP 0x2004000ul
#define MTIME 0x200bff8ul
#define FINISHER 0x100000ul

uint64_t read64(uint64_t address);
void write64(uint64_t address, uint64_t value);
void write32(uint64_t address, uint32_t value);

enum { ILLEGAL = 2, ECALL = 11 };

static void set_timer(uint64_t deadline)
{
    write64(MTIMECMP, deadline);
}

void prepare(void)
{
    set_timer(UINT64_MAX);
    __asm__ volatile("csrs mie, %0; csrs mstatus, %1" : : "r"(1ul << 7), "r"(1ul << 3) : "memory");
}

/* At 10 MHz. */
void timer_start(void)
{
    set_timer(read64(MTIME) + 300);
}

static void skip(void)
{
    uint64_t pc;

    __asm__ volatile("csrr %0, mepc" : "=r"(pc));
    __asm__ volatile("csrw mepc, %0" : : "r"(pc + 4));
}

void handle_trap(uint64_t cause);
void handle_trap(uint64_t cause)
{
    if (cause >> 63) {
        set_timer(UINT64_MAX);
        handle_tick();
    } else if (cause == ILLEGAL) {
        skip();
        handle_refused();
    } else if (cause == ECALL) {
        skip();
        handle_asked();
    } else {
        end(1);
    }
}

void end(int failed)
{
    write32(FINISHER, failed ? 0x13333 : 0x5555);
    for (;;) { /* no WFI: it leaves its block early, which counts one too many */
    }
}
