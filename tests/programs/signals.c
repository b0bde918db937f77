/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that the program sends itself: handlers that return, that leave by siglongjmp, that run on
 * an alternate stack, nested ones, and one that a real fault brings. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "program.h"

enum { ROUNDS = 40 };

static sigjmp_buf back;
static volatile sig_atomic_t returned, left, nested, faulted, on_other_stack;
static volatile unsigned sink;
static char other_stack[64 * 1024];

KEPT static unsigned work(unsigned n)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < n; i++) {
        sum = sum * 33 + i;
    }
    return sum;
}

KEPT static void returning(int number)
{
    (void)number;
    returned += (int)(work(100) & 1) + 1;
}

KEPT static void leaving(int number)
{
    (void)number;
    left++;
    siglongjmp(back, left);
}

KEPT static void nesting(int number)
{
    (void)number;
    nested++;
    raise(SIGUSR1);
    nested++;
}

KEPT static void stacked(int number)
{
    volatile char here = (char)number;

    on_other_stack += &here >= other_stack && &here < other_stack + sizeof(other_stack);
    sink += work(50);
}

KEPT static void fault(int number)
{
    (void)number;
    faulted++;
    siglongjmp(back, 1);
}

KEPT static void handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

/* Faults in the midst of a block: what follows never runs. */
KEPT static void touch(void)
{
    sink += 3;
    *(volatile int *)8 = 1;
    sink += 5;
    on_other_stack = 0;
}

KEPT static void down(unsigned depth, int number)
{
    if (depth) {
        down(depth - 1, number);
        sink += work(depth);
    } else if (number == SIGSEGV) {
        touch();
    } else {
        raise(number);
    }
}

int main(void)
{
    stack_t stack = { .ss_sp = other_stack, .ss_size = sizeof(other_stack) };

    sigaltstack(&stack, NULL);
    handle(SIGUSR1, returning, 0);
    handle(SIGUSR2, leaving, 0);
    handle(SIGHUP, nesting, 0);
    handle(SIGALRM, stacked, SA_ONSTACK);
    handle(SIGSEGV, fault, SA_ONSTACK);
    for (volatile unsigned i = 0; i < ROUNDS; i++) {
        static const int numbers[] = { SIGUSR1, SIGUSR2, SIGHUP, SIGALRM, SIGSEGV };

        if (sigsetjmp(back, 1) == 0) {
            down(i % 9, numbers[i % 5]);
        }
    }
    printf("returned %d left %d nested %d stacked %d faulted %d\n", (int)returned, (int)left,
           (int)nested, (int)on_other_stack, (int)faulted);
    return 5;
}
