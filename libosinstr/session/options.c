/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options from one table per tool plus one for all tools. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "session/options.h"

const struct osi_option osi_common_options[] = {
    { "out", OSI_OPTION_TEXT, NULL, NULL,
      "directory for the trace and the report (default osinstr-TOOL); an earlier one is renamed" },
    { "symbols", OSI_OPTION_TEXT, NULL, NULL,
      "vmlinux (ELF), Image, System.map or saved /proc/kallsyms of the guest's kernel; "
      "default: the file that -kernel names, else the guest's memory" },
    { "clock", OSI_OPTION_CHOICE, "guest", "guest|insn|host",
      "time stamps: the guest's own counter, instructions executed, or the host's clock" },
    { "trace", OSI_OPTION_SWITCH, "on", NULL, "record the events as a native trace in out" },
    { "compress", OSI_OPTION_CHOICE, "none", "none|lz4|zstd", "compression of the trace's blocks" },
    { "quiet", OSI_OPTION_SWITCH, "off", NULL,
      "print nothing but errors: no start line, no tables; the files are written all the same" },
    { "help", OSI_OPTION_SWITCH, "off", NULL, "print this list and refuse to start" },
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};

struct value {
    const struct osi_option *option;
    char *text; /* NULL: not given, no fallback */
    uint64_t number;
    bool given;
};

struct osi_options {
    GPtrArray *values; /* struct value, common ones first */
};

static struct value *find(const struct osi_options *options, const char *name, size_t length)
{
    for (guint i = 0; i < options->values->len; i++) {
        struct value *value = g_ptr_array_index(options->values, i);

        if (strlen(value->option->name) == length &&
            strncmp(value->option->name, name, length) == 0) {
            return value;
        }
    }
    return NULL;
}

static bool parse_scaled(const char *text, const char *const *suffixes, const uint64_t *scales,
                         uint64_t *number)
{
    char *end;
    uint64_t n;

    if (!g_ascii_isdigit(text[0])) {
        return false;
    }
    errno = 0;
    n = g_ascii_strtoull(text, &end, 10);
    if (errno) {
        return false;
    }
    for (size_t i = 0; suffixes[i]; i++) {
        if (g_ascii_strcasecmp(end, suffixes[i]) == 0) {
            return !__builtin_mul_overflow(n, scales[i], number);
        }
    }
    return false;
}

static bool parse_count(const char *text, uint64_t *number)
{
    static const char *const suffixes[] = { "", "k", "M", "G", NULL };
    static const uint64_t scales[] = { 1, 1000, 1000000, 1000000000 };

    return parse_scaled(text, suffixes, scales, number);
}

static bool parse_time(const char *text, uint64_t *number)
{
    static const char *const suffixes[] = { "", "ns", "us", "ms", "s", NULL };
    static const uint64_t scales[] = { 1, 1, 1000, 1000000, 1000000000 };

    return parse_scaled(text, suffixes, scales, number);
}

static bool parse_switch(const char *text, uint64_t *number)
{
    static const char *const words[] = { "off", "on", "no", "yes", "false", "true", "0", "1" };

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_ascii_strcasecmp(text, words[i]) == 0) {
            *number = i & 1;
            return true;
        }
    }
    return false;
}

static bool parse_choice(const char *text, const char *choices, uint64_t *number)
{
    char **list = g_strsplit(choices, "|", -1);
    bool found = false;

    for (guint i = 0; list[i]; i++) {
        if (strcmp(text, list[i]) == 0) {
            *number = i;
            found = true;
        }
    }
    g_strfreev(list);
    return found;
}

static const char *expectation(const struct osi_option *option)
{
    switch (option->kind) {
    case OSI_OPTION_COUNT:
        return "a number such as 20 or 5k";
    case OSI_OPTION_TIME:
        return "a time such as 50us or 2ms";
    case OSI_OPTION_SWITCH:
        return "on or off";
    case OSI_OPTION_CHOICE:
        return option->choices;
    case OSI_OPTION_TEXT:
    case OSI_OPTION_LIST:
        break;
    }
    return "some text";
}

static bool parse_value(const struct osi_option *option, const char *text, uint64_t *number)
{
    switch (option->kind) {
    case OSI_OPTION_TEXT:
    case OSI_OPTION_LIST:
        return text[0] != '\0';
    case OSI_OPTION_COUNT:
        return parse_count(text, number);
    case OSI_OPTION_TIME:
        return parse_time(text, number);
    case OSI_OPTION_SWITCH:
        return parse_switch(text, number);
    case OSI_OPTION_CHOICE:
        return parse_choice(text, option->choices, number);
    }
    return false;
}

static int set(struct value *value, const char *text, struct osi_error *err)
{
    if (!parse_value(value->option, text, &value->number)) {
        return osi_fail(err, -EINVAL, "bad value '%s' for option '%s': expected %s", text,
                        value->option->name, expectation(value->option));
    }
    if (value->option->kind == OSI_OPTION_LIST && value->given) { /* the fallback goes */
        char *joined = g_strdup_printf("%s,%s", value->text, text);

        g_free(value->text);
        value->text = joined;
        return 0;
    }
    g_free(value->text);
    value->text = g_strdup(text);
    return 0;
}

