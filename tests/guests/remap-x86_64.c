/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86-64, QEMU's pc: tables of its own beside those that it was started with. */
#include "remap.h"

#define WRITABLE 3ul

const uint64_t WINDOW = 1ul << 39, PAGES = 0x600000;

static uint64_t root[SPACES][512] __attribute__((aligned(4096)));
static uint64_t upper[SPACES][512] __attribute__((aligned(4096)));
static uint64_t middle[SPACES][512] __attribute__((aligned(4096)));

uint64_t entry_of(uint64_t physical)
{
    return physical | WRITABLE;
}

void set_space(unsigned space)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(root[space]) : "memory");
}

void flush(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

void start_translation(void)
{
    const uint64_t *first;

    __asm__ volatile("mov %%cr3, %0" : "=r"(first));
    for (unsigned i = 0; i < SPACES; i++) {
        root[i][0] = first[0];
        root[i][1] = entry_of((uint64_t)upper[i]);
        upper[i][0] = entry_of((uint64_t)middle[i]);
        middle[i][0] = entry_of((uint64_t)window[i]);
    }
    set_space(0);
}
