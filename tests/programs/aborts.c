/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Works a while, then ends by a signal. */
#include <stdio.h>
#include <stdlib.h>

#include "program.h"

static volatile uint32_t sink;

KEPT static void work(uint32_t n)
{
    uint32_t state = n;

    while (n--) {
        sink += next_value(&state);
    }
}

int main(void)
{
    work(5000);
    printf("%08x\n", (unsigned)sink);
    fflush(stdout);
    abort();
}
