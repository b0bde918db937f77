/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heatmaps as drawn: ASCII drawings and SVG are read back and compared with a model of what the
 * view holds; names of any bytes, all widths, values and times at the ends of their ranges. */
#include <check.h>
#include <glib.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/format.h"
#include "output/heatview.h"
#include "unit/heatview-model.h"

/* Sanitizers end a program that asks for too much memory; the C library only says no. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

/* ---- drawings as text ---- */
/* Closes the stream; the text is a copy, to be freed by g_free(). */
static char *text_from(FILE *stream, char **buffer)
{
    char *text;

    fclose(stream);
    text = g_strdup(*buffer);
    free(*buffer);
    return text;
}

static char *text_of(const struct osi_heatview *view, enum osi_heat_order order,
                     enum osi_heat_colors colors, size_t rows, unsigned width)
{
    char *buffer = NULL;
    size_t length;
    FILE *stream = open_memstream(&buffer, &length);

    osi_heatview_text(view, order, colors, rows, width, stream);
    return text_from(stream, &buffer);
}

static char *svg_of(const struct osi_heatview *view, enum osi_heat_order order, size_t rows)
{
    char *buffer = NULL;
    size_t length;
    FILE *stream = open_memstream(&buffer, &length);

    osi_heatview_svg(view, order, rows, stream);
    return text_from(stream, &buffer);
}

/* ---- ASCII against the model ---- */
static void ck_ascii(const struct model *model, enum osi_heat_order order, size_t rows,
                     unsigned width)
{
    char *text = text_of(model->view, order, OSI_HEAT_ASCII, rows, width);
    char **lines = g_strsplit(text, "\n", -1);
    const char *bar = strchr(lines[0], '|');
    size_t before = (size_t)(bar - lines[0]) + 1, room = width - before - 1;
    size_t join = (model->n_columns + room - 1) / room;
    struct model_lines *wanted = model_lines(model, order, rows, join);

    ck_assert_ptr_nonnull(bar);
    for (guint i = 0; i < wanted->lines->len; i++) {
        const struct model_line *line = &g_array_index(wanted->lines, struct model_line, i);
        char *cells = model_letters(wanted, i), *name = g_strndup(lines[i], before - 8);

        ck_assert_str_eq(g_strchomp(name), line->name);
        ck_assert_uint_eq(strlen(lines[i]), before + wanted->n_columns + 1);
        ck_assert_str_eq(lines[i] + strlen(lines[i]) - 1, "|");
        lines[i][strlen(lines[i]) - 1] = '\0';
        ck_assert_str_eq(lines[i] + before, cells);
        g_free(cells);
        g_free(name);
    }
    ck_assert_ptr_null(strchr(lines[wanted->lines->len], '|'));
    if (wanted->most) {
        char *most = g_strdup_printf("@ to %" PRIu64, wanted->most);

        ck_assert_ptr_nonnull(strstr(text, most));
        g_free(most);
    }
    model_lines_free(wanted);
    g_strfreev(lines);
    g_free(text);
}

START_TEST(cells_are_where_they_belong)
{
    GRand *rand = g_rand_new_with_seed((guint32)_i);

    for (unsigned round = 0; round < 20; round++) {
        struct model *model = model_random(rand, 14, 300);

        if (model_any(model)) {
            ck_ascii(model, g_rand_int_range(rand, 0, 2), (size_t)g_rand_int_range(rand, 0, 16),
                     (unsigned)g_rand_int_range(rand, 54, 200));
        }
        model_free(model);
    }
    g_rand_free(rand);
}
END_TEST

START_TEST(whole_drawing)
{
    struct osi_heatview *view = osi_heatview_new(5, 12, 250000, "ns", "instructions");
    char *text;

    for (unsigned i = 0; i < 12; i++) {
        osi_heatview_add(view, 0, i, 100 * i * i);
        osi_heatview_add(view, 1, 11 - i, i == 11 ? 20000 : 1);
        osi_heatview_add(view, 2, i, i == 3);
        osi_heatview_add(view, 3, i, 125000);
    }
    osi_heatview_name(view, 0, "grows");
    osi_heatview_name(view, 1, "at the beginning");
    osi_heatview_name(view, 2, "once");
    osi_heatview_name(view, 3, "[idle]");
    osi_heatview_name(view, 4, "never");
    osi_heatview_is_time(view, 3, 1);
    text = text_of(view, OSI_HEAT_BY_PHASE, OSI_HEAT_ASCII, 2, 62);
    ck_assert_str_eq(text,
        "at the beginning 20.0k |@...........|\n"
        "grows            50.6k | .::-==+**#%|\n"
        "[other: 1 rows]      1 |   .        |\n"
        "[idle]           50.0% |++++++++++++|\n"
        "                        +-------+---\n"
        "                        0       2ms\n"
        "heat: . to 246, : to 987, - to 2222, = to 3950, + to 6172,\n"
        "* to 8888, # to 12.0k, % to 15.8k, @ to 20000 instructions in\n"
        "250 us (the most; square root scale)\n"
        "rows in %: share of the time (@ to 100%, linear scale)\n");
    g_free(text);
    osi_heatview_free(view);
}
END_TEST

