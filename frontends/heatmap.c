/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heatmap: which function was hot, when? */
#include "heatmap.h"

const struct osi_option heatmap_options[] = {
    { "of", OSI_OPTION_CHOICE, "functions", "functions|modules|tasks|pages",
      "rows: functions of the kernel or program, and user code by task; sections of the kernel and "
      "files; tasks; pages of memory and devices, by accesses" },
    { "bucket", OSI_OPTION_TIME, "10ms", NULL,
      "width of a column; with clock=insn a number of instructions" },
    { "buckets", OSI_OPTION_COUNT, "2000", NULL,
      "at most so many columns; a run that needs more gets wider ones" },
    { "rows", OSI_OPTION_COUNT, NULL, NULL,
      "keep so many rows, the rest becomes [other]; 0: all [0; of=pages: 1000]" },
    { "order", OSI_OPTION_CHOICE, "total", "total|phase",
      "rows of the picture: hottest first, or by the time when half of a row's work was done" },
    { "switch", OSI_OPTION_TEXT, NULL, NULL, "without Linux: the function that switches tasks, "
      "called with the old and the new one as first arguments" },
    { "pages", OSI_OPTION_CHOICE, NULL, "physical|virtual",
      "of=pages: by physical or virtual address [physical; user-mode QEMU: virtual]" },
    { "page", OSI_OPTION_CHOICE, "4k",
      "4k|8k|16k|32k|64k|128k|256k|512k|1M|2M|4M|8M|16M|32M|64M|128M|256M|512M|1G",
      "of=pages: bytes of one" },
    { "devices", OSI_OPTION_CHOICE, "on", "on|offset|pc",
      "of=pages: devices.csv by device, by address in it, or by the code that accesses it" },
    { "range", OSI_OPTION_TEXT, NULL, NULL, "of=pages: only addresses FROM-TO (hexadecimal)" },
    { "from", OSI_OPTION_TEXT, NULL, NULL,
      "of=pages: count nothing until this function is entered" },
    { "to", OSI_OPTION_TEXT, NULL, NULL,
      "of=pages: count nothing from where this function is entered on, until `from` is entered again" },
    { "sample", OSI_OPTION_COUNT, "1", NULL,
      "of=pages: look at one of so many accesses, chosen at random, and estimate" },
    { "seed", OSI_OPTION_COUNT, "1", NULL, "of=pages: of the choices that sample= makes" },
    { "top", OSI_OPTION_COUNT, "20", NULL, "rows of the printed tables; the files have all" },
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};

static const struct osi_tool *const kinds[] = {
    &heatmap_functions, &heatmap_modules, &heatmap_tasks, &heatmap_pages,
};

static const struct osi_tool heatmap = { HEATMAP_TOOL, .modes = kinds, .mode_option = "of" };

OSI_PLUGIN(heatmap)
