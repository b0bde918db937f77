/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disassembly of code objects: by capstone when it is asked for, or, where that doesn't know the
 * target, by QEMU at translation. */
#ifndef OSINSTR_TEXTS_H
#define OSINSTR_TEXTS_H

#include <osinstr/block.h>

struct osi_texts;

struct osi_texts *osi_texts_new(const char *target);
void osi_texts_free(struct osi_texts *texts); /* NULL is allowed */
/* The block's code is known: keep QEMU's text if nothing else will tell it. */
void osi_texts_keep(struct osi_texts *texts, const struct osi_block *block);

#endif