/* ---- colours ---- */
static unsigned brightness(unsigned r, unsigned g, unsigned b)
{
    return 2126 * r * r + 7152 * g * g + 722 * b * b;
}

static unsigned brightness_256(unsigned color)
{
    static const unsigned steps[] = { 0, 95, 135, 175, 215, 255 };

    ck_assert_uint_ge(color, 16);
    ck_assert_uint_lt(color, 232);
    color -= 16;
    return brightness(steps[color / 36], steps[color / 6 % 6], steps[color % 6]);
}

START_TEST(colors_become_brighter)
{
    for (unsigned heat = 0; heat < 255; heat++) {
        uint32_t a = heat_color(heat), b = heat_color(heat + 1);

        ck_assert_uint_lt(brightness(a >> 16, a >> 8 & 0xff, a & 0xff),
                          brightness(b >> 16, b >> 8 & 0xff, b & 0xff));
    }
}
END_TEST

/* Two columns a character, left one in front, right one behind; the first hotter by each. */
START_TEST(halves)
{
    struct osi_heatview *view = osi_heatview_new(1, 12, 1, "insn", "accesses");
    char *text, *at;
    unsigned last = 0, n = 0;

    for (unsigned i = 0; i < 12; i++) {
        osi_heatview_add(view, 0, i, i * i);
    }
    text = text_of(view, OSI_HEAT_BY_TOTAL, OSI_HEAT_256, 1, 80);
    for (at = strchr(text, '|') + 1; g_str_has_prefix(at, "\33[48;5;"); n++) {
        unsigned right = (unsigned)strtoul(at + 7, &at, 10), left;

        ck_assert(g_str_has_prefix(at, "m\33[38;5;"));
        left = (unsigned)strtoul(at + 8, &at, 10);
        ck_assert(g_str_has_prefix(at, "m\xe2\x96\x8c"));
        at += 4;
        ck_assert_uint_lt(brightness_256(left), brightness_256(right));
        ck_assert(n == 0 || brightness_256(left) > last);
        last = brightness_256(right);
    }
    ck_assert_uint_eq(n, 6);
    ck_assert(g_str_has_prefix(at, "\33[0m|\n"));
    ck_assert_ptr_nonnull(strstr(text, " 121 accesses in 1 insn (the most; square root scale)\n"));
    g_free(text);
    osi_heatview_free(view);
}
END_TEST

/* A character whose halves are the same is blank, so that the colour in front may be any. */
START_TEST(equal_halves)
{
    static const uint64_t values[] = { 0, 121, 121, 121, 0, 0, 0, 121 };
    struct osi_heatview *view = osi_heatview_new(1, 8, 1, "insn", "accesses");
    char *text;

    for (unsigned i = 0; i < 8; i++) {
        osi_heatview_add(view, 0, i, values[i]);
    }
    text = text_of(view, OSI_HEAT_BY_TOTAL, OSI_HEAT_256, 1, 80);
    ck_assert_ptr_nonnull(strstr(text, "|\33[48;5;228m\33[38;5;16m\xe2\x96\x8c \33[48;5;16m "
                                       "\33[48;5;228m\xe2\x96\x8c\33[0m|\n"));
    g_free(text);
    osi_heatview_free(view);
}
END_TEST

