/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes header, banner, symbols and link address from a flat arm64 image.
 *
 * kallsyms gives distances from a base that an Image leaves empty: relocations fill it at boot. The
 * base is _stext in some versions and _text in others, so its place in the image is derived (from
 * _text itself, from the header, which branches to primary_entry, or from the run-time address) and
 * then held against all that is known.
 */
#include "guest/image.h"

#include <errno.h>
#include <string.h>

#include <elf.h>
#include <glib.h>

#include "guest/marks.h"

#define HEADER 64
#define HEADER_IMAGE_SIZE 16
#define HEADER_MAGIC 56
#define MAX_BANNER 512
/* What the header tells beyond this is damage. */
#define MAX_IMAGE (UINT64_C(1) << 30)

static const char banner_start[] = "Linux version ";

static uint32_t get32(const uint8_t *bytes, size_t at)
{
    uint32_t value;

    memcpy(&value, bytes + at, sizeof(value));
    return GUINT32_FROM_LE(value);
}

static uint64_t get64(const uint8_t *bytes, size_t at)
{
    return get32(bytes, at) | (uint64_t)get32(bytes, at + 4) << 32;
}

bool osi_image_recognise(const uint8_t *bytes, size_t size)
{
    return size >= HEADER && !memcmp(bytes + HEADER_MAGIC, "ARM\x64", 4);
}

uint64_t osi_image_size(const uint8_t *bytes, size_t size)
{
    uint64_t told = osi_image_recognise(bytes, size) ? get64(bytes, HEADER_IMAGE_SIZE) : 0;

    return told > size && told <= MAX_IMAGE ? told : size;
}

/* The target of the header's branch: its first instruction, or the second behind the "MZ" of an EFI
 * program. */
static bool entry_of(const uint8_t *bytes, size_t size, uint64_t *entry)
{
    for (size_t at = 0; osi_image_recognise(bytes, size) && at <= 4; at += 4) {
        uint32_t insn = get32(bytes, at);

        if ((insn & 0xfc000000) == 0x14000000) {
            *entry = at + (int64_t)((int32_t)(insn << 6) >> 6) * 4;
            return true;
        }
    }
    return false;
}

/* The banner at `at`, as text to be freed; NULL for the format strings that begin the same way. */
static char *banner_at(const uint8_t *bytes, size_t size, size_t at)
{
    size_t digit = at + strlen(banner_start);
    const uint8_t *end = memchr(bytes + at, '\n', MIN(size - at, MAX_BANNER));

    if (!end || digit >= size || !g_ascii_isdigit(bytes[digit])) {
        return NULL;
    }
    return g_strndup((const char *)bytes + at, end - bytes - at);
}

static bool has_build_number(const char *banner)
{
    const char *hash = strrchr(banner, '#');

    return hash && g_ascii_isdigit(hash[1]);
}

char *osi_image_banner(const uint8_t *bytes, size_t size, uint64_t *offset)
{
    char *best = NULL;

    for (size_t at = 0; at < size && !(best && has_build_number(best)); at++) {
        const uint8_t *hit = memmem(bytes + at, size - at, banner_start, strlen(banner_start));
        char *banner;

        if (!hit) {
            break;
        }
        at = hit - bytes;
        banner = banner_at(bytes, size, at);
        /* A provisional one, linked in before the build had its number, may come first. */
        if (banner && (!best || has_build_number(banner))) {
            g_free(best);
            best = g_steal_pointer(&banner);
            *offset = at;
        }
        g_free(banner);
    }
    return best;
}

/* Where the symbols belong */

static bool bias_from_marks(const uint8_t *bytes, size_t size, const struct osi_marks *marks,
                            uint64_t *bias)
{
    enum osi_mark entry_mark = osi_marks_have(marks, OSI_MARK_ENTRY) ? OSI_MARK_ENTRY
                                                                     : OSI_MARK_OLD_ENTRY;
    uint64_t entry;

    if (osi_marks_have(marks, OSI_MARK_TEXT)) {
        *bias = -marks->value[OSI_MARK_TEXT];
        return true;
    }
    if (osi_marks_have(marks, entry_mark) && entry_of(bytes, size, &entry)) {
        *bias = entry - marks->value[entry_mark];
        return true;
    }
    return false;
}

/* What must be true of every arm64 kernel. `bias` is added to a value to get its offset in the
 * image. */
static bool bias_holds(const uint8_t *bytes, size_t size, const struct osi_marks *marks,
                       uint64_t bias)
{
    uint64_t entry;

    if (bias >= size ||
        (osi_marks_have(marks, OSI_MARK_TEXT) && marks->value[OSI_MARK_TEXT] + bias != 0)) {
        return false;
    }
    if (osi_marks_have(marks, OSI_MARK_VECTORS) && (marks->value[OSI_MARK_VECTORS] + bias) % 2048) {
        return false;
    }
    if (osi_marks_have(marks, OSI_MARK_ENTRY) && entry_of(bytes, size, &entry) &&
        marks->value[OSI_MARK_ENTRY] + bias != entry) {
        return false;
    }
    return true;
}

struct adder {
    struct osi_symtab *tab;
    struct osi_marks *marks;
};

static void add(void *data, int64_t value, char type, const char *name)
{
    struct adder *adder = data;

    osi_symtab_add(adder->tab, value, type, name);
    osi_marks_note(adder->marks, value, type, name);
}

int osi_image_symbols(const uint8_t *bytes, size_t size, const struct osi_kallsyms *table,
                      uint64_t runtime_text, struct osi_symtab *tab, uint64_t *base_offset,
                      struct osi_error *err)
{
    struct osi_marks marks = { .value = { 0 } };
    struct adder adder = { tab, &marks };
    uint64_t bias = 0;

    osi_kallsyms_read(bytes, table, add, &adder);
    if (table->layout == OSI_KALLSYMS_SELF_RELATIVE) {
        bias = 0;
    } else if (runtime_text && table->base) {
        bias = table->base - runtime_text;
    } else if (!bias_from_marks(bytes, size, &marks, &bias)) {
        return osi_fail(err, -EINVAL, "nothing tells where its %u symbols belong", table->count);
    }
    if (!bias_holds(bytes, size, &marks, bias)) {
        return osi_fail(err, -EINVAL, "its %u symbols contradict its header or one another",
                        table->count);
    }
    osi_symtab_rebase(tab, -bias, osi_image_size(bytes, size));
    *base_offset = bias;
    return 0;
}

/* Link address */

/* In a relocation of the base's slot the place and the value give the same link address, or it is
 * another one. */
static uint64_t base_of_relocation(const uint8_t *relocation, const struct osi_kallsyms *table,
                                   uint64_t base_offset)
{
    uint64_t base = get64(relocation, 0) - table->base_slot;

    return base >> 63 && base % 4096 == 0 && get64(relocation, 16) - base_offset == base ? base : 0;
}

uint64_t osi_image_link_base(const uint8_t *bytes, size_t size, const struct osi_kallsyms *table,
                             uint64_t base_offset)
{
    uint64_t found = 0;

    /* Entries are of 24 bytes, but their start is not known: look at each possible place of the
     * type word. */
    for (size_t at = 8; table->base_slot && !found && at + 16 <= size; at += 8) {
        if (get64(bytes, at) == R_AARCH64_RELATIVE) {
            found = base_of_relocation(bytes + at - 8, table, base_offset);
        }
    }
    return found;
}
