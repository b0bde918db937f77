/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The graph for Graphviz: what is hot is red, edges as thick as they are frequent. */
#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>

#include <osinstr/cfg.h>

#include "output/csv.h"

/* 0 to 1000, by digits rather than by size: few blocks would have any colour else. */
static unsigned heat(uint64_t count, uint64_t most)
{
    unsigned of = 0, all = 0;

    for (uint64_t i = count; i; i >>= 1) {
        of++;
    }
    for (uint64_t i = most; i; i >>= 1) {
        all++;
    }
    return all ? of * 1000 / all : 0;
}

static void put_escaped(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            putc('\\', stream);
        }
        putc((unsigned char)*text < ' ' ? ' ' : *text, stream);
    }
}

static void put_block(const struct osi_cfg *cfg, size_t n, uint64_t most, osi_cfg_text_fn text,
                      void *data, FILE *stream)
{
    const struct osi_cfg_block *block = osi_cfg_block(cfg, n);
    unsigned warmth = heat(block->executions, most);
    char line[256];
    size_t length;

    fprintf(stream, "  b%zu [fillcolor=\"0.02 %u.%03u 1.0\", label=\"0x%" PRIx64 " - 0x%" PRIx64
            ": %" PRIu64 "\\l", n, warmth * 7 / 10000, warmth * 7 / 10 % 1000, block->start,
            block->end, block->executions);
    for (uint64_t at = block->start;
         at < block->end && (length = text(data, at, line, sizeof(line))) > 0; at += length) {
        fprintf(stream, "  %" PRIx64 "  ", at);
        put_escaped(stream, line);
        fputs("\\l", stream);
    }
    fputs("\"];\n", stream);
}

static void put_end(size_t n, const char *outside, FILE *stream)
{
    if (n == OSI_CFG_OUTSIDE) {
        fputs(outside, stream);
    } else {
        fprintf(stream, "b%zu", n);
    }
}

static void put_edge(const struct osi_cfg_edge *edge, uint64_t most, FILE *stream)
{
    unsigned warmth = heat(edge->count, most), width = 10 + warmth * 40 / 1000;
    bool strange = edge->kind == OSI_EDGE_EXCEPTION || edge->kind == OSI_EDGE_OTHER;
    bool around = edge->kind == OSI_EDGE_AROUND;

    fputs("  ", stream);
    put_end(edge->from, "entry", stream);
    fputs(" -> ", stream);
    put_end(edge->to, "exit", stream);
    fprintf(stream, " [label=\"%" PRIu64 "%s\", penwidth=%u.%u, color=\"0.02 %u.%03u 0.8\"%s];\n",
            edge->count, around ? " (call)" : "", width / 10, width % 10, warmth / 1000,
            warmth % 1000, strange ? ", style=dashed" : around ? ", style=bold" : "");
}

int osi_cfg_dot(const struct osi_cfg *cfg, const char *title, osi_cfg_text_fn text, void *data,
                FILE *stream)
{
    uint64_t most = 0;

    for (size_t i = 0; i < osi_cfg_n_blocks(cfg); i++) {
        most = MAX(most, osi_cfg_block(cfg, i)->executions);
    }
    fputs("digraph \"", stream);
    put_escaped(stream, title);
    fputs("\" {\n  label=\"", stream);
    put_escaped(stream, title);
    fputs("\";\n  labelloc=t;\n  node [shape=box, style=filled, fontname=monospace];\n"
          "  edge [fontname=monospace];\n"
          "  entry [shape=oval, fillcolor=white];\n  exit [shape=oval, fillcolor=white];\n", stream);
    for (size_t i = 0; i < osi_cfg_n_blocks(cfg); i++) {
        put_block(cfg, i, most, text, data, stream);
    }
    for (size_t i = 0; i < osi_cfg_n_edges(cfg); i++) {
        put_edge(osi_cfg_edge(cfg, i), most, stream);
    }
    fputs("}\n", stream);
    return osi_csv_end(stream);
}