/* ---- SVG ---- */
START_TEST(tooltips_have_all)
{
    GRand *rand = g_rand_new_with_seed((guint32)_i);
    struct model *model = model_random(rand, 10, 1500);
    enum osi_heat_order order = g_rand_int_range(rand, 0, 2);
    size_t rows = (size_t)g_rand_int_range(rand, 0, 12);
    char *svg = svg_of(model->view, order, rows);
    struct model_lines *wanted = model_lines(model, order, rows, (model->n_columns + 599) / 600);
    struct svg *read = svg_read(svg);

    for (guint i = 0; i < wanted->lines->len && model_any(model); i++) {
        const struct model_line *line = &g_array_index(wanted->lines, struct model_line, i);

        ck_assert_str_eq(g_ptr_array_index(read->labels, i), line->name);
        ck_assert_uint_eq(svg_sum(read, i, line->name, model->n_columns * model->width),
                          line->total);
        for (size_t column = 0; column < wanted->n_columns; column++) {
            ck_assert_uint_eq(svg_level(read, i, model_start(model, wanted, column)),
                              model_level(wanted, i, column, 16));
        }
    }
    ck_assert_uint_eq(read->labels->len, wanted->lines->len);
    svg_free(read);
    model_lines_free(wanted);
    model_free(model);
    g_free(svg);
    g_rand_free(rand);
}
END_TEST

/* ---- what comes from outside ---- */
static void ck_lines(const char *text, unsigned width)
{
    char **lines = g_strsplit(text, "\n", -1);

    ck_assert(g_utf8_validate(text, -1, NULL));
    for (char **line = lines; *line; line++) {
        GString *shown = g_string_new(NULL);

        for (const char *at = *line; *at; at++) {
            if (g_str_has_prefix(at, "\33[")) {
                at = strchr(at, 'm');
            } else {
                ck_assert_int_ne(g_ascii_iscntrl(*at), 1);
                g_string_append_c(shown, *at);
            }
        }
        ck_assert_uint_le(osi_format_width(shown->str), width);
        g_string_free(shown, TRUE);
    }
    g_strfreev(lines);
}

START_TEST(names_of_any_bytes)
{
    GRand *rand = g_rand_new_with_seed((guint32)_i);
    struct osi_heatview *view = osi_heatview_new(300, 3, 1, "ns\n\33", "things]]> <&\xff\1");
    char *svg;

    for (unsigned i = 0; i < 300; i++) {
        char name[40] = "";

        for (unsigned at = 0; at < (unsigned)g_rand_int_range(rand, 0, 39); at++) {
            name[at] = (char)(at % 4 == 0 ? i : (unsigned)g_rand_int_range(rand, 1, 256));
        }
        osi_heatview_name(view, i, i == 299 ? "\xe4\xbd\xa0\xe5\xa5\xbd<>&\"'" : name);
        osi_heatview_add(view, i, i % 3, i + 1);
    }
    osi_heatview_is_time(view, 0, 1);
    for (unsigned width = 0; width < 60; width++) {
        for (enum osi_heat_colors colors = OSI_HEAT_ASCII; colors <= OSI_HEAT_24BIT; colors++) {
            char *text = text_of(view, OSI_HEAT_BY_TOTAL, colors, 0, width);

            ck_lines(text, MAX(width, 1));
            g_free(text);
        }
    }
    svg = svg_of(view, OSI_HEAT_BY_TOTAL, 0);
    ck_assert(g_utf8_validate(svg, -1, NULL));
    for (const char *at = svg; *at; at++) {
        ck_assert(*at == '\n' || !g_ascii_iscntrl(*at));
    }
    svg_free(svg_read(svg));
    g_free(svg);
    osi_heatview_free(view);
    g_rand_free(rand);
}
END_TEST

START_TEST(nothing_to_draw)
{
    static const size_t sizes[][2] = { { 0, 0 }, { 0, 5 }, { 5, 0 }, { 3, 4 } };

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        struct osi_heatview *view = osi_heatview_new(sizes[i][0], sizes[i][1], 5, "ns", "things");
        char *text = text_of(view, OSI_HEAT_BY_PHASE, OSI_HEAT_256, 3, 40);
        char *svg = svg_of(view, OSI_HEAT_BY_PHASE, 3);

        ck_assert_str_eq(text, "nothing was counted\n");
        ck_assert_ptr_nonnull(strstr(svg, "nothing was counted"));
        svg_free(svg_read(svg));
        g_free(text);
        g_free(svg);
        osi_heatview_free(view);
    }
    osi_heatview_free(NULL);
    ck_assert_ptr_null(osi_heatview_new(SIZE_MAX / 2, 3, 1, "ns", "things"));
    ck_assert_ptr_null(osi_heatview_new(16, SIZE_MAX / 16 + 1, 1, "ns", "things"));
    ck_assert_ptr_null(osi_heatview_new((size_t)1 << 36, (size_t)1 << 24, 1, "ns", "things"));
}
END_TEST

