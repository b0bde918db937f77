/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tree of calls for the flame graph, cut down to what can be seen.
 *
 * A node is left out, with all below it, when its total is too small; the page says how many were
 * and how much they had. A blob has for each node, from the root in depth-first order: function,
 * kind, total, self, children. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"

enum { MAX_NODES = 60000 };

/* Whose code it is; colours in the page. */
enum kind { KIND_TASK, KIND_USER, KIND_KERNEL, KIND_IRQ };

struct function {
    char *name, *module;
    uint32_t shown; /* index in the page plus 1 */
};

struct node {
    uint32_t parent, function;
    uint32_t child, sibling; /* 0: none, as node 0 is the root */
    uint64_t self, total;
};

struct html_tree {
    GArray *functions, *nodes;
    GHashTable *function_index; /* "module\1name" -> index plus 1 */
    GHashTable *edges;          /* parent << 32 | function -> node */
    GArray *last;               /* nodes of the last path: the next one mostly shares them */
};

static struct node *node_at(const struct html_tree *tree, uint32_t i)
{
    return &g_array_index(tree->nodes, struct node, i);
}

static struct function *function_at(const struct html_tree *tree, uint32_t i)
{
    return &g_array_index(tree->functions, struct function, i);
}

/* GLib's own uses the lower half of the number only. */
static guint edge_hash(gconstpointer key)
{
    return (guint)((*(const guint64 *)key * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)) >> 32);
}

struct html_tree *html_tree_new(void)
{
    struct html_tree *tree = g_new0(struct html_tree, 1);
    struct node root = { .function = 0 };

    tree->functions = g_array_new(FALSE, FALSE, sizeof(struct function));
    tree->nodes = g_array_new(FALSE, FALSE, sizeof(struct node));
    tree->function_index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    tree->edges = g_hash_table_new_full(edge_hash, g_int64_equal, g_free, NULL);
    tree->last = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_array_append_val(tree->nodes, root);
    html_tree_function(tree, "all", "");
    return tree;
}

void html_tree_free(struct html_tree *tree)
{
    if (!tree) {
        return;
    }
    for (guint i = 0; i < tree->functions->len; i++) {
        g_free(function_at(tree, i)->name);
        g_free(function_at(tree, i)->module);
    }
    g_array_free(tree->functions, TRUE);
    g_array_free(tree->nodes, TRUE);
    g_hash_table_destroy(tree->function_index);
    g_hash_table_destroy(tree->edges);
    g_array_free(tree->last, TRUE);
    g_free(tree);
}

uint32_t html_tree_function(struct html_tree *tree, const char *name, const char *module)
{
    char *key = g_strconcat(module, "\1", name, NULL);
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(tree->function_index, key));

    if (index) {
        g_free(key);
    } else {
        struct function function = { .name = g_strdup(name), .module = g_strdup(module) };

        g_array_append_val(tree->functions, function);
        index = tree->functions->len;
        g_hash_table_insert(tree->function_index, key, GUINT_TO_POINTER(index));
    }
    return index - 1;
}

static uint32_t child_of(struct html_tree *tree, uint32_t parent, uint32_t function)
{
    gint64 key = (gint64)((uint64_t)parent << 32 | function), *own;
    guint found = GPOINTER_TO_UINT(g_hash_table_lookup(tree->edges, &key));
    struct node node = { .parent = parent, .function = function };

    if (found) {
        return found;
    }
    found = tree->nodes->len;
    node.sibling = node_at(tree, parent)->child;
    g_array_append_val(tree->nodes, node);
    node_at(tree, parent)->child = found;
    own = g_new(gint64, 1);
    *own = key;
    g_hash_table_insert(tree->edges, own, GUINT_TO_POINTER(found));
    return found;
}

void html_tree_add(struct html_tree *tree, const uint32_t *path, size_t length, uint64_t self)
{
    uint32_t at = 0;
    size_t i = 0;
    struct node *node;

    while (i < length && i < tree->last->len) {
        uint32_t known = g_array_index(tree->last, uint32_t, i);

        if (node_at(tree, known)->function != path[i]) {
            break;
        }
        at = known;
        i++;
    }
    g_array_set_size(tree->last, (guint)i);
    for (; i < length; i++) {
        at = child_of(tree, at, path[i]);
        g_array_append_val(tree->last, at);
    }
    node = node_at(tree, at);
    node->self += MIN(self, UINT64_MAX - node->self);
}

/* ---- output ---- */
struct output {
    struct html_tree *tree;
    GByteArray *bytes;
    GPtrArray *shown; /* struct function */
    uint64_t least;
    uint64_t pruned_nodes, pruned, nodes;
};

/* Children have higher numbers than their parents. */
static void add_up(struct html_tree *tree)
{
    for (guint i = tree->nodes->len; i-- > 0;) {
        struct node *node = node_at(tree, i);

        node->total += MIN(node->self, UINT64_MAX - node->total);
        if (i) {
            struct node *parent = node_at(tree, node->parent);

            parent->total += MIN(node->total, UINT64_MAX - parent->total);
        }
    }
}

static int descending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x > y ? -1 : x < y;
}

