/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses pages of memory a known number of times, through translations that change in each way there is.
 *
 *   page 0 … 7   plain: (n + 1) * 100 reads of 8 bytes, (n + 1) * 10 writes of 4
 *   8 … 10       pairs, cleared blocks, exclusives: as many as QEMU makes of them
 *   16, 17       one address, remapped: 3 * 100 reads and 100 writes, 100 reads and 2 * 100 writes
 *   18, 19       one address in two address spaces: 2 * 100 reads, 5 * 100 reads
 *   21           faults at first: 40 reads
 *   22           reads that end in the next page: 25
 *   24, 25       one address, remapped by the first core and read by the second: 5 * 50 reads each
 *   26, 27       one address, remapped while the second core reads it, nobody knows how often
 *   512, 1024    one address, without and with translation: 4 * 50 writes, 6 * 50 writes
 *
 * Page 0 is at 0x42000000. The real-time clock is read 12 times.
 */
#include "guest.h"

#define RAM 0x40000000ul
#define PAGE(n) (0x42000000ul + (uint64_t)(n) * 4096)
#define WINDOW 0x80000000ul /* the virtual addresses that change */
#define AT(n) (WINDOW + (uint64_t)(n) * 4096)
#define RTC 0x09010000ul

#define TABLE 3ul
#define BLOCK 1ul
#define ENTRY 3ul
#define NORMAL (1ul << 2 | 3ul << 8 | 1ul << 10) /* MAIR 1, inner shareable, accessed */
#define DEVICE (1ul << 10)
#define OF_SPACE (1ul << 11) /* not global */

typedef volatile uint64_t *words;

static uint64_t root[2][512] __attribute__((aligned(4096)));
static uint64_t ram[512] __attribute__((aligned(4096)));
static uint64_t window_tables[2][512] __attribute__((aligned(4096)));
static uint64_t window[2][512] __attribute__((aligned(4096)));
uint64_t *fault_entry, fault_page;
extern char fault_vectors[];
static volatile uint64_t turn, over;

static void barrier(void) { __asm__ volatile("dsb ish; isb" ::: "memory"); }

static void flush(uint64_t address)
{
    __asm__ volatile("dsb ishst; tlbi vaae1is, %0; dsb ish; isb" : : "r"(address >> 12) : "memory");
}

static void reads(uint64_t address, unsigned n)
{
    while (n--) {
        (void)*(words)address;
    }
}

static void writes(uint64_t address, unsigned n)
{
    while (n--) {
        *(volatile uint32_t *)address = n;
    }
}

static void map(unsigned space, unsigned at, unsigned page)
{
    window[space][at] = PAGE(page) | NORMAL | ENTRY | OF_SPACE;
    barrier();
}

static void remap(unsigned at, unsigned page)
{
    window[0][at] = 0;
    flush(AT(at));
    map(0, at, page);
}

static void set_space(unsigned space)
{
    uint64_t value = (uint64_t)root[space] | (uint64_t)(space + 1) << 48;

    __asm__ volatile("msr ttbr0_el1, %0; isb" : : "r"(value) : "memory");
}

static void translate(int on)
{
    uint64_t control;

    __asm__ volatile("mrs %0, sctlr_el1" : "=r"(control));
    control = on ? control | 1 | 1 << 2 | 1 << 12 : control & ~1ul;
    __asm__ volatile("dsb sy; msr sctlr_el1, %0; isb" : : "r"(control) : "memory");
}

static void make_tables(void)
{
    for (unsigned i = 0; i < 512; i++) {
        ram[i] = (RAM + i * 0x200000ul) | NORMAL | BLOCK;
    }
    ram[(0x42200000 - RAM) / 0x200000] = 0x42400000 | NORMAL | BLOCK;
    for (unsigned i = 0; i < 2; i++) {
        root[i][0] = DEVICE | BLOCK;
        root[i][1] = (uint64_t)ram | TABLE;
        root[i][2] = (uint64_t)window_tables[i] | TABLE;
        window_tables[i][0] = (uint64_t)window[i] | TABLE;
    }
}

static void start_translation(void)
{
    __asm__ volatile("msr mair_el1, %0; msr tcr_el1, %1; isb" : :
                     "r"(0xff00ul), "r"(25ul | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2ul << 32));
    __asm__ volatile("tlbi vmalle1; dsb ish; isb" ::: "memory");
    set_space(0);
    translate(1);
}

