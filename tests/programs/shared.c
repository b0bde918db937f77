/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Uses the C library, wherever that is, and says at its end what is mapped where. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

enum { ITEMS = 400 };

static uint32_t items[ITEMS];
static char text[64];
static unsigned long sum;

KEPT static int rising(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

KEPT static void window_begins(uint32_t seed)
{
    for (int i = 0; i < ITEMS; i++) {
        items[i] = next_value(&seed);
    }
}

KEPT static void window_ends(void)
{
    sum += strtoul(text, NULL, 16);
}

KEPT static void round_of(uint32_t seed)
{
    window_begins(seed);
    qsort(items, ITEMS, sizeof(items[0]), rising);
    snprintf(text, sizeof(text), "%08x", (unsigned)items[ITEMS / 2]);
    window_ends();
}

static void copy_maps(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];

    while (maps && fgets(line, sizeof(line), maps)) {
        fputs(line, stdout);
    }
    if (maps) {
        fclose(maps);
    }
}

int main(void)
{
    for (uint32_t round = 1; round <= 20; round++) {
        round_of(round);
    }
    printf("sum %lx\n", sum);
    copy_maps();
    return 4;
}
