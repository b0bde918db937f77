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

void prepare(void)
{
    set_msr(STAR, 8ull << 32);
    set_msr(LSTAR, (uint64_t)call_entry);
    set_gate(3, asked_entry);
    set_gate(6, refused_entry);
    set_gate(PIC_VECTOR, tick_entry);
    /* The timer raises its line once, when it is told a time. Before the controllers are set up, which
     * forget the firmware's last tick then. */
    out(0x43, 0x30);
    out(0x20, 0x11); /* both controllers; all masked but the timer */
    out(0xa0, 0x11);
    out(0x21, PIC_VECTOR);
    out(0xa1, PIC_VECTOR + 8);
    out(0x21, 4);
    out(0xa1, 2);
    out(0x21, 1);
    out(0xa1, 1);
    out(0xa1, 0xff);
    out(0x21, 0xfe);
    __asm__ volatile("sti");
}

/* At 1.19 MHz. */
void timer_start(void)
{
    out(0x43, 0x30);
    out(0x40, 40);
    out(0x40, 0);
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
