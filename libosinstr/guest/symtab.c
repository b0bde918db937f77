/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbols sorted by address, with a hash over their stems.
 *
 * A kernel has 150 000 symbols, so a symbol is 16 bytes plus its name in one arena, and the hash is
 * two arrays of 32-bit indices. Chains are keyed by the stem (the name without compiler suffixes),
 * so that foo and foo.isra.0 meet.
 */
#include "guest/symtab.h"

#include "guest/symname.h"

#include <fnmatch.h>
#include <glib.h>
#include <string.h>

struct symbol {
    uint64_t address;
    uint32_t name; /* offset in the arena */
    char type;
};

struct osi_symtab {
    GArray *symbols; /* of struct symbol; absolute ones last */
    GString *arena;
    size_t placed; /* symbols that osi_symtab_resolve() considers */
    uint64_t end;
    uint32_t *buckets; /* hash of the stem -> index + 1 of the first symbol */
    uint32_t *next;    /* index -> index + 1 of the next one in its chain */
    uint32_t mask;
};

static const struct symbol *at(const struct osi_symtab *tab, size_t index)
{
    return &g_array_index(tab->symbols, struct symbol, index);
}

static const char *name_of(const struct osi_symtab *tab, const struct symbol *symbol)
{
    return tab->arena->str + symbol->name;
}

struct osi_symtab *osi_symtab_new(void)
{
    struct osi_symtab *tab = g_new0(struct osi_symtab, 1);

    tab->symbols = g_array_new(FALSE, FALSE, sizeof(struct symbol));
    tab->arena = g_string_new(NULL);
    return tab;
}

void osi_symtab_free(struct osi_symtab *tab)
{
    if (!tab) {
        return;
    }
    g_array_free(tab->symbols, TRUE);
    g_string_free(tab->arena, TRUE);
    g_free(tab->buckets);
    g_free(tab->next);
    g_free(tab);
}

void osi_symtab_add(struct osi_symtab *tab, uint64_t address, char type, const char *name)
{
    struct symbol symbol = { .address = address, .name = tab->arena->len, .type = type };

    g_assert(!tab->next);
    if (!*name || osi_symname_is_noise(name) || tab->arena->len > UINT32_MAX / 2) {
        return;
    }
    g_string_append_len(tab->arena, name, strlen(name) + 1);
    g_array_append_val(tab->symbols, symbol);
}

static bool is_absolute(const struct symbol *symbol)
{
    return symbol->type == 'A' || symbol->type == 'a';
}

void osi_symtab_rebase(struct osi_symtab *tab, uint64_t origin, uint64_t size)
{
    size_t kept = 0;

    for (size_t i = 0; i < tab->symbols->len; i++) {
        struct symbol symbol = *at(tab, i);

        symbol.address -= origin;
        /* What was below the origin is now in the upper half. */
        if (!is_absolute(&symbol) && symbol.address < (size ? size : UINT64_C(1) << 63)) {
            g_array_index(tab->symbols, struct symbol, kept++) = symbol;
        }
    }
    g_array_set_size(tab->symbols, kept);
    tab->end = size;
}

static uint32_t hash(const char *text, size_t length)
{
    uint32_t value = 2166136261u;

    for (size_t i = 0; i < length; i++) {
        value = (value ^ (uint8_t)text[i]) * 16777619u;
    }
    return value;
}

/* Order and index */

static int compare(gconstpointer left, gconstpointer right)
{
    const struct symbol *a = left, *b = right;

    if (is_absolute(a) != is_absolute(b)) {
        return is_absolute(a) ? 1 : -1;
    }
    if (a->address != b->address) {
        return a->address < b->address ? -1 : 1;
    }
    return (a->name > b->name) - (a->name < b->name);
}

static void sort(struct osi_symtab *tab)
{
    /* kallsyms and System.map come sorted: look before working. */
    for (size_t i = 1; i < tab->symbols->len; i++) {
        if (compare(at(tab, i - 1), at(tab, i)) > 0) {
            g_array_sort(tab->symbols, compare);
            return;
        }
    }
}

static void build_index(struct osi_symtab *tab)
{
    size_t count = tab->symbols->len, buckets = 64;

    while (buckets < count) {
        buckets *= 2;
    }
    tab->mask = buckets - 1;
    tab->buckets = g_new0(uint32_t, buckets);
    tab->next = g_new0(uint32_t, count + 1);
    /* Backwards, so that a chain runs in ascending order of address. */
    for (size_t i = count; i-- > 0;) {
        const char *name = name_of(tab, at(tab, i));
        uint32_t bucket = hash(name, osi_symname_stem(name)) & tab->mask;

        tab->next[i] = tab->buckets[bucket];
        tab->buckets[bucket] = i + 1;
    }
}

