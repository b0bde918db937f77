/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The panel of a flame graph: the tree, cut down to what can be seen.
 *
 * A node is left out, with all below it, when its total is too small; the page says how many were
 * and how much they had. A blob has for each node, from the root in depth-first order: function,
 * kind, total, self, children. */
#include "html-tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NODES = 60000 };

/* Whose code it is; colours in the page. */
enum kind { KIND_TASK, KIND_USER, KIND_KERNEL, KIND_IRQ };

struct output {
    struct html_tree *tree;
    GByteArray *bytes;
    GPtrArray *shown; /* struct html_function */
    uint64_t least;
    uint64_t pruned_nodes, pruned, nodes;
};

/* Children have higher numbers than their parents. */
static void add_up(struct html_tree *tree)
{
    for (guint i = tree->nodes->len; i-- > 0;) {
        struct html_node *node = node_at(tree, i);

        node->total += MIN(node->self, UINT64_MAX - node->total);
        if (i) {
            struct html_node *parent = node_at(tree, node->parent);

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

static enum kind kind_of(const struct html_function *function, enum kind above, bool below_task)
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

static uint32_t shown(struct output *out, struct html_function *function)
{
    if (!function->shown) {
        g_ptr_array_add(out->shown, function);
        function->shown = out->shown->len;
    }
    return function->shown - 1;
}

static int by_total(const void *a, const void *b, void *data)
{
    const struct html_node *x = node_at(data, *(const uint32_t *)a);
    const struct html_node *y = node_at(data, *(const uint32_t *)b);

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
        const struct html_node *node = node_at(out->tree, todo.node);
        struct html_function *function = function_at(out->tree, node->function);
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
        const struct html_function *function = out->shown->pdata[i];

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
