/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work for the benchmark of what watches interrupts: a timer interrupt every 50 us of guest time,
 * and interrupts masked around short critical sections, as a kernel does around its locks. */
#include "guest.h"

#define PERIOD_US 50
#define ROUNDS 900
#define SECTIONS 400 /* critical sections in a round */

static volatile uint32_t queue[64];
static volatile uint64_t interrupts, late;
static uint64_t period, deadline;

static __attribute__((noinline)) void tick(uint64_t number)
{
    queue[number & 63] += (uint32_t)number;
}

void irq_handler(void);
void irq_handler(void)
{
    uint32_t irq = read32(GICC + 0xc);
    uint64_t now = counter();

    tick(++interrupts);
    deadline += period;
    if (deadline <= now) { /* the host was away; what was missed is not made up for */
        deadline = now + period;
        late++;
    }
    timer_at(deadline);
    write32(GICC + 0x10, irq);
}

static inline uint64_t irq_save(void)
{
    uint64_t flags;

    __asm__ volatile("mrs %0, daif; msr daifset, #2" : "=r"(flags) : : "memory");
    return flags;
}

static inline void irq_restore(uint64_t flags)
{
    __asm__ volatile("msr daif, %0" : : "r"(flags) : "memory");
}

/* Half of the sections are as spin_lock_irqsave() makes them, half as local_irq_disable() does. */
static uint32_t critical(uint32_t value, unsigned n)
{
    if (n & 1) {
        uint64_t flags = irq_save();

        value ^= queue[value & 63]++;
        irq_restore(flags);
    } else {
        __asm__ volatile("msr daifset, #2" ::: "memory");
        value += queue[value >> 3 & 63];
        __asm__ volatile("msr daifclr, #2" ::: "memory");
    }
    return value;
}

static uint32_t checksum(uint32_t crc, unsigned bits)
{
    while (bits--) {
        crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
    }
    return crc;
}

int main(void)
{
    uint64_t frequency, begin, us;
    uint32_t value = 1;

    __asm__ volatile("msr daifset, #2; mrs %0, cntfrq_el0" : "=r"(frequency));
    period = frequency * PERIOD_US / 1000000;
    gic_start();
    begin = counter();
    deadline = begin + period;
    timer_at(deadline);
    __asm__ volatile("msr daifclr, #2" ::: "memory");
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned n = 0; n < SECTIONS; n++) {
            value = checksum(critical(value, n) + n, 2000);
        }
    }
    __asm__ volatile("msr daifset, #2" ::: "memory");
    us = (counter() - begin) * 1000000 / frequency;
    text("ticker ");
    number(interrupts);
    text(" interrupts (");
    number(late);
    text(" late), ");
    number((uint64_t)ROUNDS * SECTIONS);
    text(" sections in ");
    number(us);
    text(" us\n");
    return value == 0; /* keeps the work */
}
