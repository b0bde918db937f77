/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A calling-context tree as plain arrays, and the files that show it.
 *
 * Each node is a function on one path of calls, with what was spent in the function itself on this path.
 * Node 0 is the root, its children are the tasks, below are the functions that each task began with. An
 * interrupt or exception is a node of its own ("[irq 27]"). What a node and all below it spent together
 * is its total; the total of the root is all that was counted. The root is on no path; instructions of
 * its own are a path by themselves.
 *
 * Functions that are equal in name, module and address are one. Others stay apart in all files: where
 * the name is not enough, it is written as name@module, name@0xaddress or name@module@0xaddress.
 *
 * All calls may be made from any thread; they read the arrays only.
 */
#ifndef OSINSTR_PROFILE_H
#define OSINSTR_PROFILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_report;

struct osi_profile_function {
    const char *name;   /* "do_sys_open", "[irq 27]", "sh-123"; never NULL or empty */
    const char *module; /* "[kernel]", "virtio_net", a program's name, "[task]", "[irq]"; never NULL */
    uint64_t address;   /* of its first instruction; 0: it has none */
};

struct osi_profile_node {
    uint32_t parent;   /* its caller's node, always a lower index; 0 for node 0 itself */
    uint32_t function;
    uint64_t self;     /* instructions in the function itself, called on this path */
    uint64_t calls;    /* how often it was called on this path */
};

struct osi_profile {
    const char *tool;    /* "hotpath", for the files' notes on their origin */
    const char *command; /* what was observed: a program, a kernel, a machine */
    const struct osi_profile_function *functions;
    const struct osi_profile_node *nodes;
    size_t n_functions, n_nodes; /* at least one node */
};

/* The total of each node into `totals`, which has room for n_nodes. */
void osi_profile_totals(const struct osi_profile *profile, uint64_t *totals);

/* Files: 0 or -errno; the stream is flushed and stays open. Equal profiles give equal files. */
/* One line per path with a self count, "task;function;function count": flamegraph.pl, speedscope,
 * Perfetto. The file grows with the depth of the tree: each line is a whole path. */
int osi_profile_folded(const struct osi_profile *profile, FILE *stream);
/* Callgrind's format: KCachegrind, callgrind_annotate. The cost of a call to a function that is on the
 * path already is 0, as it is part of the first call's. */
int osi_profile_callgrind(const struct osi_profile *profile, FILE *stream);
/* Compressed protocol buffer of pprof, with instructions and calls; each sample has the label "task". */
int osi_profile_pprof(const struct osi_profile *profile, FILE *stream);
/* speedscope's JSON: a profile for each task. */
int osi_profile_speedscope(const struct osi_profile *profile, FILE *stream);

/* Tables of the hottest functions (`top` rows are printed, the JSON has all), tasks, and the hottest
 * path: from the root always on to the child with the greatest total. */
void osi_profile_report(const struct osi_profile *profile, struct osi_report *report, size_t top);

#ifdef __cplusplus
}
#endif
#endif
