/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recognises kallsyms by its structure.
 *
 * The anchor is the token table: every kernel's names contain all ten digits, which stand for
 * themselves in it, so "0\0" to "9\0" are tokens 48 to 57. The token index must then repeat the
 * tokens' places, the names before it must end where the markers begin, the markers must repeat the
 * names' places, and the offsets must ascend.
 */
#include "guest/kallsyms.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <glib.h>

#include "guest/kallsyms-names.h"

/* A kernel has up to some 300 000 symbols today. */
#define MAX_SYMBOLS (1u << 22)
/* Names walked before giving up: bounds the time that hostile bytes can take. */
#define BUDGET (1u << 25)
/* Labels are aligned to 8 at most; some linkers leave more zeros. */
#define MAX_PADDING 64

struct search {
    const uint8_t *bytes;
    size_t size;
    size_t budget;
    struct osi_kallsyms *found;
};

static uint32_t get32(const struct search *s, size_t at)
{
    uint32_t value;

    memcpy(&value, s->bytes + at, sizeof(value));
    return GUINT32_FROM_LE(value);
}

static uint64_t get64(const struct search *s, size_t at)
{
    return get32(s, at) | (uint64_t)get32(s, at + 4) << 32;
}

static size_t align(size_t offset, size_t to)
{
    return (offset + to - 1) / to * to;
}

static bool only_padding(const struct search *s, size_t from, size_t to)
{
    if (from > to || to - from > MAX_PADDING) {
        return false;
    }
    while (from < to && !s->bytes[from]) {
        from++;
    }
    return from == to;
}

/* Tokens */

static bool index_repeats(const struct search *s, size_t index, const uint16_t *places)
{
    if (index + 512 > s->size) {
        return false;
    }
    for (size_t i = 0; i < 256; i++) {
        if ((s->bytes[index + 2 * i] | s->bytes[index + 2 * i + 1] << 8) != places[i]) {
            return false;
        }
    }
    return true;
}

static bool tokens_at(const struct search *s, size_t start)
{
    uint16_t places[256];
    size_t at = start;

    for (size_t i = 0; i < 256; i++) {
        size_t rest = MIN(s->size - at, OSI_KALLSYMS_MAX_NAME);
        const uint8_t *end = memchr(s->bytes + at, 0, rest);

        if (!end || at - start > UINT16_MAX) {
            return false;
        }
        places[i] = at - start;
        at = end + 1 - s->bytes;
    }
    for (size_t to = 8; to >= 4; to /= 2) {
        if (index_repeats(s, align(at, to), places)) {
            s->found->tokens = start;
            s->found->token_index = align(at, to);
            return true;
        }
    }
    return false;
}

/* `digits` is where token 48 stands. The start of token 0 is not marked: try all aligned places
 * without a NUL. */
static bool find_tokens(const struct search *s, size_t digits)
{
    size_t at = digits, ends = 0;

    while (at > 0 && ends < 48) {
        ends += !s->bytes[--at];
    }
    for (size_t back = 0; ends == 48 && back < OSI_KALLSYMS_MAX_NAME; back++) {
        if (at % 4 == 0 && tokens_at(s, at)) {
            return true;
        }
        if (at == 0 || !s->bytes[--at]) {
            return at == 0 ? tokens_at(s, 0) : false;
        }
    }
    return false;
}

/* Names and markers */

/* The first character is the type: looking at it turns away most wrong places after a few steps. */
static bool starts_with_letter(const struct search *s, size_t at)
{
    const uint8_t *place = s->bytes + s->found->token_index + 2 * s->bytes[at];

    return g_ascii_isalpha(s->bytes[s->found->tokens + (place[0] | place[1] << 8)]);
}

/* Where the names of `count` symbols end, 0 if they are none. */
static size_t names_end(struct search *s, size_t at, uint32_t count)
{
    size_t limit = s->found->tokens;

    for (uint32_t i = 0; i < count; i++) {
        size_t length = osi_kallsyms_name_length(s->bytes, &at, limit);

        if (!length || length > limit - at || !s->budget || !starts_with_letter(s, at)) {
            return 0;
        }
        s->budget--;
        at += length;
    }
    return at;
}

static bool names_are_sane(const struct search *s, uint32_t count, size_t markers)
{
    const size_t names = s->found->names;
    size_t at = names;
    char name[OSI_KALLSYMS_MAX_NAME];

    for (uint32_t i = 0; i < count; i++) {
        if (i % 256 == 0 && get32(s, markers + i / 64) != at - names) {
            return false;
        }
        if (!osi_kallsyms_expand(s->bytes, s->found, &at, name)) {
            return false;
        }
    }
    return true;
}

