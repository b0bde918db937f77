/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The formats that osinstr export knows: one file each. */
#ifndef TOOLS_EXPORT_FORMATS_H
#define TOOLS_EXPORT_FORMATS_H

#include "export.h"

extern const struct export_format export_callgrind, export_csv, export_ctf, export_folded, export_hlog, export_json,
    export_pprof, export_speedscope, export_sqlite, export_tracedat;

#endif
