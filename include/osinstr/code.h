/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_code: the code of a block, one object however often QEMU translates it; and functions.
 *
 * A block is known by its address and its bytes: the same bytes at the same address are the same
 * object, code that was patched is another one. Objects live as long as the session, and do not
 * change: any thread may read them at any time.
 *
 * The address is the one that QEMU translated it at first. AArch64, x86 and RISC-V code may run at
 * another address without being translated again (a shared library in another process, kernel code
 * before the MMU is on); the low 12 bits hold.
 */
#ifndef OSINSTR_CODE_H
#define OSINSTR_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/arch.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_session;
struct osi_block;

struct osi_code {
    /* What callbacks look at: one cache line. */
    struct osi_session *session;
    uint64_t address;      /* of the first instruction */
    struct osi_decoded last; /* the last instruction; its displacement counts from last_address */
    uint32_t size;         /* bytes */
    uint32_t n;            /* instructions */
    uint32_t function;     /* number of the function that the first instruction is in, 0: not known */
    uint32_t id;           /* dense, from 1, in order of first translation */
    uint32_t called;       /* see osi_code_called() */
    bool entry;            /* the first instruction is its function's first */
    /* The rest. */
    void *data;            /* tool->code_size zeroed bytes, the tool's own; its code hook fills them */
    uint64_t last_address; /* of the last instruction */
    uint32_t offset;       /* bytes from its function's start */
    const uint8_t *bytes;
};

/* The address behind the code: where a call returns to, and a branch that is not taken goes on. */
static inline uint64_t osi_code_end(const struct osi_code *code)
{
    return code->address + code->size;
}

/* Is this a user program's code, under a kernel that is known? For code hooks: early code of the
 * kernel has such addresses, too, but comes before. */
bool osi_is_user_code(const struct osi_session *session, uint64_t address);

/* The code of a block under translation. In the block hook; the code hook ran before. */
const struct osi_code *osi_block_code(struct osi_block *block);
/* By id; NULL if there is none yet. Any thread; no lock. */
const struct osi_code *osi_code(const struct osi_session *session, uint32_t id);
/* Ids are below this number. */
uint32_t osi_n_codes(const struct osi_session *session);

/* The function that a call of this code calls: that of the symbol, else one that is named by its
 * address. Any thread; takes a lock the first time. */
uint32_t osi_code_called_slow(const struct osi_code *code);

static inline uint32_t osi_code_called(const struct osi_code *code)
{
    uint32_t called = __atomic_load_n(&code->called, __ATOMIC_RELAXED);

    return called ? called : osi_code_called_slow(code);
}
/* Disassembles the instruction `offset` bytes behind the code's start into `text`. Returns its length in
 * bytes; 0 at the end. For report hooks of tools with OSI_NEED_TEXT; without it, always 0. */
size_t osi_code_text(const struct osi_code *code, uint32_t offset, char *text, size_t size);

/* A function as symbols tell it: of the guest's kernel, of a bare-metal program, of the program that
 * user-mode QEMU runs. */
struct osi_function {
    const char *name;   /* lives as long as the session */
    const char *module; /* "[kernel]", a program's file name */
    uint64_t address;   /* run-time, of its first instruction */
    uint64_t size;      /* bytes to the next symbol */
    uint32_t number;    /* dense, from 1 */
};

/* Number of the function that holds a run-time address, 0 if no symbol tells. Any thread; takes a
 * lock: not for the hot path. */
uint32_t osi_function_at(struct osi_session *session, uint64_t address);
/* The number of something that counts as a function but has no symbol: a name ("[irq 27]") of a
 * module, or just an address, whose name is then the address. Any thread; takes a lock. */
uint32_t osi_function_named(struct osi_session *session, const char *name, const char *module);
uint32_t osi_function_unnamed(struct osi_session *session, uint64_t address);
/* By number; false if there is none. */
bool osi_function(struct osi_session *session, uint32_t number, struct osi_function *function);

#ifdef __cplusplus
}
#endif
#endif
