/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_block from inside: a block under translation, decoded. */
#ifndef OSINSTR_BLOCK_INTERNAL_H
#define OSINSTR_BLOCK_INTERNAL_H

#include "session/internal.h"

struct osi_block {
    struct osi_session *session;
    struct osi_host_block *host;
    const struct osi_code *code; /* NULL: nobody asked yet */
    uint64_t address;
    size_t n;
    bool looked_before, knows_before;
    struct osi_decoded before; /* for osi_block_before() */
    uint16_t counted_to[OSI_MAX_BLOCK]; /* index behind the last instruction counted with this one */
    struct osi_decoded decoded[OSI_MAX_BLOCK];
};

/* The instruction in memory right before the block, which the block before may have ended with. NULL: not known. */
const struct osi_decoded *osi_block_before(struct osi_block *block);

#endif
