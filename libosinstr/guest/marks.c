/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remembers the symbols that frame a Linux image. */
#include "guest/marks.h"

#include <string.h>

#include <glib.h>

static const char *const names[OSI_MARKS] = {
    [OSI_MARK_TEXT] = "_text",
    [OSI_MARK_STEXT] = "_stext",
    [OSI_MARK_END] = "_end",
    [OSI_MARK_VECTORS] = "vectors",
    [OSI_MARK_ENTRY] = "primary_entry",
    [OSI_MARK_OLD_ENTRY] = "stext",
    [OSI_MARK_BANNER] = "linux_banner",
    [OSI_MARK_INIT_TASK] = "init_task",
};

void osi_marks_note(struct osi_marks *marks, uint64_t value, char type, const char *name)
{
    for (int i = 0; i < OSI_MARKS; i++) {
        /* A local variable of some driver may have the same name: the global one is meant. */
        if (!strcmp(name, names[i]) && (!marks->type[i] || g_ascii_islower(marks->type[i]))) {
            marks->value[i] = value;
            marks->type[i] = type;
        }
    }
}

bool osi_marks_have(const struct osi_marks *marks, enum osi_mark mark)
{
    return marks->type[mark] != 0;
}

bool osi_marks_origin(const struct osi_marks *marks, uint64_t *origin)
{
    if (osi_marks_have(marks, OSI_MARK_TEXT)) {
        *origin = marks->value[OSI_MARK_TEXT];
        return true;
    }
    if (osi_marks_have(marks, OSI_MARK_STEXT) && marks->value[OSI_MARK_STEXT]) {
        *origin = (marks->value[OSI_MARK_STEXT] - 1) & ~UINT64_C(0xffff);
        return true;
    }
    return false;
}

uint64_t osi_marks_size(const struct osi_marks *marks, uint64_t origin)
{
    uint64_t end = marks->value[OSI_MARK_END];

    return osi_marks_have(marks, OSI_MARK_END) && end > origin ? end - origin : 0;
}
