/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions that plugins find here, as this program declares them. insn_data and
 * read_register have the widest type of all versions; the rest is the X list's. */
#ifndef FAKEHOST_API_H
#define FAKEHOST_API_H

#include "internal.h"

#define FAKE_DECLARE(name, ret, params, needed) FAKE_API ret qemu_plugin_##name params;
QP_FUNCTIONS(FAKE_DECLARE)
#undef FAKE_DECLARE

FAKE_API size_t qemu_plugin_insn_data(const struct qp_insn *insn, void *dest, size_t size);
FAKE_API bool qemu_plugin_translate_vaddr(uint64_t vaddr, uint64_t *to);
FAKE_API void qemu_plugin_set_pc(uint64_t vaddr);

/* They die unless the block is being translated, by this thread. */
struct qp_tb *fake_open_tb(const struct qp_tb *tb);
struct qp_insn *fake_open_insn(const struct qp_insn *insn);

#endif
