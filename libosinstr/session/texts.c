/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disassembly of code objects. */
#include <string.h>

#include "output/disasm.h"
#include "session/block-internal.h"
#include "session/texts.h"

/* An instruction's text behind its place in the block. */
struct line {
    uint32_t offset, size;
    char *text;
};

struct osi_texts {
    GMutex lock;
    struct osi_disasm *disasm; /* NULL: by QEMU */
    GHashTable *by_id;         /* by QEMU: arrays of struct line */
};

static void free_lines(void *data)
{
    GArray *lines = data;

    for (guint i = 0; i < lines->len; i++) {
        free(g_array_index(lines, struct line, i).text);
    }
    g_array_unref(lines);
}

struct osi_texts *osi_texts_new(const char *target)
{
    struct osi_texts *texts = g_new0(struct osi_texts, 1);

    g_mutex_init(&texts->lock);
    texts->disasm = osi_disasm_open(target);
    texts->by_id = g_hash_table_new_full(NULL, NULL, NULL, free_lines);
    return texts;
}

void osi_texts_free(struct osi_texts *texts)
{
    if (texts) {
        osi_disasm_close(texts->disasm);
        g_hash_table_destroy(texts->by_id);
        g_mutex_clear(&texts->lock);
        g_free(texts);
    }
}

static GArray *lines_of(const struct osi_block *block)
{
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(struct line));

    for (size_t i = 0; i < block->n; i++) {
        struct line line = { .offset = (uint32_t)(osi_insn_address(block, i) - block->address) };

        line.size = (uint32_t)osi_insn_bytes(block, i, NULL, 0);
        line.text = osi_insn_text(block, i);
        g_array_append_val(lines, line);
    }
    return lines;
}

void osi_texts_keep(struct osi_texts *texts, const struct osi_block *block)
{
    gpointer id = GUINT_TO_POINTER(block->code->id);
    bool known;

    if (texts->disasm) {
        return;
    }
    g_mutex_lock(&texts->lock);
    known = g_hash_table_contains(texts->by_id, id);
    g_mutex_unlock(&texts->lock);
    if (!known) {
        GArray *lines = lines_of(block); /* not under the lock: this takes long */

        g_mutex_lock(&texts->lock);
        g_hash_table_replace(texts->by_id, id, lines);
        g_mutex_unlock(&texts->lock);
    }
}

static size_t kept(const struct osi_texts *texts, const struct osi_code *code, uint32_t offset,
                   char *text, size_t size)
{
    const GArray *lines = g_hash_table_lookup(texts->by_id, GUINT_TO_POINTER(code->id));

    for (guint i = 0; lines && i < lines->len; i++) {
        const struct line *line = &g_array_index(lines, struct line, i);

        if (line->offset == offset) {
            g_strlcpy(text, line->text ? line->text : "?", size);
            return line->size;
        }
    }
    return 0;
}

size_t osi_code_text(const struct osi_code *code, uint32_t offset, char *text, size_t size)
{
    struct osi_texts *texts = code->session->texts;

    if (!texts || offset >= code->size) {
        return 0;
    }
    return texts->disasm ? osi_disasm(texts->disasm, code->address + offset, code->bytes + offset,
                                      code->size - offset, text, size)
                         : kept(texts, code, offset, text, size);
}
