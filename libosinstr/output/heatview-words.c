/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, names and times as they stand around a heatmap. */
#include "output/heatview.h"

#include <inttypes.h>
#include <string.h>

#include "output/format.h"

char *heat_printable(const char *text)
{
    GString *out = g_string_new(NULL);

    osi_format_escaped(out, text ? text : "");
    return g_string_free(out, FALSE);
}

/* Three digits, rounded down: a level's end must not look larger than it is. */
void heat_put_short(GString *out, uint64_t count)
{
    static const char units[] = "kMGTPE";
    const char *unit = units;
    uint64_t divisor = 1000, thousandths;

    if (count < 10000) {
        g_string_append_printf(out, "%" PRIu64, count);
        return;
    }
    for (; count / divisor >= 1000; unit++) {
        divisor *= 1000;
    }
    thousandths = count / (divisor / 1000);
    if (thousandths >= 100000) {
        g_string_append_printf(out, "%" PRIu64 "%c", thousandths / 1000, *unit);
    } else if (thousandths >= 10000) {
        g_string_append_printf(out, "%" PRIu64 ".%" PRIu64 "%c", thousandths / 1000,
                               thousandths / 100 % 10, *unit);
    } else {
        g_string_append_printf(out, "%" PRIu64 ".%02" PRIu64 "%c", thousandths / 1000,
                               thousandths / 10 % 100, *unit);
    }
}

void heat_put_share(GString *out, uint64_t part, heat_wide whole)
{
    unsigned tenths = whole ? (unsigned)MIN((heat_wide)part * 1000 / whole, (heat_wide)9999) : 0;

    if (tenths >= 1000) {
        g_string_append_printf(out, "%u%%", tenths / 10);
    } else {
        g_string_append_printf(out, "%u.%u%%", tenths / 10, tenths % 10);
    }
}

void heat_put_total(GString *out, const struct heat_picture *picture, size_t line)
{
    const struct heat_line *it = &picture->lines[line];

    if (it->vcpus) {
        heat_put_share(out, it->total, heat_whole(picture, line, 0, picture->n_columns));
    } else {
        heat_put_short(out, it->total);
    }
}

/* ---- times ---- */
struct scale {
    uint64_t divisor;
    const char *suffix;
};

/* The largest unit that the time has one of. What does not count nanoseconds counts things. */
static struct scale scale_of(const char *unit, uint64_t time)
{
    static const struct scale times[] = {
        { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" }, { 1, "ns" },
    }, counts[] = {
        { 1000000000000, "T" }, { 1000000000, "G" }, { 1000000, "M" }, { 1000, "k" }, { 1, "" },
    };
    const struct scale *scale = strcmp(unit, "ns") == 0 ? times : counts;

    while (scale->divisor > 1 && time < scale->divisor) {
        scale++;
    }
    return *scale;
}

static void put_decimals(GString *out, uint64_t time, uint64_t divisor, unsigned decimals)
{
    g_string_append_printf(out, "%" PRIu64, time / divisor);
    if (decimals) {
        g_string_append_c(out, '.');
    }
    while (decimals--) {
        time %= divisor;
        divisor /= 10;
        g_string_append_c(out, (char)('0' + time / divisor));
    }
}

/* As many digits as it takes. */
static unsigned decimals_of(uint64_t time, uint64_t divisor)
{
    unsigned decimals = 0;

    for (; time % divisor; divisor /= 10) {
        decimals++;
    }
    return decimals;
}

void heat_put_time(GString *out, const char *unit, uint64_t time)
{
    struct scale scale = scale_of(unit, time);

    if (strcmp(unit, "ns") != 0) {
        g_string_append_printf(out, "%" PRIu64 " %s", time, unit);
        return;
    }
    put_decimals(out, time, scale.divisor, decimals_of(time, scale.divisor));
    g_string_append_printf(out, " %s", scale.suffix);
}

/* ---- the axis ---- */
void heat_put_tick(GString *out, const struct heat_axis *axis, uint64_t time)
{
    if (time == 0) {
        g_string_append_c(out, '0');
        return;
    }
    put_decimals(out, time, axis->divisor, axis->decimals);
    g_string_append(out, axis->suffix);
}

static struct heat_axis axis_with(const struct heat_picture *picture, uint64_t step, uint64_t span)
{
    struct heat_axis axis = { .step = step, .last = span / step * step };
    struct scale scale = scale_of(picture->view->unit, axis.last);

    axis.divisor = scale.divisor;
    axis.suffix = scale.suffix;
    axis.decimals = decimals_of(step, scale.divisor);
    return axis;
}

static bool fits(const struct heat_axis *axis, uint64_t span, size_t places)
{
    GString *label = g_string_new(NULL);
    size_t length;

    heat_put_tick(label, axis, axis->last);
    length = label->len;
    g_string_free(label, TRUE);
    return (heat_wide)axis->step * places >= (heat_wide)span * (length + 2);
}

/* The smallest step of 1, 2 or 5 and zeros whose labels keep two places apart. */
struct heat_axis heat_axis_for(const struct heat_picture *picture, size_t places)
{
    uint64_t span = heat_time_of(picture, picture->n_columns);
    struct heat_axis axis = axis_with(picture, 1, span);
    unsigned digit = 0;

    while (!fits(&axis, span, places)) {
        uint64_t step = digit++ % 3 == 1 ? axis.step / 2 * 5 : axis.step * 2;

        if (axis.step > span || step / 2 < axis.step) {
            return axis_with(picture, UINT64_MAX, span);
        }
        axis = axis_with(picture, step, span);
    }
    return axis;
}

/* ---- names ---- */
static size_t width_of(gunichar c)
{
    return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

/* Two thirds of what there is room for are the beginning: endings tell variants apart. */
size_t heat_put_name(GString *out, const char *name, size_t width)
{
    static const char gap[] = "..";
    size_t all = osi_format_width(name), head = 0, tail = all, left;
    const char *rest = name;

    if (all <= width) {
        g_string_append(out, name);
        return all;
    }
    if (width < sizeof(gap)) {
        g_string_append_len(out, gap, (gssize)width);
        return width;
    }
    left = width - strlen(gap);
    for (; *rest && head + width_of(g_utf8_get_char(rest)) <= left - left / 3;
         rest = g_utf8_next_char(rest)) {
        head += width_of(g_utf8_get_char(rest));
    }
    g_string_append_len(out, name, rest - name);
    g_string_append(out, gap);
    tail -= head;
    for (; *rest && (tail > left - head || g_unichar_iszerowidth(g_utf8_get_char(rest)));
         rest = g_utf8_next_char(rest)) {
        tail -= width_of(g_utf8_get_char(rest));
    }
    g_string_append(out, rest);
    return head + strlen(gap) + tail;
}
