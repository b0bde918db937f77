/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of a profile share: which functions are one, what they are called, what they sum
 * up to, and checked writing.
 *
 * The root is on no path: it stands for "all". Instructions of its own are a path by themselves.
 */
#ifndef OSI_OUTPUT_PROFILE_H
#define OSI_OUTPUT_PROFILE_H

#include <glib.h>
#include <osinstr/profile.h>
#include <stdbool.h>
#include <string.h>

struct osi_profile_names {
    const struct osi_profile *profile;
    uint32_t *same;   /* for each function the first that equals it in name, module and address */
    uint8_t *used;    /* for each function: it is on a path; only for those that are their `same` */
    uint8_t *unclear; /* what its name alone doesn't tell: */
};

enum {
    OSI_UNCLEAR_MODULE = 1,  /* another module has a function of this name */
    OSI_UNCLEAR_ADDRESS = 2, /* its own module has another of this name */
};

void osi_profile_names_init(struct osi_profile_names *names, const struct osi_profile *profile);
void osi_profile_names_clear(struct osi_profile_names *names);

/* The function of a node, the same number for equal functions. */
static inline uint32_t osi_profile_function_of(const struct osi_profile_names *names, size_t node)
{
    return names->same[names->profile->nodes[node].function];
}

/* As osi_format_escaped(), and blanks at the ends as \x20, since readers drop them. */
void osi_profile_escape(GString *out, const char *text);
/* Appends a name that no other function has, escaped: "init", "init@virtio_net" if other modules have
 * an init, "init@0xffff800010080000" if the module has several. With `in_module` the reader is told
 * the module in another way. */
void osi_profile_label(GString *out, const struct osi_profile_names *names, uint32_t function,
                       bool in_module);
/* "hotpath: a program". */
void osi_profile_origin(GString *out, const struct osi_profile *profile);

struct osi_profile_sums {
    uint64_t *node_total;         /* of each node */
    uint8_t *outermost;           /* of each node: no node of its function is above it */
    uint64_t *self, *total, *calls; /* of each function that is its `same`. Total: its outermost nodes */
};

void osi_profile_sums_init(struct osi_profile_sums *sums, const struct osi_profile_names *names);
void osi_profile_sums_clear(struct osi_profile_sums *sums);

/* ---- paths ---- */
struct osi_profile_step {
    uint32_t node;
    size_t length; /* of the bytes up to here */
};

/* What each function is written as, put together for one path after the other. */
struct osi_profile_paths {
    const struct osi_profile *profile;
    bool inner_first;
    GString *pieces;    /* of all functions */
    size_t *piece_ends; /* of function i: at i + 1 */
    size_t n_pieces;
    uint32_t *depth;    /* of each node; of a task 1 */
    struct osi_profile_step *steps; /* the path asked for last, from the task on */
    uint32_t n, n_steps;
    char *bytes;        /* its bytes; with the inner first they are at the end */
    size_t length, room;
};

void osi_profile_paths_init(struct osi_profile_paths *paths, const struct osi_profile *profile,
                            bool inner_first);
void osi_profile_paths_clear(struct osi_profile_paths *paths);
/* What the next function is written as: to be told for all functions before the first path. */
void osi_profile_paths_piece(struct osi_profile_paths *paths, const void *bytes, size_t n);
/* The pieces on the path to a node; valid until the next. */
const char *osi_profile_path(struct osi_profile_paths *paths, size_t node, size_t *length);

/* ---- writing ---- */
/* The kernel keeps a file in pages as large as it is given the bytes; those beyond this are costly. */
enum { OSI_PROFILE_PIECE = 65536 };

/* A file that is written in large pieces. After an error nothing is written any more. */
struct osi_profile_out {
    FILE *stream;
    int code;   /* of the first error, 0: none */
    char *bytes;
    size_t length;
};

void osi_profile_out_init(struct osi_profile_out *out, FILE *stream);
void osi_profile_out_slow(struct osi_profile_out *out, const void *bytes, size_t n);
void osi_profile_out_count(struct osi_profile_out *out, uint64_t count); /* as decimal digits */
void osi_profile_out_flush(struct osi_profile_out *out);
/* Writes the rest, flushes the stream; returns 0 or -errno. */
int osi_profile_out_finish(struct osi_profile_out *out);

static inline void osi_profile_out_bytes(struct osi_profile_out *out, const void *bytes, size_t n)
{
    if (n >= OSI_PROFILE_PIECE - out->length) {
        osi_profile_out_slow(out, bytes, n);
        return;
    }
    memcpy(out->bytes + out->length, bytes, n);
    out->length += n;
}

static inline void osi_profile_out_text(struct osi_profile_out *out, const char *text)
{
    osi_profile_out_bytes(out, text, strlen(text));
}

#endif
