/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RISC-V, QEMU's virt: Sv39, in S-mode. */
#include "remap.h"

#define VALID_RWX 0xcful /* valid, read, write, execute, accessed, dirty */
#define TABLE 1ul
#define GIGA 0x40000000ul

const uint64_t WINDOW = 4 * GIGA, PAGES = 0x82000000;

static uint64_t root[SPACES][512] __attribute__((aligned(4096)));
static uint64_t middle[SPACES][512] __attribute__((aligned(4096)));

static uint64_t pointer_to(const uint64_t *table)
{
    return (uint64_t)table >> 12 << 10 | TABLE;
}

uint64_t entry_of(uint64_t physical)
{
    return physical >> 12 << 10 | VALID_RWX;
}

/* The address spaces have numbers, so there is nothing to flush. */
void set_space(unsigned space)
{
    uint64_t value = 8ul << 60 | (space + 1ul) << 44 | (uint64_t)root[space] >> 12;

    __asm__ volatile("csrw satp, %0" : : "r"(value) : "memory");
}

void flush(uint64_t address)
{
    __asm__ volatile("sfence.vma %0, zero" : : "r"(address) : "memory");
}

/* On behalf of S-mode all memory is open. */
static void enter_supervisor(void)
{
    uint64_t here;

    __asm__ volatile("csrw pmpaddr0, %0; csrw pmpcfg0, %1" : : "r"(~0ul >> 10), "r"(0x1ful));
    __asm__ volatile("csrc mstatus, %1; csrs mstatus, %2; la %0, 1f; csrw mepc, %0; mret; 1:"
                     : "=&r"(here) : "r"(3ul << 11), "r"(1ul << 11) : "memory");
}

void start_translation(void)
{
    for (unsigned i = 0; i < SPACES; i++) {
        root[i][0] = entry_of(0);
        root[i][2] = entry_of(2 * GIGA);
        root[i][4] = pointer_to(middle[i]);
        middle[i][0] = pointer_to(window[i]);
    }
    enter_supervisor();
    set_space(0);
}