void osi_symtab_finish(struct osi_symtab *tab)
{
    g_assert(!tab->next);
    sort(tab);
    for (tab->placed = tab->symbols->len; tab->placed; tab->placed--) {
        if (!is_absolute(at(tab, tab->placed - 1))) {
            break;
        }
    }
    if (tab->placed && !tab->end) {
        uint64_t last = at(tab, tab->placed - 1)->address;

        tab->end = last + MIN(4096, UINT64_MAX - last);
    }
    build_index(tab);
}

size_t osi_symtab_count(const struct osi_symtab *tab)
{
    return tab->symbols->len;
}

/* By name */

enum likeness { DIFFERENT, SUFFIXED, EXACT };

static enum likeness likeness(const char *candidate, const char *name, size_t length)
{
    if (strncmp(candidate, name, length)) {
        return DIFFERENT;
    }
    if (!candidate[length]) {
        return EXACT;
    }
    return osi_symname_stem(candidate) == length && !osi_symname_is_cold(candidate) ? SUFFIXED
                                                                                    : DIFFERENT;
}

/* What a walk over the chain of a name found of one likeness. */
struct matches {
    size_t count, globals; /* of different addresses */
    uint64_t last, last_global;
};

static void add_match(struct matches *matches, const struct symbol *symbol)
{
    if (!matches->count || matches->last != symbol->address) {
        matches->count++;
        matches->last = symbol->address;
    }
    if (osi_symname_is_global(symbol->type) &&
        (!matches->globals || matches->last_global != symbol->address)) {
        matches->globals++;
        matches->last_global = symbol->address;
    }
}

static uint32_t first_in_chain(const struct osi_symtab *tab, const char *name)
{
    return tab->buckets ? tab->buckets[hash(name, osi_symname_stem(name)) & tab->mask] : 0;
}

static bool is_one(const struct matches *matches, uint64_t *address)
{
    if (matches->globals != 1 && matches->count != 1) {
        return false;
    }
    *address = matches->globals == 1 ? matches->last_global : matches->last;
    return true;
}

bool osi_symtab_lookup(const struct osi_symtab *tab, const char *name, uint64_t *address)
{
    struct matches matches[3] = { { 0 } };
    size_t length = strlen(name);

    for (uint32_t i = first_in_chain(tab, name); i; i = tab->next[i - 1]) {
        const struct symbol *symbol = at(tab, i - 1);

        add_match(&matches[likeness(name_of(tab, symbol), name, length)], symbol);
    }
    return is_one(&matches[matches[EXACT].count ? EXACT : SUFFIXED], address);
}

size_t osi_symtab_lookup_all(const struct osi_symtab *tab, const char *name, uint64_t *addresses,
                             size_t max)
{
    size_t length = strlen(name), count = 0;
    uint64_t last = 0;

    for (uint32_t i = first_in_chain(tab, name); i; i = tab->next[i - 1]) {
        const struct symbol *symbol = at(tab, i - 1);

        if (likeness(name_of(tab, symbol), name, length) == DIFFERENT ||
            (count && symbol->address == last)) {
            continue;
        }
        last = symbol->address;
        if (count < max) {
            addresses[count] = last;
        }
        count++;
    }
    return count;
}

size_t osi_symtab_match(const struct osi_symtab *tab, const char *pattern, osi_symtab_found found,
                        void *data)
{
    size_t calls = 0;

    for (size_t i = 0; i < tab->symbols->len; i++) {
        const struct symbol *symbol = at(tab, i);
        const char *name = name_of(tab, symbol);

        if (fnmatch(pattern, name, 0)) {
            continue;
        }
        calls++;
        if (!found(data, symbol->address, symbol->type, name)) {
            break;
        }
    }
    return calls;
}

/* By address */

static unsigned badness(const struct osi_symtab *tab, const struct symbol *symbol)
{
    return osi_symname_badness(name_of(tab, symbol), symbol->type);
}

/* Index of the first symbol above `address` among the placed ones. */
static size_t above(const struct osi_symtab *tab, uint64_t address)
{
    size_t low = 0, high = tab->placed;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (at(tab, middle)->address <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const char *osi_symtab_resolve(const struct osi_symtab *tab, uint64_t address, uint64_t *offset,
                               uint64_t *size)
{
    size_t next = above(tab, address);
    const struct symbol *best;

    if (!next || address >= tab->end) {
        return NULL;
    }
    best = at(tab, next - 1);
    for (size_t i = next - 1; i-- > 0 && at(tab, i)->address == best->address;) {
        if (badness(tab, at(tab, i)) <= badness(tab, best)) {
            best = at(tab, i);
        }
    }
    if (offset) {
        *offset = address - best->address;
    }
    if (size) {
        uint64_t end = next < tab->placed ? at(tab, next)->address : tab->end;

        *size = MIN(end, tab->end) - best->address;
    }
    return name_of(tab, best);
}
