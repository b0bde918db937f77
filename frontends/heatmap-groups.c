/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heatmap, of=pages,sample=N: which accesses of a block one call can tell of.
 *
 * What costs is QEMU's call at an access, not what is done there. Accesses from the same register, as a function's start
 * makes them to save registers or code that reads a structure, differ by constants: the first tells of all. */
#include <stdlib.h>
#include <string.h>

#include "heatmap.h"

#define BASES 32u
#define NEAR 512 /* bytes: further away it would often be another page */

/* Accesses from one register, so far. */
struct chain {
    size_t first;  /* instruction */
    int32_t moved; /* of the register since then */
    int32_t start; /* of the first access from the register */
    struct osi_page_group group;
};

_Static_assert(OSI_PAGE_GROUP < OSI_PAGE_GROUP_ALIGN, "the number fits into the address");

/* Nothing more joins it. */
static void close_chain(struct osi_pagemap *map, struct osi_block *block, struct chain *chain,
                        const struct heatmap_tell *tell)
{
    if (chain->group.n == 1) {
        osi_insn_observe(block, chain->first, true, true, tell->one, NULL);
    } else if (chain->group.n > 1) {
        uintptr_t group = (uintptr_t)osi_pagemap_group(map, &chain->group);

        osi_insn_observe(block, chain->first, true, true, tell->all, (void *)(group | chain->group.n));
    }
    chain->group.n = 0;
}

static bool belongs(const struct chain *chain, int32_t distance)
{
    return chain->group.n && chain->group.n < OSI_PAGE_GROUP && abs(distance) < NEAR;
}

static void add(struct osi_pagemap *map, struct osi_block *block, size_t insn, struct chain *chain,
                const struct osi_operand *operand, const struct heatmap_tell *tell)
{
    int32_t distance = chain->moved + operand->distance - chain->start;

    if (!belongs(chain, distance)) {
        close_chain(map, block, chain, tell);
        memset(chain, 0, sizeof(*chain)); /* groups are compared as bytes */
        chain->first = insn;
        chain->start = operand->distance;
        distance = 0;
    }
    chain->group.members[chain->group.n].distance = (int16_t)distance;
    chain->group.members[chain->group.n].size = operand->size;
    chain->group.members[chain->group.n].store = operand->store;
    chain->group.n++;
    chain->moved += operand->step;
}

void heatmap_groups_attach(struct osi_pagemap *map, struct osi_block *block,
                           const struct heatmap_tell *tell)
{
    struct chain chains[BASES];
    struct osi_operand operand;

    memset(chains, 0, sizeof(chains));
    for (size_t insn = 0; insn < osi_block_length(block); insn++) {
        uint32_t written = osi_insn_written(block, insn);

        if (osi_insn_operand(block, insn, &operand) && operand.base < BASES) {
            add(map, block, insn, &chains[operand.base], &operand, tell);
        } else {
            osi_insn_observe(block, insn, true, true, tell->one, NULL);
        }
        for (; written; written &= written - 1) {
            close_chain(map, block, &chains[__builtin_ctz(written)], tell);
        }
    }
    for (unsigned i = 0; i < BASES; i++) {
        close_chain(map, block, &chains[i], tell);
    }
}