static void add_table(struct osi_options *options, const struct osi_option *table)
{
    for (; table && table->name; table++) {
        struct value *value = g_new0(struct value, 1);

        value->option = table;
        g_ptr_array_add(options->values, value);
        if (table->fallback) {
            int rc = set(value, table->fallback, NULL);

            g_assert(rc == 0); /* a wrong fallback is an error in the tool */
        }
    }
}

static void value_free(void *data)
{
    struct value *value = data;

    g_free(value->text);
    g_free(value);
}

static int parse_argument(struct osi_options *options, const struct osi_tool *tool,
                          const char *argument, struct osi_error *err)
{
    const char *equals = strchr(argument, '=');
    size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
    struct value *value = find(options, argument, length);
    int rc;

    if (!value) {
        return osi_fail(err, -EINVAL, "unknown option '%.*s': try -plugin …/%s.so,help=on",
                        (int)length, argument, tool->name);
    }
    if (value->given && value->option->kind != OSI_OPTION_LIST) {
        return osi_fail(err, -EINVAL,
                        "option '%.*s' is given twice; QEMU takes two -plugin of one file for one: "
                        "copy the file to load it twice", (int)length, argument);
    }
    rc = set(value, equals ? equals + 1 : "on", err);
    value->given = true;
    return rc;
}

int osi_options_new(const struct osi_tool *tool, int argc, char **argv, struct osi_options **out,
                    struct osi_error *err)
{
    struct osi_options *options = g_new0(struct osi_options, 1);

    options->values = g_ptr_array_new_with_free_func(value_free);
    add_table(options, osi_common_options);
    add_table(options, tool->options);
    for (int i = 0; i < argc; i++) {
        int rc = parse_argument(options, tool, argv[i], err);

        if (rc) {
            osi_options_free(options);
            return rc;
        }
    }
    *out = options;
    return 0;
}

void osi_options_free(struct osi_options *options)
{
    if (options) {
        g_ptr_array_unref(options->values);
        g_free(options);
    }
}

static const struct value *need(const struct osi_options *options, const char *name)
{
    const struct value *value = find(options, name, strlen(name));

    g_assert(value);
    return value;
}

const char *osi_options_text(const struct osi_options *options, const char *name)
{
    return need(options, name)->text;
}

const char *osi_options_find(const struct osi_options *options, const char *name)
{
    const struct value *value = find(options, name, strlen(name));

    return value ? value->text : NULL;
}

uint64_t osi_options_count(const struct osi_options *options, const char *name)
{
    return need(options, name)->number;
}

bool osi_options_switch(const struct osi_options *options, const char *name)
{
    return need(options, name)->number != 0;
}

bool osi_options_help_wanted(const struct osi_options *options)
{
    return osi_options_switch(options, "help");
}

/* As it was given: a list once for each of its texts. */
static void summarise(GString *text, const struct value *value)
{
    bool list = value->option->kind == OSI_OPTION_LIST;
    char **parts = g_strsplit(value->text, ",", list ? -1 : 1);

    for (char **part = parts; *part; part++) {
        g_string_append_printf(text, "%s%s=%s", text->len ? "," : "", value->option->name, *part);
    }
    g_strfreev(parts);
}

char *osi_options_summary(const struct osi_options *options)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < options->values->len; i++) {
        const struct value *value = g_ptr_array_index(options->values, i);

        if (value->text && strcmp(value->option->name, "help") != 0) {
            summarise(text, value);
        }
    }
    return g_string_free(text, FALSE);
}

static void help_table(const struct osi_option *table, FILE *stream)
{
    for (; table && table->name; table++) {
        char *left = g_strdup_printf("%s=%s", table->name,
                                     table->kind == OSI_OPTION_CHOICE   ? table->choices
                                     : table->kind == OSI_OPTION_SWITCH ? "on|off"
                                     : table->kind == OSI_OPTION_COUNT  ? "N"
                                     : table->kind == OSI_OPTION_TIME   ? "TIME"
                                                                        : "TEXT");

        fprintf(stream, "  %-24s %s%s%s%s\n", left, table->help, table->fallback ? " [" : "",
                table->fallback ? table->fallback : "", table->fallback ? "]" : "");
        g_free(left);
    }
}

void osi_options_help(const struct osi_tool *tool, FILE *stream)
{
    fprintf(stream, "%s: %s\nUsage: qemu-system-TARGET … -plugin …/%s.so[,OPTION=VALUE]…\n\n",
            tool->name, tool->summary, tool->name);
    if (tool->options && tool->options->name) {
        fprintf(stream, "Options of %s:\n", tool->name);
        help_table(tool->options, stream);
        fputc('\n', stream);
    }
    fputs("Options of all tools:\n", stream);
    help_table(osi_common_options, stream);
}
