/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors: every call that can fail for a reason outside the program returns 0
 * or a negative errno, and says why in a sentence if the caller passes a
 * struct osi_error.
 *
 * The text has no trailing newline and no program name, so that it can be
 * printed as one line by whoever owns the terminal. The struct is plain data:
 * nothing to free, and it may live on the stack.
 */
#ifndef OSINSTR_ERROR_H
#define OSINSTR_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

struct osi_error {
    char text[512];
};

/* Formats the reason and returns `code` unchanged, so that a caller can write
 * `return osi_fail(err, -EINVAL, "…")`. `err` may be NULL. Any thread. */
int osi_fail(struct osi_error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif
#endif
