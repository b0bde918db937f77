/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Four threads that run at the same time and compute on their own; the main thread waits for all.
 * What they compute is the same in every run; how often they wait for a lock or each other is not. */
#include <pthread.h>
#include <stdio.h>

#include "program.h"

enum { THREADS = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t total;

KEPT static uint32_t mix(uint32_t x)
{
    x ^= x << 13;
    x ^= x >> 17;
    return x ^ x << 5;
}

KEPT static uint32_t spiral(uint32_t x, unsigned depth)
{
    return depth == 0 ? mix(x) : spiral(mix(x), depth - 1) + depth;
}

KEPT static void add(uint32_t x)
{
    pthread_mutex_lock(&lock);
    total += x;
    pthread_mutex_unlock(&lock);
}

KEPT static void *worker(void *data)
{
    uint32_t x = *(uint32_t *)data;

    for (unsigned i = 0; i < 500; i++) {
        x = spiral(x, i % 23);
        add(x);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    uint32_t seeds[THREADS] = { 11, 222, 3333, 44444 };

    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, worker, &seeds[i])) {
            return 1;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("total %08x\n", (unsigned)total);
    return 9;
}
