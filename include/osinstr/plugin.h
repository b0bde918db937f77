/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OSI_PLUGIN(tool): turns a struct osi_tool into a plugin that QEMU can load.
 *
 *     static const struct osi_tool tool = { .name = "hello", … };
 *     OSI_PLUGIN(tool)
 *
 * It defines what QEMU looks for in a plugin, and nothing else: the version
 * (chosen by a constructor, before QEMU reads it), the check that refuses a QEMU
 * that is too old, and the entry point. Use it once per plugin, in C or C++.
 */
#ifndef OSINSTR_PLUGIN_H
#define OSINSTR_PLUGIN_H

#include <osinstr/tool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The interface version that the running QEMU accepts. */
int osi_plugin_declare_version(void);
/* NULL, or why this program can't host the library; static text. */
const char *osi_plugin_check_host(void);
/* The entry point behind OSI_PLUGIN: 0, or non-zero after one line on stderr. */
int osi_plugin_install(const struct osi_tool *tool, uint64_t id, const void *info, int argc,
                       char **argv);

#ifdef __cplusplus
}
#define OSI_EXPORT extern "C" __attribute__((visibility("default")))
#define OSI_EXPORT_DATA OSI_EXPORT
#else
#define OSI_EXPORT __attribute__((visibility("default")))
#define OSI_EXPORT_DATA __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
#define OSI_PLUGIN_VERSION_ extern "C" { __attribute__((visibility("default"))) int qemu_plugin_version = 2; }
#else
#define OSI_PLUGIN_VERSION_ OSI_EXPORT int qemu_plugin_version; int qemu_plugin_version = 2;
#endif

#define OSI_PLUGIN(tool_) \
    OSI_PLUGIN_VERSION_ \
    __attribute__((constructor)) static void osi_plugin_constructor_(void) \
    { \
        qemu_plugin_version = osi_plugin_declare_version(); \
    } \
    OSI_EXPORT const char *g_module_check_init(void *module_); \
    OSI_EXPORT const char *g_module_check_init(void *module_) \
    { \
        (void)module_; \
        return osi_plugin_check_host(); \
    } \
    OSI_EXPORT int qemu_plugin_install(uint64_t id_, const void *info_, int argc_, char **argv_); \
    OSI_EXPORT int qemu_plugin_install(uint64_t id_, const void *info_, int argc_, char **argv_) \
    { \
        return osi_plugin_install(&(tool_), id_, info_, argc_, argv_); \
    }

#endif
