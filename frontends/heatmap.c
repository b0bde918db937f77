/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heatmap: which function was hot, when? */
#include "heatmap.h"

const struct osi_option heatmap_options[] = {
    { "of", OSI_OPTION_CHOICE, "functions", "functions|modules|tasks",
      "rows: functions of the kernel or program, and user code by task; sections of the kernel and "
      "files; tasks" },
    { "bucket", OSI_OPTION_TIME, "10ms", NULL,
      "width of a column; with clock=insn a number of instructions" },
    { "buckets", OSI_OPTION_COUNT, "2000", NULL,
      "at most so many columns; a run that needs more gets wider ones" },
    { "rows", OSI_OPTION_COUNT, "0", NULL,
      "keep so many rows, the rest becomes [other]; 0: all" },
    { "order", OSI_OPTION_CHOICE, "total", "total|phase",
      "rows of the picture: hottest first, or by the time when half of a row's work was done" },
    { "switch", OSI_OPTION_TEXT, NULL, NULL, "without Linux: the function that switches tasks, "
      "called with the old and the new one as first arguments" },
    { "top", OSI_OPTION_COUNT, "20", NULL, "rows of the printed tables; the files have all" },
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};

static const struct osi_tool *const kinds[] = {
    &heatmap_functions, &heatmap_modules, &heatmap_tasks,
};

static const struct osi_tool heatmap = { HEATMAP_TOOL, .modes = kinds, .mode_option = "of" };

OSI_PLUGIN(heatmap)