void irq_handler(void);
void irq_handler(void)
{
}

/* ---- parts ---- */
static void plain(void)
{
    for (unsigned i = 0; i < 8; i++) {
        reads(PAGE(i), (i + 1) * 100);
        writes(PAGE(i) + 64, (i + 1) * 10);
    }
}

static void others(void)
{
    for (unsigned i = 0; i < 30; i++) {
        uint64_t a, b;
        uint32_t failed;

        __asm__ volatile("ldp %0, %1, [%2]; stp %0, %1, [%2, #32]"
                         : "=&r"(a), "=&r"(b) : "r"(PAGE(8)) : "memory");
        __asm__ volatile("dc zva, %0" : : "r"(PAGE(9)) : "memory");
        __asm__ volatile("ldxr %0, [%2]; stxr %w1, %0, [%2]"
                         : "=&r"(a), "=&r"(failed) : "r"(PAGE(10)) : "memory");
    }
}

static void remapped(void)
{
    for (unsigned i = 0; i < 100; i++) {
        remap(0, 16);
        reads(AT(0), 3);
        writes(AT(0), 1);
        remap(0, 17);
        reads(AT(0), 1);
        writes(AT(0), 2);
    }
}

static void two_spaces(void)
{
    map(0, 1, 18);
    map(1, 1, 19);
    for (unsigned i = 0; i < 100; i++) {
        reads(AT(1), 2);
        set_space(1);
        reads(AT(1), 5);
        set_space(0);
    }
}

static void faults(void)
{
    fault_entry = &window[0][2];
    fault_page = PAGE(21) | NORMAL | ENTRY;
    for (unsigned i = 0; i < 40; i++) {
        window[0][2] = 0;
        flush(AT(2));
        reads(AT(2), 1);
    }
}

static void on_and_off(void)
{
    for (unsigned i = 0; i < 50; i++) {
        translate(0);
        writes(PAGE(512), 4);
        translate(1);
        writes(PAGE(512), 6);
    }
}

/* ---- the other core ---- */
static uint8_t second_stack[16384] __attribute__((aligned(16)));

void second_main(void);
void second_main(void)
{
    __asm__ volatile("msr vbar_el1, %0; msr tpidr_el1, %1; isb" : : "r"(fault_vectors), "r"(1ul));
    start_translation();
    while (!over) {
        if (turn == 3) {
            reads(AT(4), 100);
        }
        if (turn == 2) {
            reads(AT(3), 5);
            turn = 1;
        }
    }
    over = 2;
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void second_entry(void); /* start.S: PSCI CPU_ON enters here with the stack in x0 */

static int start_second(void)
{
    register uint64_t x0 __asm__("x0") = 0xc4000003;
    register uint64_t x1 __asm__("x1") = 1;
    register uint64_t x2 __asm__("x2") = (uint64_t)second_entry;
    register uint64_t x3 __asm__("x3") = (uint64_t)(second_stack + sizeof(second_stack));

    __asm__ volatile("hvc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0 == 0;
}

static void by_the_other(void)
{
    for (unsigned i = 0; i < 100; i++) {
        remap(3, 24 + i % 2);
        turn = 2;
        while (turn == 2) {
        }
    }
    map(0, 4, 26);
    turn = 3;
    for (unsigned i = 0; i < 1000; i++) {
        remap(4, 26 + i % 2);
        for (unsigned k = 0; k < 3000; k++) {
            __asm__ volatile("");
        }
    }
    over = 1;
    while (over == 1) {
    }
}

void from_here(void), to_here(void);
__attribute__((noinline)) void from_here(void) { __asm__ volatile(""); }
__attribute__((noinline)) void to_here(void) { __asm__ volatile(""); }

int main(void)
{
    __asm__ volatile("msr vbar_el1, %0; msr tpidr_el1, xzr; isb" : : "r"(fault_vectors));
    plain();
    make_tables();
    start_translation();
    others();
    from_here();
    remapped();
    to_here();
    two_spaces();
    faults();
    for (unsigned i = 0; i < 25; i++) {
        reads(PAGE(22) + 0xffc, 1);
    }
    on_and_off();
    if (start_second()) {
        by_the_other();
    }
    for (unsigned i = 0; i < 12; i++) {
        read32(RTC);
    }
    text("done\n");
    return 0;
}
