/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fake kernel's file and the fake guest must agree on. */
#ifndef FAKEHOST_LINUX_IMAGE_H
#define FAKEHOST_LINUX_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_CODE_OFFSET 0x10000u /* _stext: before it is only the header */
#define FAKE_VECTORS_OFFSET 0x10800u
#define FAKE_RODATA_OFFSET 0x20000u
#define FAKE_BANNER_OFFSET (FAKE_RODATA_OFFSET + 0x123u)
#define FAKE_IMAGE_SIZE 0x21000u

/* NULL-terminated. */
struct fake_function {
    const char *name;
    uint32_t offset;
};
extern const struct fake_function fake_functions[];

/* The image's bytes from _text on, FAKE_IMAGE_SIZE of them; g_free(). */
uint8_t *fake_linux_image(bool other_banner);

#endif