START_TEST(only_time)
{
    struct osi_heatview *view = osi_heatview_new(1, 4, 1000, "ns", "things");
    char *text;

    osi_heatview_is_time(view, 0, 2);
    osi_heatview_name(view, 0, "[idle]");
    osi_heatview_add(view, 0, 1, 1);
    osi_heatview_add(view, 0, 2, 2000);
    osi_heatview_add(view, 0, 3, 2001);
    text = text_of(view, OSI_HEAT_BY_TOTAL, OSI_HEAT_ASCII, 3, 60);
    ck_assert_str_eq(text, "[idle] 50.0% | .@@|\n"
                           "              +---\n"
                           "              0\n"
                           "rows in %: share of the time (@ to 100%, linear scale)\n");
    g_free(text);
    osi_heatview_free(view);
}
END_TEST

START_TEST(huge_values)
{
    struct osi_heatview *view = osi_heatview_new(3, 1000, UINT64_MAX / 999, "ns", "things");
    char *text, *svg;

    for (unsigned i = 0; i < 1000; i++) {
        osi_heatview_add(view, 0, i, UINT64_MAX);
        osi_heatview_add(view, 0, i, UINT64_MAX);
        osi_heatview_add(view, 1, i, 1);
        osi_heatview_add(view, 2, i, UINT64_MAX);
    }
    osi_heatview_is_time(view, 2, UINT32_MAX);
    for (enum osi_heat_order order = OSI_HEAT_BY_TOTAL; order <= OSI_HEAT_BY_PHASE; order++) {
        text = text_of(view, order, OSI_HEAT_ASCII, 1, 80);
        ck_lines(text, 80);
        ck_assert_ptr_nonnull(strstr(text, "18.4E |@@@@@@"));
        ck_assert_ptr_nonnull(strstr(text, "@ to 18446744073709551615 things"));
        g_free(text);
        svg = svg_of(view, order, 1);
        svg_free(svg_read(svg));
        g_free(svg);
    }
    osi_heatview_free(view);
}
END_TEST

START_TEST(sums_end)
{
    struct osi_heatview *view = osi_heatview_new(1, 1, UINT64_MAX, "insn", "things");
    char *text;

    osi_heatview_add(view, 0, 0, UINT64_MAX - 1);
    osi_heatview_add(view, 0, 0, 3);
    text = text_of(view, OSI_HEAT_BY_TOTAL, OSI_HEAT_ASCII, 1, 30);
    ck_assert(g_str_has_prefix(text, "18.4E |@|\n       +\n       0\n"));
    ck_assert_ptr_nonnull(strstr(text, "@ to 18446744073709551615\n"));
    g_free(text);
    osi_heatview_free(view);
}
END_TEST

START_TEST(few_values)
{
    struct osi_heatview *view = osi_heatview_new(1, 3, 1, "insn", "things");
    char *text;

    for (unsigned i = 0; i < 3; i++) {
        osi_heatview_add(view, 0, i, i + 1);
    }
    text = text_of(view, OSI_HEAT_BY_TOTAL, OSI_HEAT_ASCII, 1, 70);
    ck_assert_ptr_nonnull(strstr(text, "|*%@|"));
    ck_assert_ptr_nonnull(strstr(text, "heat: * to 1, % to 2, @ to 3 things in 1 insn (the most;"));
    g_free(text);
    osi_heatview_free(view);
}
END_TEST

/* ---- words ---- */
START_TEST(numbers)
{
    static const struct { uint64_t count; const char *text; } cases[] = {
        { 0, "0" }, { 9999, "9999" }, { 10000, "10.0k" }, { 99999, "99.9k" }, { 100000, "100k" },
        { 999999, "999k" }, { 1000000, "1.00M" }, { 1239999, "1.23M" }, { UINT64_MAX, "18.4E" },
    };
    static const struct { const char *unit; uint64_t time; const char *text; } times[] = {
        { "ns", 0, "0 ns" }, { "ns", 999, "999 ns" }, { "ns", 1000, "1 us" },
        { "ns", 1250000, "1.25 ms" }, { "ns", 1000000001, "1.000000001 s" },
        { "ns", UINT64_MAX, "18446744073.709551615 s" }, { "insn", 1500, "1500 insn" },
    };
    GString *out = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_string_truncate(out, 0);
        heat_put_short(out, cases[i].count);
        ck_assert_str_eq(out->str, cases[i].text);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        g_string_truncate(out, 0);
        heat_put_time(out, times[i].unit, times[i].time);
        ck_assert_str_eq(out->str, times[i].text);
    }
    g_string_free(out, TRUE);
}
END_TEST

