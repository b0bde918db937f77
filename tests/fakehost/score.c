/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scoreboards: one element per vCPU, 16 at first, moved in memory each time they grow.
 *
 * Growing always allocates anew and spoils the old memory, so that a pointer kept
 * from before shows in any build, and at once in one with a sanitizer.
 */
#include <string.h>

#include "api.h"

#define FIRST_SIZE 16

struct qp_scoreboard {
    size_t element;
    char *data;
    struct qp_scoreboard *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct qp_scoreboard *all;
static size_t allocated = FIRST_SIZE; /* elements of every scoreboard */

FAKE_API struct qp_scoreboard *qemu_plugin_scoreboard_new(size_t element)
{
    struct qp_scoreboard *score = g_new0(struct qp_scoreboard, 1);

    score->element = element;
    pthread_mutex_lock(&lock);
    score->data = g_malloc0(element * allocated);
    score->next = all;
    all = score;
    pthread_mutex_unlock(&lock);
    return score;
}

static void spoil(void *memory, size_t size)
{
    memset(memory, 0xa5, size);
    g_free(memory);
}

FAKE_API void qemu_plugin_scoreboard_free(struct qp_scoreboard *score)
{
    struct qp_scoreboard **link = &all;

    pthread_mutex_lock(&lock);
    while (*link && *link != score) {
        link = &(*link)->next;
    }
    if (!*link) {
        fake_die("scoreboard_free of what is no scoreboard");
    }
    *link = score->next;
    pthread_mutex_unlock(&lock);
    spoil(score->data, score->element * allocated);
    g_free(score);
}

FAKE_API void *qemu_plugin_scoreboard_find(struct qp_scoreboard *score, unsigned vcpu)
{
    if (vcpu >= atomic_load(&fake_n_vcpus)) {
        fake_die("scoreboard_find for vCPU %u of %u", vcpu, atomic_load(&fake_n_vcpus));
    }
    return score->data + vcpu * score->element;
}

void fake_score_grow(unsigned vcpus)
{
    size_t size = allocated;

    while (size < vcpus) {
        size *= 2;
    }
    if (size == allocated) {
        return;
    }
    pthread_mutex_lock(&lock);
    for (struct qp_scoreboard *score = all; score; score = score->next) {
        char *moved = g_malloc0(score->element * size);

        memcpy(moved, score->data, score->element * allocated);
        spoil(score->data, score->element * allocated);
        score->data = moved;
    }
    allocated = size;
    pthread_mutex_unlock(&lock);
    fake_flush_blocks();
}

static uint64_t *cell_at(struct qp_u64 cell, unsigned vcpu)
{
    if (cell.offset + sizeof(uint64_t) > cell.score->element || vcpu >= allocated) {
        fake_die("a cell at offset %zu of an element of %zu bytes", cell.offset,
                 cell.score->element);
    }
    return (uint64_t *)(cell.score->data + vcpu * cell.score->element + cell.offset);
}

/* The compiler's sanitizers don't see the code that QEMU generates, so they don't see this. */
__attribute__((no_sanitize_thread))
void fake_score_apply(struct qp_u64 cell, unsigned vcpu, int op, uint64_t value)
{
    uint64_t *at = cell_at(cell, vcpu);

    *at = op == QP_INLINE_ADD_U64 ? *at + value : value;
}

__attribute__((no_sanitize_thread))
uint64_t fake_score_read(struct qp_u64 cell, unsigned vcpu)
{
    return *cell_at(cell, vcpu);
}
