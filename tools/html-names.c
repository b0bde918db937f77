/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What slices of the timeline refer to: tasks, each stage of their lives, and texts. */
#include "html.h"
#include "names.h"

struct html_names {
    GHashTable *task_index, *text_index; /* -> index plus 1 */
    GPtrArray *tasks;                    /* char *: JSON */
    GPtrArray *texts;                    /* char * */
    uint64_t first, last;
};

struct html_names *html_names_new(void)
{
    struct html_names *names = g_new0(struct html_names, 1);

    names->task_index = g_hash_table_new(NULL, NULL);
    names->text_index = g_hash_table_new(g_str_hash, g_str_equal);
    names->tasks = g_ptr_array_new_with_free_func(g_free);
    names->texts = g_ptr_array_new_with_free_func(g_free);
    names->first = UINT64_MAX;
    return names;
}

void html_names_free(struct html_names *names)
{
    g_hash_table_destroy(names->task_index);
    g_hash_table_destroy(names->text_index);
    g_ptr_array_unref(names->tasks);
    g_ptr_array_unref(names->texts);
    g_free(names);
}

void html_names_extend(struct html_names *names, uint64_t start, uint64_t end)
{
    names->first = MIN(names->first, start);
    names->last = MAX(names->last, end);
}

void html_names_span(const struct html_names *names, uint64_t *first, uint64_t *last)
{
    *first = MIN(names->first, names->last);
    *last = names->last;
}

uint32_t html_task_index(struct html_names *names, const struct osi_task *task)
{
    gpointer key = GUINT_TO_POINTER(task ? task->id : 0);
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(names->task_index, key));

    if (G_UNLIKELY(!index)) {
        GString *json = g_string_new("[");
        char *name = styled(task ? task->comm : NAME_UNKNOWN, NAME_PLAIN);

        html_put_string(json, name);
        g_string_append_printf(json, ",%d,%u,%u]", task ? (int)task->pid : -1,
                               task ? task->tgid : 0, task ? task->key : 0);
        g_ptr_array_add(names->tasks, g_string_free(json, FALSE));
        index = names->tasks->len;
        g_hash_table_insert(names->task_index, key, GUINT_TO_POINTER(index));
        g_free(name);
    }
    return index;
}

uint32_t html_text_index(struct html_names *names, const char *text)
{
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(names->text_index, text));

    if (G_UNLIKELY(!index)) {
        char *own = g_strdup(text);

        g_ptr_array_add(names->texts, own);
        index = names->texts->len;
        g_hash_table_insert(names->text_index, own, GUINT_TO_POINTER(index));
    }
    return index;
}

void html_names_put(const struct html_names *names, struct html_page *page)
{
    g_string_append(page->json, "\"tasks\":[");
    for (guint i = 0; i < names->tasks->len; i++) {
        g_string_append_printf(page->json, "%s%s", i ? "," : "", (char *)names->tasks->pdata[i]);
    }
    g_string_append(page->json, "],\"texts\":[");
    for (guint i = 0; i < names->texts->len; i++) {
        char *text = styled(names->texts->pdata[i], NAME_PLAIN);

        g_string_append(page->json, i ? "," : "");
        html_put_string(page->json, text);
        g_free(text);
    }
    g_string_append(page->json, "],");
}
