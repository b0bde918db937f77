/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses pages a known number of times through translations that change: as in pages.c, for other ISAs.
 *
 *   page 0, 1    plain: 7 reads of 8 bytes, 9 writes of 4
 *   16, 17       one address, remapped: 3 * 100 reads and 100 writes, 100 reads and 2 * 100 writes
 *   18, 19       one address in two address spaces: 2 * 100 reads, 5 * 100 reads
 */
#include "flow.h"
#include "remap.h"

#define PAGE(n) (PAGES + (uint64_t)(n) * 4096)
#define AT(n) (WINDOW + (uint64_t)(n) * 4096)

uint64_t window[SPACES][512] __attribute__((aligned(4096)));

void handle_refused(void) { end(1); }
void handle_asked(void) { end(1); }
void handle_call(void) { end(1); }
void handle_tick(void) { end(1); }

static void reads(uint64_t address, unsigned n)
{
    while (n--) {
        (void)*(volatile uint64_t *)address;
    }
}

static void writes(uint64_t address, unsigned n)
{
    while (n--) {
        *(volatile uint32_t *)address = n;
    }
}

static void remap(unsigned at, unsigned page)
{
    window[0][at] = 0;
    flush(AT(at));
    window[0][at] = entry_of(PAGE(page));
    flush(AT(at));
}

int main(void)
{
    reads(PAGE(0), 7);
    writes(PAGE(1), 9);
    window[0][1] = entry_of(PAGE(18));
    window[1][1] = entry_of(PAGE(19));
    start_translation();
    for (unsigned i = 0; i < 100; i++) {
        remap(0, 16);
        reads(AT(0), 3);
        writes(AT(0), 1);
        remap(0, 17);
        reads(AT(0), 1);
        writes(AT(0), 2);
    }
    for (unsigned i = 0; i < 100; i++) {
        reads(AT(1), 2);
        set_space(1);
        reads(AT(1), 5);
        set_space(0);
    }
    end(0);
}