START_TEST(short_names)
{
    static const struct { const char *name; size_t width; const char *text; } cases[] = {
        { "schedule", 8, "schedule" }, { "schedule", 7, "sche..e" }, { "schedule", 2, ".." },
        { "schedule", 1, "." }, { "schedule", 0, "" },
        { "very_long_function.part.0", 14, "very_lon..rt.0" },
        { "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd", 7, "\xe4\xbd\xa0\xe5\xa5\xbd.." },
        { "abcdefghi\xcc\x81jk", 8, "abcd..jk" },
        { "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd", 6, "\xe4\xbd\xa0..\xe5\xa5\xbd" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *out = g_string_new(NULL);

        ck_assert_uint_eq(heat_put_name(out, cases[i].name, cases[i].width),
                          osi_format_width(cases[i].text));
        ck_assert_str_eq(out->str, cases[i].text);
        g_string_free(out, TRUE);
    }
}
END_TEST

/* Whatever the span, there are labels all along the axis, each below its tick. */
START_TEST(axis_has_room)
{
    GRand *rand = g_rand_new_with_seed((guint32)_i);

    for (unsigned round = 0; round < 200; round++) {
        uint64_t width = (((uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand)) >>
                          g_rand_int_range(rand, 10, 64)) + 1;
        size_t columns = (size_t)g_rand_int_range(rand, 1, 1000);
        const char *unit = g_rand_boolean(rand) ? "ns" : "insn";
        struct osi_heatview *view = osi_heatview_new(1, columns, width, unit, "things");
        unsigned line_width = (unsigned)g_rand_int_range(rand, 24, 200), labels = 0;
        char *text, **lines;

        osi_heatview_add(view, 0, 0, 1);
        text = text_of(view, OSI_HEAT_BY_TOTAL, OSI_HEAT_ASCII, 1, line_width);
        lines = g_strsplit(text, "\n", -1);
        for (const char *at = lines[2]; *at; at++) {
            if (*at != ' ' && at[-1] == ' ') {
                ck_assert_int_eq(lines[1][at - lines[2]], '+');
            }
            labels += *at != ' ' && at[-1] == ' ';
        }
        ck_assert_uint_ge(labels, 1);
        ck_assert_uint_le(strlen(lines[2]), line_width);
        ck_assert_uint_ge((labels + 1) * 40 + 9, strlen(lines[1]));
        g_strfreev(lines);
        g_free(text);
        osi_heatview_free(view);
    }
    g_rand_free(rand);
}
END_TEST

/* A row that is the sum of others already, together with what is beyond the rows asked for. */
START_TEST(a_rest)
{
    struct osi_heatview *view = osi_heatview_new(4, 2, 10, "ns", "accesses");
    char *text;

    for (size_t i = 0; i < 4; i++) {
        osi_heatview_name(view, i, (const char *[]){ "a", "b", "rest", "[idle]" }[i]);
        osi_heatview_add(view, i, i % 2, 10 + i);
    }
    osi_heatview_is_rest(view, 2, 7);
    osi_heatview_is_time(view, 3, 1);
    text = text_of(view, OSI_HEAT_BY_PHASE, OSI_HEAT_ASCII, 2, 80);
    ck_assert_ptr_nonnull(strstr(text, "[other: 7 rows]    12 |@ |\n[idle] "));
    ck_assert_ptr_null(strstr(text, "rest"));
    g_free(text);
    text = text_of(view, OSI_HEAT_BY_TOTAL, OSI_HEAT_ASCII, 1, 80);
    ck_assert_ptr_nonnull(strstr(text, "b                  11 | #|\n[other: 8 rows]    22 |@ |\n"));
    g_free(text);
    osi_heatview_free(view);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("heatview");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, cells_are_where_they_belong, 0, 30);
    tcase_add_test(tcase, whole_drawing);
    tcase_add_test(tcase, colors_become_brighter);
    tcase_add_test(tcase, halves);
    tcase_add_test(tcase, equal_halves);
    tcase_add_loop_test(tcase, tooltips_have_all, 0, 30);
    tcase_add_loop_test(tcase, names_of_any_bytes, 0, 3);
    tcase_add_test(tcase, a_rest);
    tcase_add_test(tcase, nothing_to_draw);
    tcase_add_test(tcase, only_time);
    tcase_add_test(tcase, huge_values);
    tcase_add_test(tcase, sums_end);
    tcase_add_test(tcase, few_values);
    tcase_add_test(tcase, numbers);
    tcase_add_test(tcase, short_names);
    tcase_add_loop_test(tcase, axis_has_room, 0, 5);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
