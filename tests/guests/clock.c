/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that knows the time of marked instructions.
 *
 * A mark is `hint #100`, which does nothing. Near each one the guest reads its counter, at a
 * known distance in instructions; at the end it prints what it read. A plugin that watches the
 * marks must come to the same times.
 *
 *     mark NUMBER KIND COUNTER DISTANCE
 *
 * DISTANCE: instructions from the mark to the read; negative when the read comes first.
 */
#include "guest.h"

#define MAX_MARKS 4096

static struct {
    const char *kind;
    uint64_t counter;
    int64_t distance;
} marks[MAX_MARKS];
static unsigned n_marks;

static void note(const char *kind, uint64_t value, int64_t distance)
{
    if (n_marks < MAX_MARKS) {
        marks[n_marks].kind = kind;
        marks[n_marks].counter = value;
        marks[n_marks].distance = distance;
        n_marks++;
    }
}

#define BEFORE(nops, n) \
    do { \
        uint64_t value; \
        __asm__ volatile("hint #100\n .rept " #nops "\n nop\n .endr\n mrs %0, cntvct_el0" \
                         : "=r"(value) : : "memory"); \
        note("before", value, (n) + 1); \
    } while (0)

#define AFTER(nops, n) \
    do { \
        uint64_t value; \
        __asm__ volatile("mrs %0, cntvct_el0\n .rept " #nops "\n nop\n .endr\n hint #100" \
                         : "=r"(value) : : "memory"); \
        note("after", value, -(n) - 1); \
    } while (0)

static void busy(unsigned rounds)
{
    volatile unsigned sum = 0;

    while (rounds--) {
        sum += rounds;
    }
}

/* Interrupts stay masked: the timer wakes the core, and the next instruction is the mark. */
static void idle_then_mark(uint64_t ticks)
{
    uint64_t value;

    timer_at(counter() + ticks);
    __asm__ volatile("wfi\n hint #100\n .rept 5\n nop\n .endr\n mrs %0, cntvct_el0"
                     : "=r"(value) : : "memory");
    note("idle", value, 6);
    timer_off();
}

static volatile unsigned interrupts;

void irq_handler(void);
void irq_handler(void)
{
    uint64_t value;
    uint32_t irq;

    __asm__ volatile("hint #100\n nop\n mrs %0, cntvct_el0" : "=r"(value) : : "memory");
    note("irq", value, 2);
    irq = read32(GICC + 0xc);
    timer_off();
    write32(GICC + 0x10, irq);
    interrupts++;
}

static void idle_with_interrupt(uint64_t ticks)
{
    unsigned before = interrupts;

    timer_at(counter() + ticks);
    /* Masked until it is pending: one that came between the test and the wait would be the last. */
    while (interrupts == before) {
        __asm__ volatile("wfi; msr daifclr, #2; isb; msr daifset, #2" ::: "memory");
    }
}

static void busy_with_interrupt(uint64_t ticks)
{
    unsigned before = interrupts;

    timer_at(counter() + ticks);
    __asm__ volatile("msr daifclr, #2" ::: "memory");
    while (interrupts == before) {
        busy(1);
    }
    __asm__ volatile("msr daifset, #2" ::: "memory");
}

int main(void)
{
    uint64_t frequency;

    __asm__ volatile("msr daifset, #2; mrs %0, cntfrq_el0" : "=r"(frequency));
    gic_start();
    counter();
    for (unsigned i = 1; i <= 100; i++) {
        BEFORE(0, 0);
        AFTER(0, 0);
        BEFORE(7, 7);
        busy(i * 10);
        AFTER(20, 20);
        idle_then_mark(1000 + 777 * i);
        idle_with_interrupt(2000 + 333 * i);
        busy_with_interrupt(500 + 100 * i);
    }
    text("frequency ");
    number(frequency);
    put('\n');
    for (unsigned i = 0; i < n_marks; i++) {
        text("mark ");
        number(i);
        put(' ');
        text(marks[i].kind);
        put(' ');
        number(marks[i].counter);
        text(marks[i].distance < 0 ? " -" : " ");
        number((uint64_t)(marks[i].distance < 0 ? -marks[i].distance : marks[i].distance));
        put('\n');
    }
    text("done\n");
    return 0;
}
