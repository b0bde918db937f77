/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotpath: where does the time go, and how did it get there? */
#include "hotpath.h"

const struct osi_option hotpath_options[] = {
    { "mode", OSI_OPTION_CHOICE, "calls", "calls|blocks|edges|trace",
      "calls: who called whom; blocks: how often each block ran; edges: from which block to which; "
      "trace: every block, in order" },
    { "task", OSI_OPTION_LIST, NULL, NULL,
      "only tasks with this pid or a name that matches this pattern (*, ?); repeatable" },
    { "from", OSI_OPTION_TEXT, NULL, NULL, "count nothing until this function is entered" },
    { "to", OSI_OPTION_TEXT, NULL, NULL, "count nothing from where this function is entered on, "
      "until `from` is entered again" },
    { "switch", OSI_OPTION_TEXT, NULL, NULL, "without Linux: the function that switches tasks, "
      "called with the old and the new one as first arguments" },
    { "by", OSI_OPTION_CHOICE, "name", "name|task",
      "calls: one tree for all tasks of a name, or one for each task" },
    { "user", OSI_OPTION_SWITCH, "on", NULL,
      "off: with an operating system, show each task's user code as one, [user]" },
    { "nodes", OSI_OPTION_COUNT, "4M", NULL,
      "calls: at most so many nodes; what does not fit is counted as [other]" },
    { "function", OSI_OPTION_TEXT, NULL, NULL, "edges: only this function, and draw it" },
    { "range", OSI_OPTION_TEXT, NULL, NULL, "edges: only addresses FROM-TO (hexadecimal)" },
    { "first", OSI_OPTION_COUNT, "0", NULL,
      "trace: begin when a vCPU has executed so many instructions" },
    { "last", OSI_OPTION_COUNT, NULL, NULL, "trace: end when it has executed so many" },
    { "top", OSI_OPTION_COUNT, "20", NULL, "rows of the printed tables; the files have all" },
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};

static const struct osi_tool *const modes[] = {
    &hotpath_calls, &hotpath_blocks, &hotpath_edges, &hotpath_trace,
};

static const struct osi_tool hotpath = { HOTPATH_TOOL, .modes = modes };

OSI_PLUGIN(hotpath)
