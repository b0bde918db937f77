/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of a plugin, and what QEMU's command line says. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "host/command-line.h"
#include "session/options.h"

static const struct osi_option own[] = {
    { "top", OSI_OPTION_COUNT, "20", NULL, "rows" },
    { "threshold", OSI_OPTION_TIME, NULL, NULL, "least" },
    { "mode", OSI_OPTION_CHOICE, "calls", "calls|blocks", "what" },
    { "irq", OSI_OPTION_LIST, NULL, NULL, "which" },
    { "cpu", OSI_OPTION_LIST, "all", NULL, "where" },
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};
static const struct osi_tool tool = { .name = "test", .summary = "a test", .options = own };

static struct osi_options *parse(char *argument, struct osi_error *err)
{
    struct osi_options *options = NULL;
    char *argv[] = { argument };

    osi_options_new(&tool, argument ? 1 : 0, argv, &options, err);
    return options;
}

START_TEST(fallbacks)
{
    struct osi_options *o = parse(NULL, NULL);

    ck_assert_uint_eq(osi_options_count(o, "top"), 20);
    ck_assert_ptr_null(osi_options_text(o, "threshold"));
    ck_assert_ptr_null(osi_options_text(o, "out"));
    ck_assert_str_eq(osi_options_text(o, "clock"), "guest");
    ck_assert(osi_options_switch(o, "trace"));
    ck_assert(!osi_options_help_wanted(o));
    osi_options_free(o);
}
END_TEST

static const struct {
    char *argument;
    const char *name;
    uint64_t number;
} good[] = {
    { "top=0", "top", 0 },          { "top=5k", "top", 5000 },
    { "top=2M", "top", 2000000 },   { "threshold=7", "threshold", 7 },
    { "threshold=50us", "threshold", 50000 }, { "threshold=2ms", "threshold", 2000000 },
    { "threshold=1s", "threshold", 1000000000 }, { "trace=off", "trace", 0 },
    { "quiet=on", "quiet", 1 },     { "quiet=yes", "quiet", 1 },
    { "quiet", "quiet", 1 },        { "mode=blocks", "mode", 1 },
    { "clock=host", "clock", 2 },   { "help=on", "help", 1 },
    { "top=18446744073709551615", "top", UINT64_MAX },
};

START_TEST(accepted)
{
    struct osi_options *o = parse(good[_i].argument, NULL);

    ck_assert_ptr_nonnull(o);
    ck_assert_uint_eq(osi_options_count(o, good[_i].name), good[_i].number);
    osi_options_free(o);
}
END_TEST

static const struct {
    char *argument;
    const char *says;
} bad[] = {
    { "tpo=3", "unknown option 'tpo'" },
    { "nonsense", "unknown option 'nonsense'" },
    { "=3", "unknown option ''" },
    { "top=", "bad value '' for option 'top'" },
    { "top=-1", "bad value '-1' for option 'top'" },
    { "top=x", "expected a number" },
    { "top=3q", "bad value '3q'" },
    { "top=99999999999999999999", "bad value" },
    { "top=18446744073709551615k", "bad value" },
    { "threshold=5m", "expected a time" },
    { "mode=paths", "expected calls|blocks" },
    { "clock=utc", "expected guest|insn|host" },
    { "trace=perhaps", "expected on or off" },
    { "out=", "bad value '' for option 'out'" },
    { "irq=", "bad value '' for option 'irq'" },
};

START_TEST(refused)
{
    struct osi_error err = { "" };

    ck_assert_ptr_null(parse(bad[_i].argument, &err));
    ck_assert_msg(strstr(err.text, bad[_i].says), "'%s' lacks '%s'", err.text, bad[_i].says);
    ck_assert_ptr_null(strchr(err.text, '\n'));
}
END_TEST

/* ---- lists: options that may be given several times ---- */
static struct osi_options *parse_words(const char *words, struct osi_error *err)
{
    char **argv = g_strsplit(words, " ", -1);
    struct osi_options *options = NULL;

    osi_options_new(&tool, (int)g_strv_length(argv), argv, &options, err);
    g_strfreev(argv);
    return options;
}

static const struct {
    const char *words, *irq, *cpu, *summary;
} lists[] = {
    { "irq=27", "27", "all", ",irq=27,cpu=all" },
    { "irq=27 irq=arch_timer irq=3", "27,arch_timer,3", "all", 
      ",irq=27,irq=arch_timer,irq=3,cpu=all" },
    { "irq=a,b top=3 irq=c", "a,b,c", "all", ",irq=a,irq=b,irq=c,cpu=all" },
    { "irq", "on", "all", ",irq=on,cpu=all" },
    { "irq=27 irq=27", "27,27", "all", ",irq=27,irq=27,cpu=all" },
    { "cpu=2", NULL, "2", ",cpu=2" }, /* the first given value takes the fallback's place */
    { "cpu=2 cpu=3 irq=x", "x", "2,3", ",irq=x,cpu=2,cpu=3" },
};

