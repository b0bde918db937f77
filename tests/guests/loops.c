/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the functions of loops.S a known number of times, on one core or on two. */
#include "guest.h"

uint64_t count_down(uint64_t), count_inside(uint64_t), diamond(uint64_t), recurse(uint64_t),
    calls(uint64_t), over_page(uint64_t);

static volatile int second_done;

static void work(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        count_down(1000);
        count_inside(500);
        diamond(400);
        recurse(30);
        calls(20);
        over_page(100);
    }
}

static void from_here(void) __attribute__((noinline));
static void to_here(void) __attribute__((noinline));
static void from_here(void) { __asm__ volatile(""); }
static void to_here(void) { __asm__ volatile("nop"); } /* not the same function */

void irq_handler(void);
void irq_handler(void)
{
}

static uint8_t second_stack[16384] __attribute__((aligned(16)));

void second_main(void);
void second_main(void)
{
    work(300);
    second_done = 1;
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void second_entry(void); /* start.S: PSCI CPU_ON enters here with the stack in x0 */

static int64_t start_second(void)
{
    register uint64_t x0 __asm__("x0") = 0xc4000003;
    register uint64_t x1 __asm__("x1") = 1;
    register uint64_t x2 __asm__("x2") = (uint64_t)second_entry;
    register uint64_t x3 __asm__("x3") = (uint64_t)(second_stack + sizeof(second_stack));

    __asm__ volatile("hvc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
    return (int64_t)x0;
}

int main(void)
{
    int two = start_second() == 0;

    work(200);
    while (two && !second_done) {
    }
    from_here();
    work(7);
    to_here();
    work(11);
    text(two ? "done on two cores\n" : "done on one core\n");
    return 0;
}
