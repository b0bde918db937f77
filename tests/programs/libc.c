/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The C library at work: printf and strtod both ways, malloc, qsort, bsearch, strings, memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

enum { WORDS = 600 };

static char *words[WORDS];

KEPT static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

KEPT static int by_length(const void *a, const void *b)
{
    size_t left = strlen(*(char *const *)a), right = strlen(*(char *const *)b);

    return left != right ? (left > right) - (left < right) : by_text(a, b);
}

KEPT static char *make_word(uint32_t *state)
{
    char text[128];
    uint32_t x = next_value(state);

    snprintf(text, sizeof(text), "%s-%u-%#x-%.*f", x & 1 ? "left" : "right", x % 1000, x,
             (int)(x % 5), x / 7.0);
    return strdup(text);
}

KEPT static double sum_numbers(void)
{
    double sum = 0;

    for (int i = 0; i < WORDS; i++) {
        char *end;

        sum += strtod(strrchr(words[i], '-') + 1, &end);
        sum += (double)strtol(strchr(words[i], '-') + 1, &end, 10);
    }
    return sum;
}

KEPT static uint32_t move_memory(uint32_t *state)
{
    uint32_t sum = 0;

    for (int i = 0; i < 300; i++) {
        size_t size = 1 + next_value(state) % 5000;
        unsigned char *a = malloc(size), *b = calloc(size, 2);

        memset(a, i, size);
        memcpy(b, a, size);
        memmove(b + size / 2, b, size);
        b = realloc(b, size * 3);
        sum += b[size] + (memcmp(a, b, size) != 0) + (memchr(b, i + 1, size) != NULL);
        free(a);
        free(b);
    }
    return sum;
}

int main(void)
{
    uint32_t state = 42, moved;
    unsigned found = 0;

    for (int i = 0; i < WORDS; i++) {
        words[i] = make_word(&state);
    }
    qsort(words, WORDS, sizeof(words[0]), by_length);
    printf("%s %s\n", words[0], words[WORDS - 1]);
    qsort(words, WORDS, sizeof(words[0]), by_text);
    for (int i = 0; i < WORDS; i += 3) {
        found += bsearch(&words[i], words, WORDS, sizeof(words[0]), by_text) != NULL;
    }
    moved = move_memory(&state);
    printf("%s %u %.17g %u\n", words[WORDS / 2], found, sum_numbers(), (unsigned)moved);
    for (int i = 0; i < WORDS; i++) {
        free(words[i]);
    }
    return fflush(stdout) ? 1 : 0;
}
