/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hooks by run-time address, looked up for every block that is translated.
 *
 * Readers (translation, on any vCPU's thread) see an immutable sorted array
 * through one atomic pointer; writers are rare and copy it. Old arrays live until
 * the end, since a reader may still hold one: they are small and few.
 */
#ifndef OSINSTR_HOOKS_H
#define OSINSTR_HOOKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct osi_session;

typedef void (*osi_hook_fn)(struct osi_session *session, unsigned vcpu, void *data);

struct osi_hook {
    osi_hook_fn fn;
    void *data;
    unsigned number; /* dense, from 0 */
    atomic_bool enabled;
};

struct osi_hook_entry {
    uint64_t address;
    struct osi_hook *hook;
};

struct osi_hooks;

struct osi_hooks *osi_hooks_new(void);
void osi_hooks_free(struct osi_hooks *hooks);

/* A hook on some addresses; owned by `hooks`. */
struct osi_hook *osi_hooks_add(struct osi_hooks *hooks, const uint64_t *addresses, size_t n,
                               osi_hook_fn fn, void *data);
/* Forgets all addresses (the kernel restarted elsewhere); the hooks themselves stay valid. */
void osi_hooks_clear(struct osi_hooks *hooks);

/* First entry with address >= `from`; walk upwards while address < to. *n entries follow. */
const struct osi_hook_entry *osi_hooks_from(const struct osi_hooks *hooks, uint64_t from, size_t *n);

#endif
