/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_block from inside: a block under translation, decoded. */
#ifndef OSINSTR_BLOCK_INTERNAL_H
#define OSINSTR_BLOCK_INTERNAL_H

#include "session/internal.h"

#define OSI_MAX_INSN 16 /* bytes */

struct osi_block {
    struct osi_session *session;
    struct osi_host_block *host;
    const struct osi_code *code; /* NULL: nobody asked yet */
    uint64_t address;
    size_t n;
    bool looked_before, knows_before;
    bool counted; /* osi_block_is_counted() */
    struct osi_decoded before; /* for osi_block_before() */
    uint16_t counted_to[OSI_MAX_BLOCK]; /* index behind the last instruction counted with this one */
    uint16_t at[OSI_MAX_BLOCK + 1];     /* where each instruction's bytes begin, and where the last one's end */
    uint8_t bytes[OSI_MAX_BLOCK * OSI_MAX_INSN];
    struct osi_decoded decoded[OSI_MAX_BLOCK];
};

static inline size_t osi_block_insn_size(const struct osi_block *block, size_t insn)
{
    return (size_t)(block->at[insn + 1] - block->at[insn]);
}

/* The instruction in memory right before the block, which the block before may have ended with. NULL: not known. */
const struct osi_decoded *osi_block_before(struct osi_block *block);

#endif
