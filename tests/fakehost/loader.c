/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of plugins: loaded, installed, called for what they registered, gone.
 *
 * The order of steps is that of QEMU's loader: dlopen (constructors run, then the
 * module's own check), the entry points, one look at the version, install.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

GPtrArray *fake_plugins;
/* Writers first: free-running vCPUs would keep one out for ever. */
pthread_rwlock_t fake_exclusive = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
__thread struct fake_context fake_context;

void fake_die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("fake host: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    fflush(NULL);
    _exit(FAKE_MISUSE);
}

bool fake_userdata(void)
{
    return fake_release->cur >= 7;
}

struct fake_plugin *fake_plugin_of(qp_id id)
{
    for (guint i = 0; fake_plugins && i < fake_plugins->len; i++) {
        struct fake_plugin *plugin = g_ptr_array_index(fake_plugins, i);

        if (plugin->id == id && !plugin->gone) {
            return plugin;
        }
    }
    fake_die("no plugin has id %" G_GUINT64_FORMAT, id);
}

unsigned fake_n_plugins(void)
{
    unsigned n = 0;

    for (guint i = 0; fake_plugins && i < fake_plugins->len; i++) {
        n += !((struct fake_plugin *)g_ptr_array_index(fake_plugins, i))->gone;
    }
    return n;
}

/* ---- the command line ---- */
static struct fake_plugin *plugin_by_path(const char *path)
{
    struct fake_plugin *plugin;

    for (guint i = 0; i < fake_plugins->len; i++) {
        plugin = g_ptr_array_index(fake_plugins, i);
        if (strcmp(plugin->path, path) == 0) {
            return plugin; /* the same path twice is one plugin with all arguments */
        }
    }
    plugin = g_new0(struct fake_plugin, 1);
    /* QEMU hands out random numbers; only that they differ is certain. */
    plugin->id = 0x9e3779b97f4a7c15ull * (fake_plugins->len + 1) + 12345;
    plugin->path = g_strdup(path);
    plugin->args = g_ptr_array_new();
    g_ptr_array_add(fake_plugins, plugin);
    return plugin;
}

/* "PATH,a=1,b": ",," is a comma, a bare flag becomes "flag=on". */
void fake_add_plugin(const char *option)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
    GString *part = g_string_new(NULL);
    struct fake_plugin *plugin;

    for (const char *p = option; *p; p++) {
        if (p[0] == ',' && p[1] != ',') {
            g_ptr_array_add(parts, g_string_free(part, FALSE));
            part = g_string_new(NULL);
        } else {
            g_string_append_c(part, *p);
            p += p[0] == ',';
        }
    }
    g_ptr_array_add(parts, g_string_free(part, FALSE));
    if (!fake_plugins) {
        fake_plugins = g_ptr_array_new();
    }
    plugin = plugin_by_path(g_ptr_array_index(parts, 0));
    for (guint i = 1; i < parts->len; i++) {
        char *text = g_ptr_array_index(parts, i);

        g_ptr_array_add(plugin->args, strchr(text, '=') ? g_strdup(text)
                                                        : g_strconcat(text, "=on", NULL));
    }
    g_ptr_array_unref(parts);
}

/* ---- loading ---- */
static int refuse(const struct fake_plugin *plugin, const char *why)
{
    fprintf(stderr, "fake host: can't load plugin %s: %s\n", plugin->path, why);
    return 1;
}

static int open_plugin(struct fake_plugin *plugin)
{
    const char *(*check)(void *module);
    const char *why;

    plugin->handle = dlopen(plugin->path, RTLD_NOW | RTLD_LOCAL);
    if (!plugin->handle) {
        return refuse(plugin, dlerror());
    }
    *(void **)&check = dlsym(plugin->handle, "g_module_check_init");
    why = check ? check(plugin->handle) : NULL;
    return why ? refuse(plugin, why) : 0;
}

static struct qp_info machine_info(void)
{
    struct qp_info info = { .target_name = fake_machine.target };

    info.version.min = fake_release->min;
    info.version.cur = fake_release->cur;
    info.system_emulation = !fake_machine.user;
    if (!fake_machine.user) {
        info.system.smp_vcpus = (int)fake_machine.vcpus;
        info.system.max_vcpus = (int)fake_machine.max_vcpus;
    }
    return info;
}

static int load(struct fake_plugin *plugin)
{
    int (*install)(qp_id id, const struct qp_info *info, int argc, char **argv);
    struct qp_info info = machine_info();
    const int *version;
    char text[120];
    int rc = open_plugin(plugin);

    if (rc) {
        return rc;
    }
    *(void **)&install = dlsym(plugin->handle, "qemu_plugin_install");
    version = dlsym(plugin->handle, "qemu_plugin_version");
    if (!install || !version) {
        return refuse(plugin, "it lacks qemu_plugin_install or qemu_plugin_version");
    }
    if (*version < fake_release->min || *version > fake_release->cur) {
        snprintf(text, sizeof(text), "it declares version %d, accepted are %d to %d", *version,
                 fake_release->min, fake_release->cur);
        return refuse(plugin, text);
    }
    plugin->installing = true;
    fake_context = (struct fake_context){ .moment = FAKE_INSTALLING, .plugin = plugin };
    rc = install(plugin->id, &info, (int)plugin->args->len, (char **)plugin->args->pdata);
    fake_context = (struct fake_context){ .moment = FAKE_OUTSIDE };
    plugin->installing = false;
    return rc ? refuse(plugin, "its install function returned an error") : 0;
}