START_TEST(list)
{
    struct osi_options *o = parse_words(lists[_i].words, NULL);
    char *summary;

    ck_assert_ptr_nonnull(o);
    ck_assert_pstr_eq(osi_options_text(o, "irq"), lists[_i].irq);
    ck_assert_pstr_eq(osi_options_text(o, "cpu"), lists[_i].cpu);
    summary = osi_options_summary(o);
    ck_assert_msg(g_str_has_suffix(summary, lists[_i].summary), "%s", summary);
    g_free(summary);
    osi_options_free(o);
}
END_TEST

START_TEST(only_lists_are_repeated)
{
    struct osi_error err = { "" };

    ck_assert_ptr_null(parse_words("top=3 irq=1 irq=2 top=4", &err));
    ck_assert_ptr_nonnull(strstr(err.text, "option 'top' is given twice"));
    ck_assert_ptr_null(parse_words("irq=1 irq= irq=2", &err));
    ck_assert_ptr_nonnull(strstr(err.text, "bad value '' for option 'irq'"));
}
END_TEST

START_TEST(help_has_all)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    osi_options_help(&tool, stream);
    fclose(stream);
    for (const struct osi_option *o = osi_common_options; o->name; o++) {
        ck_assert_msg(strstr(text, o->name), "%s", o->name);
        ck_assert_msg(strstr(text, o->help), "%s", o->help);
    }
    ck_assert_ptr_nonnull(strstr(text, "calls|blocks"));
    free(text);
}
END_TEST

/* Words separated by '|' in place of the NULs of /proc/self/cmdline. */
static const struct {
    const char *words, *kernel;
    bool icount;
    int shift;
    bool single;
} lines[] = {
    { "qemu|-M|virt", NULL, false, -1, false },
    { "qemu|-kernel|Image", "Image", false, -1, false },
    { "qemu|--kernel|a b", "a b", false, -1, false },
    { "qemu|-kernel|one|-kernel|two", "two", false, -1, false },
    { "qemu|-machine|virt,kernel=K,,x,foo=bar", "K,x", false, -1, false },
    { "qemu|-M|virt,kernel=K", "K", false, -1, false },
    { "qemu|-icount|3", NULL, true, 3, false },
    { "qemu|-icount|shift=7,sleep=off", NULL, true, 7, false },
    { "qemu|-icount|sleep=off,shift=auto", NULL, true, -1, false },
    { "qemu|-icount|auto", NULL, true, -1, false },
    { "qemu|-icount|sleep=off", NULL, false, -1, false },
    { "qemu|-accel|tcg,thread=single", NULL, false, -1, true },
    { "qemu|-accel|tcg,thread=single|-accel|tcg,thread=multi", NULL, false, -1, false },
    { "qemu|-append|-kernel|-smp|2", NULL, false, -1, false },
    { "qemu|-kernel", NULL, false, -1, false },
    { "", NULL, false, -1, false },
};

START_TEST(command_line)
{
    struct osi_command_line line;
    size_t size = strlen(lines[_i].words) + 1;
    char words[256];

    memcpy(words, lines[_i].words, size);
    for (size_t i = 0; i < size; i++) {
        words[i] = words[i] == '|' ? '\0' : words[i];
    }
    osi_command_line_parse(words, size, &line);
    ck_assert_pstr_eq(line.kernel, lines[_i].kernel);
    ck_assert_int_eq(line.icount, lines[_i].icount);
    ck_assert_int_eq(line.icount_shift, lines[_i].shift);
    ck_assert_int_eq(line.icount_text != NULL, lines[_i].icount);
    ck_assert(!line.icount_text || strstr(lines[_i].words, line.icount_text));
    ck_assert_int_eq(line.single_thread, lines[_i].single);
    osi_command_line_clear(&line);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, fallbacks);
    tcase_add_loop_test(tcase, accepted, 0, sizeof(good) / sizeof(good[0]));
    tcase_add_loop_test(tcase, refused, 0, sizeof(bad) / sizeof(bad[0]));
    tcase_add_loop_test(tcase, list, 0, sizeof(lists) / sizeof(lists[0]));
    tcase_add_test(tcase, only_lists_are_repeated);
    tcase_add_test(tcase, help_has_all);
    tcase_add_loop_test(tcase, command_line, 0, sizeof(lines) / sizeof(lines[0]));
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
