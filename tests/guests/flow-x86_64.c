/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86-64, QEMU's pc: gates, the timer, and how the machine ends. */
#include "flow.h"

#define PIC_VECTOR 32
#define EXIT_PORT 0xf4

struct gate {
    uint16_t low, selector;
    uint8_t stack, type;
    uint16_t middle;
    uint32_t high, none;
};

extern struct gate idt[48];

void call_entry(void), refused_entry(void), asked_entry(void), tick_entry(void);

#define STAR 0xc0000081u
#define LSTAR 0xc0000082u

static void set_msr(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static inline void out(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static void set_gate(unsigned vector, void (*entry)(void))
{
    uint64_t address = (uint64_t)entry;

    idt[vector] = (struct gate){ .low = (uint16_t)address, .selector = 8, .type = 0x8e,
                                 .middle = (uint16_t)(address >> 16),
                                 .high = (uint32_t)(address >> 32) };
}

/* Both interrupt controllers, which forget what was raised before; what `masked` has set of the first one's
 * lines stays shut, and all of the second's. */
static void controllers(uint8_t masked)
{
    out(0x20, 0x11);
    out(0xa0, 0x11);
    out(0x21, PIC_VECTOR);
    out(0xa1, PIC_VECTOR + 8);
    out(0x21, 4);
    out(0xa1, 2);
    out(0x21, 1);
    out(0xa1, 1);
    out(0xa1, 0xff);
    out(0x21, masked);
}

void prepare(void)
{
    set_msr(STAR, 8ull << 32);
    set_msr(LSTAR, (uint64_t)call_entry);
    set_gate(3, asked_entry);
    set_gate(6, refused_entry);
    set_gate(PIC_VECTOR, tick_entry);
    controllers(0xff);
    __asm__ volatile("sti");
}

/* The timer raises its line once, `count` of 1.19 MHz from now (65536 for 0), and lowers it until then. */
static void timer_set(uint8_t count)
{
    out(0x43, 0x30);
    out(0x40, count);
    out(0x40, 0);
}

/* The firmware left it ticking, and a tick may be raised that nobody took. A new mode alone does not
 * stop it, only a new count does: so the line is lowered for long first, and the tick forgotten. */
void timer_start(void)
{
    timer_set(0);
    controllers(0xfe);
    timer_set(40);
}

void on_refused(uint64_t *pc), on_asked(uint64_t *pc), on_tick(uint64_t *pc);

void on_refused(uint64_t *pc)
{
    *pc += 2; /* UD2 */
    handle_refused();
}

void on_asked(uint64_t *pc)
{
    (void)pc;
    handle_asked();
}

void on_tick(uint64_t *pc)
{
    (void)pc;
    out(0x20, 0x20);
    handle_tick();
}

/* QEMU ends with 33, or 35. */
void end(int failed)
{
    out(EXIT_PORT, failed ? 17 : 16);
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}
