/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plugin that does nothing: what loading any plugin costs. */
#include <osinstr/osinstr.h>

static const struct osi_tool tool = { .name = "noop", .summary = "nothing (a benchmark's floor)" };

OSI_PLUGIN(tool)
