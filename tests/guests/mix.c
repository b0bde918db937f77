/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work for the benchmark: a mix of what programs do (checksums, sorting, strings, recursion, calls
 * through pointers, switches), some seconds of it, on one core or on two. */
#include "guest.h"

#define ROUNDS 1200
#define N 4096

struct core {
    uint32_t words[N];
    uint8_t bytes[N];
    uint32_t state;
    uint64_t result;
} __attribute__((aligned(4096)));

static struct core cores[2];
static volatile int second_done;

static uint32_t next(struct core *c)
{
    c->state = c->state * 1664525u + 1013904223u;
    return c->state >> 8;
}

static uint32_t checksum(const uint8_t *p, unsigned n)
{
    uint32_t crc = ~0u;

    while (n--) {
        crc ^= *p++;
        for (int k = 0; k < 8; k++) {
            crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
        }
    }
    return ~crc;
}

static void sort(uint32_t *a, int low, int high)
{
    while (low < high) {
        uint32_t pivot = a[(low + high) / 2];
        int i = low, j = high;

        while (i <= j) {
            while (a[i] < pivot) {
                i++;
            }
            while (a[j] > pivot) {
                j--;
            }
            if (i <= j) {
                uint32_t t = a[i];

                a[i++] = a[j];
                a[j--] = t;
            }
        }
        sort(a, low, j);
        low = i;
    }
}

static unsigned fib(unsigned n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static uint32_t add(uint32_t a, uint32_t b) { return a + b; }
static uint32_t sub(uint32_t a, uint32_t b) { return a - b; }
static uint32_t mix(uint32_t a, uint32_t b) { return (a << 5 | a >> 27) ^ b; }
static uint32_t mul(uint32_t a, uint32_t b) { return a * (b | 1); }

static uint32_t calls(struct core *c, unsigned n)
{
    static uint32_t (*const table[])(uint32_t, uint32_t) = { add, sub, mix, mul };
    uint32_t value = 1;

    while (n--) {
        value = table[next(c) & 3](value, n);
    }
    return value;
}

static uint32_t machine(struct core *c, unsigned n)
{
    uint32_t a = 0, b = 1;

    while (n--) {
        switch (next(c) & 7) {
        case 0: a += b; break;
        case 1: b ^= a; break;
        case 2: a <<= 1; break;
        case 3: b -= 3; break;
        case 4: a = b; break;
        case 5: b = a * 3; break;
        case 6: a ^= n; break;
        default: b += 7; break;
        }
    }
    return a ^ b;
}

static unsigned match(const uint8_t *p, unsigned n)
{
    unsigned longest = 0;

    for (unsigned i = 64; i < n; i += 16) {
        for (unsigned back = 1; back < 64; back++) {
            unsigned length = 0;

            while (i + length < n && length < 32 && p[i + length] == p[i + length - back]) {
                length++;
            }
            longest = length > longest ? length : longest;
        }
    }
    return longest;
}

static void work(struct core *c)
{
    c->state = 12345;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < N; i++) {
            c->words[i] = next(c);
            c->bytes[i] = (uint8_t)(next(c) & 3);
        }
        c->result += checksum(c->bytes, N) + match(c->bytes, N) + fib(20);
        sort(c->words, 0, N - 1);
        c->result += c->words[N / 2] + calls(c, 40000) + machine(c, 40000);
    }
}

void irq_handler(void);
void irq_handler(void)
{
}

static uint8_t second_stack[16384] __attribute__((aligned(16)));

void second_main(void);
void second_main(void)
{
    work(&cores[1]);
    second_done = 1;
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void second_entry(void); /* start.S: PSCI CPU_ON enters here with the stack in x0 */

static int64_t start_second(void)
{
    register uint64_t x0 __asm__("x0") = 0xc4000003;
    register uint64_t x1 __asm__("x1") = 1;
    register uint64_t x2 __asm__("x2") = (uint64_t)second_entry;
    register uint64_t x3 __asm__("x3") = (uint64_t)(second_stack + sizeof(second_stack));

    __asm__ volatile("hvc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
    return (int64_t)x0;
}

int main(void)
{
    int two = start_second() == 0;

    work(&cores[0]);
    while (two && !second_done) {
    }
    text("mix ");
    number(cores[0].result);
    text(two ? " on two cores\n" : " on one core\n");
    return 0;
}
