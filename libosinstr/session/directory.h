/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory of a run: made fresh, an earlier one kept under another name. */
#ifndef OSINSTR_DIRECTORY_H
#define OSINSTR_DIRECTORY_H

#include <osinstr/error.h>

struct osi_directory {
    char *path;
    char *kept; /* new name of an earlier run's directory, NULL if there was none */
    int fd;     /* holds the lock that keeps other runs out */
};

/* Makes `path` an empty directory of our own. 0 or -errno with a sentence. Free with
 * osi_directory_close(), also after a failure. */
int osi_directory_open(struct osi_directory *directory, const char *path, struct osi_error *err);
void osi_directory_close(struct osi_directory *directory);

#endif
