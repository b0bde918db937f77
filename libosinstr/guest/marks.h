/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few symbols that say where a Linux image begins and ends, picked up while its symbols are
 * read. */
#ifndef OSI_GUEST_MARKS_H
#define OSI_GUEST_MARKS_H

#include <stdbool.h>
#include <stdint.h>

enum osi_mark {
    OSI_MARK_TEXT,      /* _text: the first byte of the image */
    OSI_MARK_STEXT,     /* _stext: the first code behind the header */
    OSI_MARK_END,       /* _end: behind the bss */
    OSI_MARK_VECTORS,   /* arm64's exception vectors */
    OSI_MARK_ENTRY,     /* arm64's primary_entry, which the header branches to */
    OSI_MARK_OLD_ENTRY, /* stext, its name before 5.8 */
    OSI_MARK_BANNER,    /* linux_banner */
    OSI_MARK_INIT_TASK,
    OSI_MARKS,
};

struct osi_marks {
    uint64_t value[OSI_MARKS];
    char type[OSI_MARKS]; /* 0: not seen */
};

void osi_marks_note(struct osi_marks *marks, uint64_t value, char type, const char *name);
bool osi_marks_have(const struct osi_marks *marks, enum osi_mark mark);

/* Address of the first byte of an image whose symbols have addresses; false if the marks do not
 * tell. Kernels with only text symbols do not name it: there it is the 64 KiB boundary below
 * _stext. */
bool osi_marks_origin(const struct osi_marks *marks, uint64_t *origin);

/* Bytes from `origin` to _end, 0 if not known. */
uint64_t osi_marks_size(const struct osi_marks *marks, uint64_t origin);

#endif