/* The total that so many nodes have. */
static uint64_t least_total(const struct html_tree *tree)
{
    uint64_t *totals, least;

    if (tree->nodes->len <= MAX_NODES) {
        return 1;
    }
    totals = g_new(uint64_t, tree->nodes->len);
    for (guint i = 0; i < tree->nodes->len; i++) {
        totals[i] = node_at(tree, i)->total;
    }
    qsort(totals, tree->nodes->len, sizeof(*totals), descending);
    least = totals[MAX_NODES] + 1;
    g_free(totals);
    return MAX(least, 1);
}

static enum kind kind_of(const struct function *function, enum kind above, bool below_task)
{
    if (strcmp(function->module, "[task]") == 0) {
        return KIND_TASK;
    }
    if (g_str_has_prefix(function->name, "[irq") || above == KIND_IRQ) {
        return KIND_IRQ;
    }
    if (strcmp(function->module, "[kernel]") == 0 || strcmp(function->module, "[exception]") == 0) {
        return strcmp(function->name, "[signal]") == 0 ? KIND_USER : KIND_KERNEL;
    }
    if (strcmp(function->module, "[user]") == 0) {
        return KIND_USER;
    }
    return below_task ? (*function->module ? KIND_USER : KIND_KERNEL) : above;
}

static uint32_t shown(struct output *out, struct function *function)
{
    if (!function->shown) {
        g_ptr_array_add(out->shown, function);
        function->shown = out->shown->len;
    }
    return function->shown - 1;
}

static int by_total(const void *a, const void *b, void *data)
{
    const struct node *x = node_at(data, *(const uint32_t *)a);
    const struct node *y = node_at(data, *(const uint32_t *)b);

    if (x->total != y->total) {
        return x->total > y->total ? -1 : 1;
    }
    return x->function < y->function ? -1 : x->function > y->function;
}

static void count_below(struct output *out, uint32_t from)
{
    GArray *stack = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    g_array_append_val(stack, from);
    while (stack->len) {
        uint32_t at = g_array_index(stack, uint32_t, stack->len - 1);

        g_array_set_size(stack, stack->len - 1);
        out->pruned_nodes++;
        for (uint32_t c = node_at(out->tree, at)->child; c; c = node_at(out->tree, c)->sibling) {
            g_array_append_val(stack, c);
        }
    }
    g_array_free(stack, TRUE);
}

/* The children that are large enough, the largest first. */
static GArray *children_of(struct output *out, uint32_t at)
{
    GArray *kept = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (uint32_t c = node_at(out->tree, at)->child; c; c = node_at(out->tree, c)->sibling) {
        if (node_at(out->tree, c)->total >= out->least) {
            g_array_append_val(kept, c);
        } else {
            out->pruned += node_at(out->tree, c)->total;
            count_below(out, c);
        }
    }
    g_array_sort_with_data(kept, by_total, out->tree);
    return kept;
}

struct todo {
    uint32_t node;
    enum kind above;
    bool below_task;
};

/* With a stack of our own: trees are as deep as what ran recursed. */
static void encode(struct output *out)
{
    GArray *stack = g_array_new(FALSE, FALSE, sizeof(struct todo));
    struct todo root = { .node = 0, .above = KIND_TASK };

    g_array_append_val(stack, root);
    while (stack->len) {
        struct todo todo = g_array_index(stack, struct todo, stack->len - 1);
        const struct node *node = node_at(out->tree, todo.node);
        struct function *function = function_at(out->tree, node->function);
        enum kind kind = todo.node ? kind_of(function, todo.above, todo.below_task) : KIND_TASK;
        GArray *children = children_of(out, todo.node);

        g_array_set_size(stack, stack->len - 1);
        html_put_varint(out->bytes, shown(out, function));
        html_put_varint(out->bytes, kind);
        html_put_varint(out->bytes, node->total);
        html_put_varint(out->bytes, node->self);
        html_put_varint(out->bytes, children->len);
        out->nodes++;
        for (guint i = children->len; i-- > 0;) {
            struct todo child = { .node = g_array_index(children, uint32_t, i), .above = kind,
                                  .below_task = todo.node && kind == KIND_TASK };

            g_array_append_val(stack, child);
        }
        g_array_free(children, TRUE);
    }
    g_array_free(stack, TRUE);
}

static void put_functions(const struct output *out, GString *json)
{
    g_string_append(json, "\"functions\":[");
    for (guint i = 0; i < out->shown->len; i++) {
        const struct function *function = out->shown->pdata[i];

        g_string_append(json, i ? ",[" : "[");
        html_put_string(json, function->name);
        g_string_append_c(json, ',');
        html_put_string(json, function->module);
        g_string_append_c(json, ']');
    }
    g_string_append(json, "],");
}

void html_tree_put(struct html_tree *tree, struct html_page *page)
{
    struct output out = { .tree = tree, .bytes = g_byte_array_new(),
                          .shown = g_ptr_array_new() };

    add_up(tree);
    out.least = least_total(tree);
    encode(&out);
    put_functions(&out, page->json);
    g_string_append_printf(page->json, "\"nodes\":%" PRIu64 ",\"left_out\":%" PRIu64
                           ",\"left_out_total\":%" PRIu64 ",\"least\":%" PRIu64 ",\"blob\":",
                           out.nodes, out.pruned_nodes, out.pruned, out.least);
    html_put_blob(page, out.bytes);
    g_ptr_array_unref(out.shown);
}
