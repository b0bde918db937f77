/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a run: report.txt, summary.json, histograms, the closing notes of the trace. */
#ifndef OSINSTR_SUMMARY_H
#define OSINSTR_SUMMARY_H

struct osi_session;

void osi_write_summary(struct osi_session *session);

#endif
