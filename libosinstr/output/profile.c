/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles: totals, and the names that keep functions apart in files. */
#include "profile.h"
#include "format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void osi_profile_totals(const struct osi_profile *profile, uint64_t *totals)
{
    for (size_t i = 0; i < profile->n_nodes; i++)
        totals[i] = profile->nodes[i].self;
    for (size_t i = profile->n_nodes; i-- > 1;)
        totals[profile->nodes[i].parent] += totals[i];
}

static bool equal_modules(const struct osi_profile_function *a, const struct osi_profile_function *b)
{
    return strcmp(a->module, b->module) == 0;
}

/* A hash tells most names apart without a look at them. */
struct named {
    guint hash;
    const struct osi_profile_function *function;
};

static int by_identity(const void *left, const void *right)
{
    const struct named *x = left, *y = right;
    const struct osi_profile_function *a = x->function, *b = y->function;
    int result = (x->hash > y->hash) - (x->hash < y->hash);

    if (!result)
        result = strcmp(a->name, b->name);
    if (!result)
        result = strcmp(a->module, b->module);
    if (!result)
        result = (a->address > b->address) - (a->address < b->address);
    return result ? result : (a > b) - (a < b);
}

/* Functions of one name, sorted by module, address and place. */
static void name_group(struct osi_profile_names *names, const struct named *group, size_t n)
{
    const struct osi_profile_function *functions = names->profile->functions;
    const struct osi_profile_function *first = group[0].function, *before = NULL;
    uint8_t elsewhere = equal_modules(first, group[n - 1].function) ? 0 : OSI_UNCLEAR_MODULE;

    for (size_t i = 0; i < n; i++) {
        const struct osi_profile_function *function = group[i].function;
        size_t at = (size_t)(function - functions);

        if (!equal_modules(first, function) || first->address != function->address)
            first = function;
        names->same[at] = (uint32_t)(first - functions);
        names->unclear[at] |= elsewhere;
        if (before && equal_modules(before, function) && before->address != function->address) {
            names->unclear[before - functions] |= OSI_UNCLEAR_ADDRESS;
            names->unclear[at] |= OSI_UNCLEAR_ADDRESS;
        }
        before = function;
    }
}

static bool is_same_name(const struct named *a, const struct named *b)
{
    return a->hash == b->hash && strcmp(a->function->name, b->function->name) == 0;
}

static void find_used(struct osi_profile_names *names)
{
    if (names->profile->nodes[0].self)
        names->used[osi_profile_function_of(names, 0)] = 1;
    for (size_t i = 1; i < names->profile->n_nodes; i++)
        names->used[osi_profile_function_of(names, i)] = 1;
}

void osi_profile_names_init(struct osi_profile_names *names, const struct osi_profile *profile)
{
    size_t n = profile->n_functions, end;
    struct named *sorted = g_new(struct named, n + 1);

    *names = (struct osi_profile_names){
        .profile = profile,
        .same = g_new0(uint32_t, n + 1),
        .used = g_new0(uint8_t, n + 1),
        .unclear = g_new0(uint8_t, n + 1),
    };
    for (size_t i = 0; i < n; i++)
        sorted[i] = (struct named){ g_str_hash(profile->functions[i].name),
                                    &profile->functions[i] };
    qsort(sorted, n, sizeof(*sorted), by_identity);
    for (size_t i = 0; i < n; i = end) {
        for (end = i + 1; end < n && is_same_name(&sorted[i], &sorted[end]);)
            end++;
        name_group(names, sorted + i, end - i);
    }
    g_free(sorted);
    find_used(names);
}

void osi_profile_names_clear(struct osi_profile_names *names)
{
    g_free(names->same);
    g_free(names->used);
    g_free(names->unclear);
}

/* Nearly all names: nothing in them is escaped. */
static bool is_plain(const char *text)
{
    while (*text > ' ' && *text <= '~' && *text != '\\')
        text++;
    return !*text;
}

void osi_profile_escape(GString *out, const char *text)
{
    size_t length = strlen(text), head = strspn(text, " "), tail = 0;
    g_autofree char *middle = NULL;

    if (is_plain(text)) {
        g_string_append_len(out, text, (gssize)length);
        return;
    }
    while (head + tail < length && text[length - 1 - tail] == ' ')
        tail++;
    for (size_t i = 0; i < head; i++)
        g_string_append(out, "\\x20");
    middle = g_strndup(text + head, length - head - tail);
    osi_format_escaped(out, middle);
    for (size_t i = 0; i < tail; i++)
        g_string_append(out, "\\x20");
}

void osi_profile_label(GString *out, const struct osi_profile_names *names, uint32_t function,
                       bool in_module)
{
    const struct osi_profile_function *f = &names->profile->functions[function];
    uint8_t unclear = names->unclear[names->same[function]];

    osi_profile_escape(out, f->name);
    if (!in_module && unclear & OSI_UNCLEAR_MODULE) {
        g_string_append_c(out, '@');
        osi_profile_escape(out, f->module);
    }
    if (unclear & OSI_UNCLEAR_ADDRESS)
        g_string_append_printf(out, "@0x%" PRIx64, f->address);
}

void osi_profile_origin(GString *out, const struct osi_profile *profile)
{
    osi_format_escaped(out, profile->tool ? profile->tool : "profile");
    if (profile->command && *profile->command) {
        g_string_append(out, ": ");
        osi_format_escaped(out, profile->command);
    }
}
