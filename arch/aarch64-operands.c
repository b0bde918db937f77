/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AArch64: where a load or store goes, and which registers an instruction writes. Arm Architecture Reference Manual,
 * C4.1 (A64 instruction set encoding), "Loads and Stores" for the forms below. */
#include "arch-internal.h"

#define ALL UINT32_MAX

static uint32_t bits(uint32_t word, unsigned from, unsigned n)
{
    return word >> from & ((1u << n) - 1);
}

static int32_t signed_bits(uint32_t word, unsigned from, unsigned n)
{
    return (int32_t)(word << (32 - from - n)) >> (32 - n);
}

static uint32_t word_of(const uint8_t *bytes)
{
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* log2 of the bytes that a load or store of one register moves; -1: none, a prefetch, or not allocated. */
static int scale_of(uint32_t word, bool *store)
{
    unsigned size = bits(word, 30, 2), opc = bits(word, 22, 2);

    if (bits(word, 26, 1)) { /* FP and SIMD: opc<1> of the smallest size means 128 bits */
        *store = !(opc & 1);
        return opc < 2 ? (int)size : size == 0 ? 4 : -1;
    }
    *store = opc == 0;
    return opc < 2 || size + opc < 5 ? (int)size : -1;
}

enum { UNSCALED, POST_INDEX, UNPRIVILEGED, PRE_INDEX };

static bool one_register(uint32_t word, struct osi_operand *out)
{
    int scale = scale_of(word, &out->store), index = (int)bits(word, 10, 2);

    if (scale < 0) {
        return false;
    }
    out->size = (uint8_t)(1 << scale);
    if (bits(word, 24, 1)) { /* unsigned offset */
        out->distance = (int32_t)(bits(word, 10, 12) << scale);
        return true;
    }
    if (bits(word, 21, 1) || index == UNPRIVILEGED) { /* register offset, atomic, signed pointer; another level's memory */
        return false;
    }
    out->step = index == UNSCALED ? 0 : signed_bits(word, 12, 9);
    out->distance = index == POST_INDEX ? 0 : signed_bits(word, 12, 9);
    return true;
}

/* Two of general registers are one access; two of FP and SIMD are two. LDNP, STNP, LDPSW are like the others, STGP is not. */
static bool two_registers(uint32_t word, struct osi_operand *out)
{
    unsigned opc = bits(word, 30, 2), index = bits(word, 23, 2);
    int32_t offset = signed_bits(word, 15, 7) * (opc == 2 ? 8 : 4);

    out->store = !bits(word, 22, 1);
    if (bits(word, 26, 1) || opc == 3 || (opc == 1 && (out->store || index == 0))) {
        return false;
    }
    out->size = opc == 2 ? 16 : 8;
    out->step = index == 1 || index == 3 ? offset : 0;
    out->distance = index == 1 ? 0 : offset;
    return true;
}

static bool is_one_register(uint32_t word)
{
    return (word & 0x3a000000) == 0x38000000;
}

static bool is_two_registers(uint32_t word)
{
    return (word & 0x3a000000) == 0x28000000;
}

bool osi_aarch64_operand(const uint8_t *bytes, size_t size, struct osi_operand *out)
{
    uint32_t word;

    if (size != 4) {
        return false;
    }
    word = word_of(bytes);
    *out = (struct osi_operand){ .base = (uint8_t)bits(word, 5, 5) };
    return (is_one_register(word) && one_register(word, out)) ||
           (is_two_registers(word) && two_registers(word, out));
}

static uint32_t loads_and_stores(const uint8_t *bytes, uint32_t word)
{
    uint32_t rt = 1u << bits(word, 0, 5), rt2 = 1u << bits(word, 10, 5), rn = 1u << bits(word, 5, 5);
    bool fp = bits(word, 26, 1), store;
    struct osi_operand operand;

    if (osi_aarch64_operand(bytes, 4, &operand)) {
        return operand.store || fp ? 0 : is_two_registers(word) ? rt | rt2 : rt;
    }
    if (is_two_registers(word) && fp) {
        return bits(word, 23, 1) ? rn : 0;
    }
    if (is_one_register(word) && (word & 0x01200c00) == 0x00200800) { /* register offset */
        return scale_of(word, &store) < 0 || store || fp ? 0 : rt;
    }
    return ALL; /* among them are some that write up to eight */
}

/* By op0 of the whole instruction set. Number 31 may be the zero register: then it is the stack pointer for
 * nothing. */
uint32_t osi_aarch64_written(const uint8_t *bytes, size_t size)
{
    uint32_t word;

    if (size != 4) {
        return ALL;
    }
    word = word_of(bytes);
    switch (bits(word, 25, 4)) {
    case 4: case 6: case 12: case 14:
        return loads_and_stores(bytes, word);
    case 8: case 9:           /* data processing, immediate; AUTIASPPC, AUTIBSPPC write the link register */
        return (word & 0xff800000) == 0xf3800000 ? ALL : 1u << bits(word, 0, 5);
    case 5: case 13:          /* register */
    case 7: case 15:          /* FP and SIMD: moves to general registers */
        return 1u << bits(word, 0, 5);
    default: /* system instructions, branches; SVE, SME */
        return ALL;
    }
}
