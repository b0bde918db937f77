/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program whose calls are known, for machines of several ISAs; tests/hotpath/check-flow.py has the
 * same numbers. With EXCEPTIONS it has exceptions and timer interrupts too. */
#include "flow.h"

#define APART __attribute__((noinline, noclone, noipa))

static volatile uint64_t sum;
static volatile int n_refused, n_asked, n_called, n_ticks;
static uint8_t memory[300];

static int recurse(int n);
APART static int recurse(int n)
{
    int below = n ? recurse(n - 1) : 0;

    sum++; /* behind the call, or the compiler makes a loop of it */
    return below + n;
}

APART static void one(int i) { sum += (uint64_t)i; }
APART static void two(int i) { sum += 2 * (uint64_t)i; }
APART static void three(int i) { sum += 3 * (uint64_t)i; }

static void (*const volatile functions[])(int) = { one, two, three };

APART static void pointers(void)
{
    for (int i = 0; i < 30; i++) {
        functions[i % 3](i);
    }
}

/* Where the last call is a jump. */
APART static void tail_last(int i) { sum += (uint64_t)i; }
APART static void tail_middle(int i) { sum++; tail_last(i + 1); }
APART static void tail(int i) { sum++; tail_middle(i + 1); }

APART static void tails(void)
{
    for (int i = 0; i < 40; i++) {
        tail(i);
    }
}

APART static void fill(void)
{
    for (int i = 0; i < 7; i++) {
        filled(memory, i, 100 + (uint64_t)i);
    }
}

APART void handle_refused(void) { n_refused++; }
APART void handle_asked(void) { n_asked++; }
APART void handle_call(void) { n_called++; }
APART void handle_tick(void) { n_ticks++; }

#ifdef EXCEPTIONS
APART static void exceptions(void)
{
    for (int i = 0; i < 50; i++) {
        refused();
        asked();
#ifdef __x86_64__
        called();
#endif
    }
}

/* Interrupted anywhere, also between a call and where it leads. */
APART static void idle(void) { sum++; }

APART static void ticks(void)
{
    for (int i = 0; i < 60; i++) {
        timer_start();
        while (n_ticks <= i) {
            idle();
        }
    }
}
#endif

int main(void)
{
    int wrong = 0;

    prepare();
    for (int i = 0; i < 20; i++) {
        wrong |= recurse(5) != 15;
    }
    pointers();
    tails();
    fill();
    wrong |= memory[105] != 6 || memory[106];
#ifdef EXCEPTIONS
    exceptions();
    ticks();
    wrong |= n_refused != 50 || n_asked != 50 || n_ticks != 60;
#ifdef __x86_64__
    wrong |= n_called != 50;
#endif
#endif
    return wrong;
}
