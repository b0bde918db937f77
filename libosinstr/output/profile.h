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

/* Writes the text and empties it, at once or when there is enough of it. Returns 0 or -errno. */
int osi_profile_put(GString *text, FILE *stream);
int osi_profile_put_some(GString *text, FILE *stream);
/* The last of a file: frees the text, after writing it if all went well so far (`code` is 0). */
int osi_profile_finish(GString *text, FILE *stream, int code);

#endif
