/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First one function, then another, then both by turns. */
#include "guest.h"

void phase_a(uint64_t), phase_b(uint64_t);

void irq_handler(void);
void irq_handler(void)
{
}

int main(void)
{
    phase_a(250000);
    phase_b(100000);
    for (unsigned i = 0; i < 10; i++) {
        phase_a(10000);
        phase_b(10000);
    }
    return 0; /* nothing is printed: a block that accesses a device is executed in parts and counted twice */
}