/* Markers directly before the tokens, or with three bytes per symbol in between. */
static bool markers_fit(struct search *s, size_t markers, uint32_t count)
{
    size_t end = markers + (count + 255) / 256 * 4;
    bool sequenced = false;

    if (end > s->found->tokens) {
        return false;
    }
    if (!only_padding(s, end, s->found->tokens)) {
        sequenced = only_padding(s, align(end, 8) + 3 * (size_t)count, s->found->tokens) ||
                    only_padding(s, align(end, 4) + 3 * (size_t)count, s->found->tokens);
        if (!sequenced) {
            return false;
        }
    }
    if (!names_are_sane(s, count, markers)) {
        return false;
    }
    s->found->count = count;
    s->found->layout = sequenced ? OSI_KALLSYMS_OLD_SEQUENCED : OSI_KALLSYMS_OLD;
    return true;
}

static bool names_at(struct search *s, size_t names, uint32_t count)
{
    size_t end;

    if (names >= s->found->tokens || count > (s->found->tokens - names) / 2) {
        return false;
    }
    end = names_end(s, names, count);
    s->found->names = names;
    return end && (markers_fit(s, align(end, 8), count) || markers_fit(s, align(end, 4), count));
}

/* Offsets */

static bool offsets_ascend(const struct search *s, size_t offsets, bool percpu)
{
    struct osi_kallsyms *found = s->found;
    uint64_t last = 0;
    uint32_t steps = 0;

    if (offsets > s->size || s->size - offsets < 4 * (size_t)found->count) {
        return false;
    }
    found->offsets = offsets;
    found->absolute_percpu = percpu;
    for (uint32_t i = 0; i < found->count; i++) {
        uint64_t key = osi_kallsyms_order(s->bytes, found, i);

        if (i && key < last) {
            return false;
        }
        steps += key > last;
        last = key;
    }
    /* Zeros ascend too: most symbols have a place of their own. */
    return steps >= (found->count + 3) / 4;
}

static bool based_offsets(const struct search *s, size_t offsets, size_t base_slot)
{
    if (base_slot > s->size - 8) {
        return false;
    }
    s->found->base_slot = base_slot;
    s->found->base = get64(s, base_slot);
    /* Empty until relocated, or an address in the kernel's half. */
    if (s->found->base && !(s->found->base >> 63)) {
        return false;
    }
    return offsets_ascend(s, offsets, false) || offsets_ascend(s, offsets, true);
}

/* `count_at` is where the number of symbols stands: the old layout has the offsets before it. */
static bool find_offsets(const struct search *s, size_t count_at)
{
    struct osi_kallsyms *found = s->found;
    size_t length = 4 * (size_t)found->count, behind = found->token_index + 512;
    enum osi_kallsyms_layout old = found->layout;

    found->layout = OSI_KALLSYMS_NEW;
    if (old == OSI_KALLSYMS_OLD &&
        based_offsets(s, align(behind, 8), align(align(behind, 8) + length, 8))) {
        return true;
    }
    found->layout = old;
    if (count_at >= 8 + align(length, 8) &&
        based_offsets(s, count_at - 8 - align(length, 8), count_at - 8)) {
        return true;
    }
    found->layout = OSI_KALLSYMS_SELF_RELATIVE;
    found->base_slot = 0;
    found->base = 0;
    return old == OSI_KALLSYMS_OLD && offsets_ascend(s, align(behind, 4), false);
}

/* The count stands before the names. Nothing tells how far back that is, so ask each word. */
static bool find_names(struct search *s)
{
    for (size_t at = s->found->tokens & ~(size_t)3; at >= 4 && s->budget;) {
        uint32_t count;

        at -= 4;
        count = get32(s, at);
        if (!count || count > MAX_SYMBOLS) {
            continue;
        }
        if ((at % 8 == 0 && names_at(s, at + 8, count) && find_offsets(s, at)) ||
            (names_at(s, at + 4, count) && find_offsets(s, at))) {
            return true;
        }
    }
    return false;
}

int osi_kallsyms_find(const uint8_t *bytes, size_t size, struct osi_kallsyms *found,
                      struct osi_error *err)
{
    static const char digits[] = "0\0"
                                 "1\0"
                                 "2\0"
                                 "3\0"
                                 "4\0"
                                 "5\0"
                                 "6\0"
                                 "7\0"
                                 "8\0"
                                 "9";
    struct search s = { .bytes = bytes, .size = size, .budget = BUDGET, .found = found };
    size_t at = 0;

    while (at < size) {
        const uint8_t *hit = memmem(bytes + at, size - at, digits, sizeof(digits));

        if (!hit) {
            break;
        }
        at = hit - bytes;
        memset(found, 0, sizeof(*found));
        if (find_tokens(&s, at) && find_names(&s)) {
            return 0;
        }
        at++;
    }
    return osi_fail(err, -ENOENT, "no symbol table (kallsyms) was recognised");
}
