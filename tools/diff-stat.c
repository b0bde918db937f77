/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Are two histograms of one distribution? Values of one bucket are ties. */
#include <math.h>

#include "diff.h"

/* The buckets of both, walked upwards together. */
struct walk {
    const struct osi_histogram *histogram;
    size_t iterator;
    uint64_t low, count;
    bool more;
};

static void step(struct walk *walk)
{
    walk->more = osi_histogram_next(walk->histogram, &walk->iterator, &walk->low, NULL,
                                    &walk->count);
}

static struct walk begin_walk(const struct osi_histogram *histogram)
{
    struct walk walk = { .histogram = histogram, .iterator = 0 };

    step(&walk);
    return walk;
}

/* Values in the next bucket that either has. */
static bool next(struct walk *a, struct walk *b, double *of_a, double *of_b)
{
    uint64_t low = a->more && (!b->more || a->low <= b->low) ? a->low : b->low;

    if (!a->more && !b->more) {
        return false;
    }
    *of_a = *of_b = 0;
    if (a->more && a->low == low) {
        *of_a = (double)a->count;
        step(a);
    }
    if (b->more && b->low == low) {
        *of_b = (double)b->count;
        step(b);
    }
    return true;
}

double diff_mann_whitney(const struct osi_histogram *before, const struct osi_histogram *after)
{
    double n1 = before ? (double)osi_histogram_count(before) : 0, in_a, in_b;
    double n2 = after ? (double)osi_histogram_count(after) : 0, n = n1 + n2;
    double below = 0, u = 0, ties = 0, variance, distance;
    struct walk a, b;

    if (n1 < DIFF_FEW || n2 < DIFF_FEW) {
        return NAN;
    }
    a = begin_walk(before);
    b = begin_walk(after);
    while (next(&a, &b, &in_a, &in_b)) {
        double tied = in_a + in_b;

        u += in_b * (below + in_a / 2); /* pairs in which the one before is the smaller */
        below += in_a;
        ties += tied * tied * tied - tied;
    }
    variance = n1 * n2 / 12 * (n + 1 - ties / (n * (n - 1)));
    distance = fmax(fabs(u - n1 * n2 / 2) - 0.5, 0);
    return variance > 0 ? erfc(distance / sqrt(2 * variance)) : 1;
}
