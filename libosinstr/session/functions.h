/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions by address, whatever tells their names. */
#ifndef OSINSTR_FUNCTIONS_H
#define OSINSTR_FUNCTIONS_H

#include <osinstr/code.h>

struct osi_functions;
struct osi_kernel;

struct osi_functions *osi_functions_new(void);
void osi_functions_free(struct osi_functions *functions); /* NULL is allowed */

/* A program without an operating system, at the addresses in its file; `kernel` is taken over. */
void osi_functions_set_program(struct osi_functions *functions, struct osi_kernel *kernel);
const struct osi_kernel *osi_functions_program(const struct osi_functions *functions);
/* The program's file: bare-metal, or the first that user-mode QEMU ran; NULL if none is known. */
const char *osi_functions_name(const struct osi_functions *functions);
/* The kernel's first code runs here, with the MMU off. */
void osi_functions_set_early(struct osi_functions *functions, uint64_t text);
/* osi_function_at(), and how far the address is from the function's first instruction. */
uint32_t osi_function_find(struct osi_session *session, uint64_t address, uint64_t *offset);
/* Run-time address of a symbol of a program; 0 or -ENOENT. */
int osi_functions_address(struct osi_functions *functions, const char *name, uint64_t *address);
/* User-mode QEMU: code at this address of the guest stands at `host` in this process. Cheap if its
 * file is known. */
void osi_functions_learn(struct osi_functions *functions, uint64_t address, const void *host);

#endif
