/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heatmap: what is hot when? */
#include "heatmap.h"

const struct osi_option heatmap_options[] = {
    { "of", OSI_OPTION_TEXT, NULL, NULL, "x" },
    { "mode", OSI_OPTION_CHOICE, "pages", "pages", "pages" },
    { "pages", OSI_OPTION_CHOICE, NULL, "physical|virtual",
      "pages: by physical or virtual address [physical; in user mode virtual]" },
    { "page", OSI_OPTION_CHOICE, "4k",
      "4k|8k|16k|32k|64k|128k|256k|512k|1M|2M|4M|8M|16M|32M|64M|128M|256M|512M|1G",
      "pages: the size of one" },
    { "devices", OSI_OPTION_CHOICE, "on", "on|offset|pc",
      "pages: devices.csv by device, by address in it, or by the code that accesses it" },
    { "sample", OSI_OPTION_COUNT, "1", NULL, "pages: look at one of so many accesses only" },
    { "seed", OSI_OPTION_COUNT, "1", NULL, "pages: of the choice that sample= makes" },
    { "range", OSI_OPTION_TEXT, NULL, NULL, "pages: only addresses FROM-TO (hexadecimal)" },
    { "from", OSI_OPTION_TEXT, NULL, NULL, "count nothing until this function is entered" },
    { "to", OSI_OPTION_TEXT, NULL, NULL, "count nothing from where this function is entered on, "
      "until `from` is entered again" },
    { "top", OSI_OPTION_COUNT, "20", NULL, "rows of the printed tables; the files have all" },
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};

static const struct osi_tool *const modes[] = { &heatmap_pages };

static const struct osi_tool heatmap = { HEATMAP_TOOL, .modes = modes };

OSI_PLUGIN(heatmap)
