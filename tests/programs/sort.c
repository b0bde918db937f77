/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorting, hashing and recursion of its own, calls through pointers; printf at the end only. */
#include <stdio.h>

#include "program.h"

enum { VALUES = 2000, BUCKETS = 257 };

typedef int (*order_fn)(uint32_t a, uint32_t b);

static uint32_t values[VALUES], spare[VALUES], buckets[BUCKETS];

KEPT static int rising(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

KEPT static int falling(uint32_t a, uint32_t b)
{
    return rising(b, a);
}

KEPT static int by_low_byte(uint32_t a, uint32_t b)
{
    int c = rising(a & 0xff, b & 0xff);

    return c ? c : falling(a, b);
}

KEPT static void insertion_sort(uint32_t *v, int n, order_fn order)
{
    for (int i = 1; i < n; i++) {
        uint32_t x = v[i];
        int j = i;

        for (; j > 0 && order(v[j - 1], x) > 0; j--) {
            v[j] = v[j - 1];
        }
        v[j] = x;
    }
}

KEPT static void merge(uint32_t *v, int half, int n, order_fn order)
{
    int left = 0, right = half;

    for (int i = 0; i < n; i++) {
        if (right >= n || (left < half && order(v[left], v[right]) <= 0)) {
            spare[i] = v[left++];
        } else {
            spare[i] = v[right++];
        }
    }
    for (int i = 0; i < n; i++) {
        v[i] = spare[i];
    }
}

KEPT static void merge_sort(uint32_t *v, int n, order_fn order)
{
    if (n <= 8) {
        insertion_sort(v, n, order);
        return;
    }
    merge_sort(v, n / 2, order);
    merge_sort(v + n / 2, n - n / 2, order);
    merge(v, n / 2, n, order);
}

KEPT static uint32_t hash_of(uint32_t x)
{
    uint32_t h = 2166136261u;

    for (int i = 0; i < 4; i++) {
        h = (h ^ (x & 0xff)) * 16777619u;
        x >>= 8;
    }
    return h;
}

KEPT static unsigned ackermann(unsigned m, unsigned n)
{
    if (m == 0) {
        return n + 1;
    }
    return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

KEPT static unsigned fibonacci(unsigned n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

int main(void)
{
    static const order_fn orders[] = { rising, falling, by_low_byte };
    uint32_t state = 1, sum = 0;

    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < VALUES; i++) {
            values[i] = next_value(&state);
        }
        merge_sort(values, VALUES, orders[round % 3]);
        for (int i = 0; i < VALUES; i++) {
            buckets[hash_of(values[i] + (uint32_t)i) % BUCKETS] += values[i];
        }
    }
    for (int i = 0; i < BUCKETS; i++) {
        sum = sum * 31 + buckets[i];
    }
    printf("sum %08x ackermann %u fibonacci %u\n", (unsigned)sum, ackermann(2, 30), fibonacci(18));
    return 7;
}
