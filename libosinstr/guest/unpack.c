/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inflates gzip, bare or inside of an EFI zboot image. */
#include "guest/unpack.h"

#include <string.h>

#include <zlib.h>

#define MAX_UNPACKED (1u << 30)
#define STEP (8u << 20)

/* The head of an EFI zboot image: where the payload is, and the name of what packed it. */
#define ZBOOT_MAGIC 4
#define ZBOOT_OFFSET 8
#define ZBOOT_SIZE 12
#define ZBOOT_TYPE 24
#define ZBOOT_HEAD 56

static bool is_gzip(const uint8_t *bytes, size_t size)
{
    return size > 18 && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8;
}

static bool is_zboot(const uint8_t *bytes, size_t size)
{
    return size > ZBOOT_HEAD && !memcmp(bytes, "MZ", 2) && !memcmp(bytes + ZBOOT_MAGIC, "zimg", 4);
}

bool osi_unpack_recognise(const uint8_t *bytes, size_t size)
{
    return is_gzip(bytes, size) || is_zboot(bytes, size);
}

static GBytes *finish(GByteArray *out, int rc, const char *path, struct osi_error *err)
{
    if (rc != Z_STREAM_END) {
        osi_fail(err, 0, "%s: the gzip data are damaged, cut short or too large", path);
        g_byte_array_unref(out);
        return NULL;
    }
    return g_byte_array_free_to_bytes(out);
}

static GBytes *inflate_all(const uint8_t *bytes, size_t size, const char *path,
                           struct osi_error *err)
{
    /* 16: with a gzip header. */
    z_stream stream = { .next_in = (uint8_t *)bytes, .avail_in = MIN(size, UINT32_MAX) };
    GByteArray *out = g_byte_array_new();
    int rc = inflateInit2(&stream, 16 + MAX_WBITS);

    while (rc == Z_OK && out->len < MAX_UNPACKED) {
        guint used = out->len;

        g_byte_array_set_size(out, used + STEP);
        stream.next_out = out->data + used;
        stream.avail_out = STEP;
        rc = inflate(&stream, Z_NO_FLUSH);
        g_byte_array_set_size(out, used + STEP - stream.avail_out);
        if (rc == Z_OK && !stream.avail_in && stream.avail_out) {
            rc = Z_BUF_ERROR;
        }
    }
    inflateEnd(&stream);
    return finish(out, rc, path, err);
}

static uint32_t get32(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return GUINT32_FROM_LE(value);
}

/* The name of the packer, made fit for a terminal. */
static void read_type(const uint8_t *bytes, char type[ZBOOT_HEAD - ZBOOT_TYPE])
{
    memcpy(type, bytes + ZBOOT_TYPE, ZBOOT_HEAD - ZBOOT_TYPE);
    type[ZBOOT_HEAD - ZBOOT_TYPE - 1] = '\0';
    g_strcanon(type, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "+-.", '?');
}

GBytes *osi_unpack(const uint8_t *bytes, size_t size, const char *path, struct osi_error *err)
{
    char type[ZBOOT_HEAD - ZBOOT_TYPE];
    uint32_t offset, length;

    if (is_gzip(bytes, size)) {
        return inflate_all(bytes, size, path, err);
    }
    offset = get32(bytes + ZBOOT_OFFSET);
    length = get32(bytes + ZBOOT_SIZE);
    if (offset > size || length > size - offset) {
        osi_fail(err, 0, "%s: the EFI zboot image is damaged or cut short", path);
        return NULL;
    }
    if (!is_gzip(bytes + offset, length)) {
        read_type(bytes, type);
        osi_fail(err, 0,
                 "%s is packed with %s: only gzip can be unpacked here, give the plain Image", path,
                 type);
        return NULL;
    }
    return inflate_all(bytes + offset, length, path, err);
}
