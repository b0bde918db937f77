/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ISAs that arch.c can find; each is defined in the file of its name. */
#ifndef OSINSTR_ARCH_INTERNAL_H
#define OSINSTR_ARCH_INTERNAL_H

#include "osinstr/arch.h"

extern const struct osi_arch osi_arch_aarch64;
extern const struct osi_arch_interrupts osi_interrupts_aarch64;
bool osi_aarch64_operand(const uint8_t *bytes, size_t size, struct osi_operand *out);
uint32_t osi_aarch64_written(const uint8_t *bytes, size_t size);
extern const struct osi_arch osi_arch_riscv64;
extern const struct osi_arch osi_arch_x86_64;

#endif
