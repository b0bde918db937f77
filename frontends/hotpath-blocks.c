/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotpath, mode=blocks */
#include <errno.h>

#include "hotpath.h"

/* Not made yet. */
static int start(struct osi_session *session, struct osi_error *err)
{
    (void)session;
    return osi_fail(err, -ENOSYS, "mode=blocks is not made yet");
}

const struct osi_tool hotpath_blocks = { HOTPATH_TOOL, .start = start };
