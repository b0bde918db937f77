/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words about blocks, for flow.c and instrument-flow.c.
 *
 * All that an arrival needs of a block is in 64 bits, which translated code holds as a constant: the code
 * objects of a kernel do not fit into a processor's cache, and looking at two of them at each call would
 * cost more than all the rest.
 *
 *   bits   of a block that is reached                of one that was left
 *   0-11   offset of its start in its page           offset of its end in its page
 *   12-21  its instructions, if counted ahead        kind of its last instruction
 *   22     it is a function's first
 *   23-25  slot of the session
 *   26-41  function, or FUNCTION_FAR                 the same
 *   42-63  code id                                   the same
 */
#ifndef OSINSTR_FLOW_WORD_H
#define OSINSTR_FLOW_WORD_H

#include <glib.h>

#include <osinstr/code.h>

#include "session/codes.h"

#define PAGE_BITS 0xfffu
#define AHEAD(word) ((unsigned)((word) >> 12) & 0x3ff)
#define KIND(word) ((enum osi_insn_kind)(((word) >> 12) & 0x3ff))
#define ENTRY (1ull << 22)
#define SLOT(word) ((unsigned)((word) >> 23) & (SLOTS - 1))
#define FUNCTION(word) ((uint32_t)((word) >> 26) & 0xffff)
#define FUNCTION_FAR 0xffffu /* too large for its field */
#define CODE_ID(word) ((uint32_t)((word) >> 42))
#define SLOTS 8u

_Static_assert(sizeof(void *) == sizeof(uint64_t), "a word goes where a pointer would");
_Static_assert(OSI_MAX_CODES < 1u << 22, "code ids have 22 bits");

/* A place as osinstr/calltree.h has it: where the code ends that was left. */
static inline uint64_t place_of(uint64_t word)
{
    return (uint64_t)CODE_ID(word) << 12 | (word & PAGE_BITS);
}

static inline uint64_t word_of(const struct osi_code *code)
{
    uint32_t function = MIN(code->function, FUNCTION_FAR);

    return (uint64_t)code->id << 42 | (uint64_t)function << 26;
}

#endif
