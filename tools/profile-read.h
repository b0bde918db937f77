/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile that osi_profile_pprof() wrote, as the tree that it was made from.
 *
 * What the file doesn't have is lost: functions on no path, nodes without instructions and calls that
 * lead to none with any. Nodes of one function below one parent are one. The root is called "all".
 */
#ifndef TOOLS_PROFILE_READ_H
#define TOOLS_PROFILE_READ_H

#include <osinstr/error.h>
#include <osinstr/profile.h>

/* 0, or a negative errno and a sentence that names the file. */
int profile_read(const char *file, struct osi_profile **profile, struct osi_error *err);
void profile_free(struct osi_profile *profile); /* of profile_read(); NULL is allowed */

#endif
