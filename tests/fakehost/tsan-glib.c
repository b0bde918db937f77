/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells the thread sanitizer what GLib's mutexes do.
 *
 * GLib is not built with the sanitizer, and its locks are no pthread ones, so that
 * everything under a GMutex would look like a race. These take the place of GLib's
 * functions for the program and its plugins. Empty without the sanitizer.
 */
#ifdef __SANITIZE_THREAD__
#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>

#define EXPORT __attribute__((visibility("default")))

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

EXPORT void g_mutex_lock(GMutex *mutex)
{
    static void (*real)(GMutex *mutex);

    if (!__atomic_load_n(&real, __ATOMIC_RELAXED)) {
        __atomic_store_n(&real, (void (*)(GMutex *))next("g_mutex_lock"), __ATOMIC_RELAXED);
    }
    __atomic_load_n(&real, __ATOMIC_RELAXED)(mutex);
    __tsan_acquire(mutex);
}

EXPORT void g_mutex_unlock(GMutex *mutex)
{
    static void (*real)(GMutex *mutex);

    if (!__atomic_load_n(&real, __ATOMIC_RELAXED)) {
        __atomic_store_n(&real, (void (*)(GMutex *))next("g_mutex_unlock"), __ATOMIC_RELAXED);
    }
    __tsan_release(mutex);
    __atomic_load_n(&real, __ATOMIC_RELAXED)(mutex);
}
#else
typedef int osinstr_nothing_to_do; /* ISO C wants something in a file */
#endif
