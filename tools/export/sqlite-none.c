/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export sqlite in a build without SQLite: the name is known, and the reason is said. */
#include <errno.h>

#include "formats.h"

static int write_nothing(struct export *export, struct osi_error *err)
{
    (void)export;
    g_snprintf(err->text, sizeof(err->text), "this osinstr was built without SQLite");
    return -ENOTSUP;
}

const struct export_format export_sqlite = {
    .name = "sqlite",
    .summary = "a database (not in this build)",
    .suffix = ".sqlite",
    .things = "events",
    .needs = EXPORT_TRACE,
    .write = write_nothing,
};
