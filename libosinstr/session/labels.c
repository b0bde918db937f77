/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that events share. In a trace their numbers are those of its strings. */
#include <stdio.h>

#include "session/internal.h"

struct osi_labels {
    GMutex lock;
    GHashTable *by_text; /* struct osi_label, which owns the text */
};

static void label_free(void *data)
{
    struct osi_label *label = data;

    g_free((char *)label->text);
    g_free(label);
}

struct osi_labels *osi_labels_new(void)
{
    struct osi_labels *labels = g_new0(struct osi_labels, 1);

    g_mutex_init(&labels->lock);
    labels->by_text = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, label_free);
    return labels;
}

void osi_labels_free(struct osi_labels *labels)
{
    if (labels) {
        g_hash_table_destroy(labels->by_text);
        g_mutex_clear(&labels->lock);
        g_free(labels);
    }
}

const struct osi_label *osi_label(struct osi_session *session, const char *text)
{
    struct osi_labels *labels = session->labels;
    struct osi_label *label;

    g_mutex_lock(&labels->lock);
    label = g_hash_table_lookup(labels->by_text, text);
    if (!label) {
        label = g_new(struct osi_label, 1);
        label->text = g_strdup(text);
        label->id = session->trace ? osi_trace_define_string(session->trace, text)
                                   : g_hash_table_size(labels->by_text) + 1;
        g_hash_table_insert(labels->by_text, (char *)label->text, label);
    }
    g_mutex_unlock(&labels->lock);
    return label;
}

const struct osi_label *osi_label_of(struct osi_session *session, uint64_t address)
{
    uint64_t offset;
    const char *name = osi_symbol_at(session, address, &offset);
    char text[256];

    if (name) {
        snprintf(text, sizeof(text), "%s+0x%" G_GINT64_MODIFIER "x", name, offset);
    } else {
        snprintf(text, sizeof(text), "0x%" G_GINT64_MODIFIER "x", address);
    }
    return osi_label(session, text);
}