int fake_load_plugins(void)
{
    for (guint i = 0; fake_plugins && i < fake_plugins->len; i++) {
        if (load(g_ptr_array_index(fake_plugins, i))) {
            return 1;
        }
    }
    return 0;
}

/* ---- calling ---- */
static struct fake_context enter(enum fake_moment moment, struct fake_plugin *plugin,
                                 struct fake_vcpu *vcpu)
{
    struct fake_context before = fake_context;

    fake_context = (struct fake_context){ .moment = moment, .plugin = plugin, .vcpu = vcpu };
    return before;
}

void fake_call_vcpu(struct fake_plugin *plugin, enum fake_event event, struct fake_vcpu *vcpu)
{
    void *fn = plugin->callbacks[event].fn;
    struct fake_context before = enter(FAKE_STARTING, plugin, vcpu);

    fake_context.registers = true;
    if (!fn || plugin->gone) {
    } else if (fake_userdata()) {
        ((qp7_vcpu_fn)fn)(vcpu->index, plugin->callbacks[event].data);
    } else {
        ((qp2_vcpu_fn)fn)(plugin->id, vcpu->index);
    }
    fake_context = before;
}

void fake_call_translate(struct fake_plugin *plugin, struct fake_vcpu *vcpu, struct qp_tb *tb)
{
    void *fn = plugin->callbacks[FAKE_EV_TRANSLATE].fn;
    struct fake_context before = enter(FAKE_TRANSLATING, plugin, vcpu);

    fake_context.tb = tb;
    if (!fn || plugin->gone) {
    } else if (fake_userdata()) {
        ((qp7_tb_fn)fn)(tb, plugin->callbacks[FAKE_EV_TRANSLATE].data);
    } else {
        ((qp2_tb_fn)fn)(plugin->id, tb);
    }
    fake_context = before;
}

void fake_call_discon(struct fake_plugin *plugin, struct fake_vcpu *vcpu, int kind, uint64_t from,
                      uint64_t to)
{
    void *fn = plugin->callbacks[FAKE_EV_DISCON].fn;
    struct fake_context before = enter(FAKE_DISCONTINUITY, plugin, vcpu);

    fake_context.registers = true;
    if (!fn || plugin->gone || !(plugin->callbacks[FAKE_EV_DISCON].kinds & kind)) {
    } else if (fake_userdata()) {
        ((qp7_discon_fn)fn)(vcpu->index, kind, from, to, plugin->callbacks[FAKE_EV_DISCON].data);
    } else {
        ((qp2_discon_fn)fn)(plugin->id, vcpu->index, kind, from, to);
    }
    fake_context = before;
}

/* From libc's exit(), on whatever thread called it, while other vCPUs may still run. */
void fake_call_exit(void)
{
    for (guint i = fake_plugins ? fake_plugins->len : 0; i > 0; i--) {
        struct fake_plugin *plugin = g_ptr_array_index(fake_plugins, i - 1);
        void *fn = plugin->callbacks[FAKE_EV_ATEXIT].fn;
        struct fake_context before = enter(FAKE_EXITING, plugin, NULL);

        if (!fn || plugin->gone) {
        } else if (fake_userdata()) {
            ((qp7_fn)fn)(plugin->callbacks[FAKE_EV_ATEXIT].data);
        } else {
            ((qp2_exit_fn)fn)(plugin->id, plugin->callbacks[FAKE_EV_ATEXIT].data);
        }
        fake_context = before;
    }
}

/* ---- uninstalling: between blocks, while no vCPU runs, the library is closed as well ---- */
static void remove_plugin(struct fake_plugin *plugin)
{
    memset(plugin->callbacks, 0, sizeof(plugin->callbacks));
    fake_flush_blocks();
    if (!plugin->done) {
    } else if (fake_userdata()) {
        ((qp7_fn)plugin->done)(plugin->done_data);
    } else {
        ((qp2_id_fn)plugin->done)(plugin->id);
    }
    plugin->gone = true;
    dlclose(plugin->handle);
}

void fake_settle(void)
{
    bool wanted = false;

    for (guint i = 0; fake_plugins && i < fake_plugins->len; i++) {
        struct fake_plugin *plugin = g_ptr_array_index(fake_plugins, i);

        wanted |= __atomic_load_n(&plugin->uninstalling, __ATOMIC_ACQUIRE);
    }
    if (!wanted) {
        return;
    }
    pthread_rwlock_wrlock(&fake_exclusive);
    for (guint i = 0; i < fake_plugins->len; i++) {
        struct fake_plugin *plugin = g_ptr_array_index(fake_plugins, i);

        if (__atomic_load_n(&plugin->uninstalling, __ATOMIC_ACQUIRE) && !plugin->gone) {
            remove_plugin(plugin);
        }
    }
    pthread_rwlock_unlock(&fake_exclusive);
}
