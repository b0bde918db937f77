/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control that does not return the way it came: longjmp over many frames, sibling calls, mutual and
 * deep recursion.
 *
 * even_tail, odd_tail and through_pointer end in a jump to the next function; user.test looks for
 * it.
 */
#include <setjmp.h>
#include <stdio.h>

#include "program.h"

static jmp_buf outer, inner;
static volatile unsigned thrown, passed, always = 1;

KEPT static void throw_value(unsigned value)
{
    thrown += value;
    if (always) { /* so that the compiler thinks there is a way back */
        longjmp(value & 1 ? outer : inner, (int)value + 1);
    }
}

KEPT static void dig(unsigned depth, unsigned value)
{
    passed++;
    if (depth == 0) {
        throw_value(value);
    } else {
        dig(depth - 1, value);
    }
    passed--; /* never reached: longjmp leaves all frames */
}

KEPT static void guarded(unsigned value)
{
    if (setjmp(inner) == 0) {
        dig(value % 37, value);
    }
}

KEPT static void unguarded(unsigned value)
{
    guarded(value);
    passed++;
}

KEPT static unsigned odd_tail(unsigned n, unsigned sum);

KEPT static unsigned even_tail(unsigned n, unsigned sum)
{
    return n == 0 ? sum : odd_tail(n - 1, sum * 3 + 1);
}

KEPT static unsigned odd_tail(unsigned n, unsigned sum)
{
    return n == 0 ? ~sum : even_tail(n - 1, sum + n);
}

static unsigned (*volatile chosen)(unsigned n, unsigned sum) = even_tail;

KEPT static unsigned through_pointer(unsigned n)
{
    return chosen(n, 1);
}

KEPT static unsigned is_odd(unsigned n);

KEPT static unsigned is_even(unsigned n)
{
    return n == 0 ? 1 : is_odd(n - 1) + 2;
}

KEPT static unsigned is_odd(unsigned n)
{
    return n == 0 ? 0 : is_even(n - 1) + 3;
}

KEPT static unsigned deep(unsigned n)
{
    volatile unsigned char frame[64];

    frame[n % sizeof(frame)] = (unsigned char)n;
    return n == 0 ? 0 : deep(n - 1) + frame[n % sizeof(frame)];
}

KEPT static void throw_all(void)
{
    for (volatile unsigned i = 0; i < 500; i++) {
        if (setjmp(outer) == 0) {
            unguarded(i);
        }
    }
}

int main(void)
{
    unsigned sum = 0;

    throw_all();
    for (unsigned i = 0; i < 100; i++) {
        sum += through_pointer(i) ^ even_tail(i * 2, i);
        sum += is_even(i) + deep(i * 20);
    }
    sum += deep(20000);
    printf("thrown %u passed %u sum %08x\n", thrown, passed, (unsigned)sum);
    return 3;
}
