/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotpath, mode=calls */
#include <errno.h>

#include "hotpath.h"

/* Not made yet. */
static int start(struct osi_session *session, struct osi_error *err)
{
    (void)session;
    return osi_fail(err, -ENOSYS, "mode=calls is not made yet");
}

const struct osi_tool hotpath_calls = { HOTPATH_TOOL, .start = start };
