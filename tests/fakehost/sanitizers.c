/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the sanitizers' view right; empty without them.
 *
 * Threads: GLib is not built with the sanitizer, and its locks are no pthread ones, so
 * everything under a GMutex would look like a race. The functions below take the place
 * of GLib's for the program and its plugins.
 * Addresses: plugins search this program's constants, gaps included, for QEMU's version;
 * and the search for leaks trips over thread-local variables of plugins.
 */
#include "fakehost/internal.h"

void fake_link_sanitizers(void)
{
}

#if defined(__SANITIZE_THREAD__)
#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>

#define EXPORT __attribute__((visibility("default")))

typedef void (*mutex_fn)(GMutex *mutex);

static mutex_fn glib_function(mutex_fn *cache, const char *name)
{
    mutex_fn fn = __atomic_load_n(cache, __ATOMIC_RELAXED);

    if (!fn) {
        *(void **)&fn = dlsym(RTLD_NEXT, name);
        __atomic_store_n(cache, fn, __ATOMIC_RELAXED);
    }
    return fn;
}

EXPORT void g_mutex_lock(GMutex *mutex)
{
    static mutex_fn lock;

    glib_function(&lock, "g_mutex_lock")(mutex);
    __tsan_acquire(mutex);
}

EXPORT void g_mutex_unlock(GMutex *mutex)
{
    static mutex_fn unlock;

    __tsan_release(mutex);
    glib_function(&unlock, "g_mutex_unlock")(mutex);
}
#elif defined(__SANITIZE_ADDRESS__)
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "intercept_memmem=0:intercept_memcmp=0:intercept_tls_get_addr=0";
}
#endif
