/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the bare-metal guests share: the console, the timer, the interrupt controller (GICv2). */
#ifndef GUEST_H
#define GUEST_H

#include <stdint.h>

#define UART 0x09000000ul
#define GICD 0x08000000ul
#define GICC 0x08010000ul
#define TIMER_IRQ 27

static inline void write32(uint64_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}

static inline uint32_t read32(uint64_t address)
{
    return *(volatile uint32_t *)address;
}

static inline void put(char c)
{
    write32(UART, (uint32_t)c);
}

static inline void text(const char *s)
{
    while (*s) {
        put(*s++);
    }
}

static inline void number(uint64_t n)
{
    char digits[24];
    int i = 0;

    do {
        digits[i++] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    while (i) {
        put(digits[--i]);
    }
}

static inline uint64_t counter(void)
{
    uint64_t value;

    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(value) : : "memory");
    return value;
}

static inline void timer_at(uint64_t deadline)
{
    __asm__ volatile("msr cntv_cval_el0, %0; msr cntv_ctl_el0, %1; isb"
                     : : "r"(deadline), "r"(1ul) : "memory");
}

static inline void timer_off(void)
{
    __asm__ volatile("msr cntv_ctl_el0, xzr; isb" ::: "memory");
}

static inline void gic_start(void)
{
    write32(GICD, 1);
    write32(GICD + 0x100, 1u << TIMER_IRQ);
    write32(GICC + 4, 0xff);
    write32(GICC, 1);
}

#endif
