/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions as text, by capstone, where it is installed and knows the target.
 *
 * QEMU may have loaded another release of capstone into the same process, with the same names. So
 * ours is not linked: it is opened by the file name that belongs to the headers it was compiled with,
 * binds to itself first, and is asked for its version. */
#ifndef OSI_OUTPUT_DISASM_H
#define OSI_OUTPUT_DISASM_H

#include <stddef.h>
#include <stdint.h>

struct osi_disasm;

/* NULL: no text for this target here. One thread at a time. */
struct osi_disasm *osi_disasm_open(const char *target);
void osi_disasm_close(struct osi_disasm *disasm); /* NULL is allowed */
/* The text of the first instruction of `size` bytes of code, "ldr x0, [x1]". Returns its length in bytes, at least 1; 0 if size is 0. Bytes that are no
 * instruction give ".byte 0x…". */
size_t osi_disasm(struct osi_disasm *disasm, uint64_t address, const uint8_t *bytes, size_t size,
                  char *text, size_t text_size);

#endif
