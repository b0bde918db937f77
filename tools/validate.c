/* SPDX-License-Identifier: GPL-2.0-or-later */
/* osinstr validate: is a trace sound, and what is wrong with it? */
#include <inttypes.h>
#include <unistd.h>

#include "out.h"
#include "progress.h"
#include "tool.h"

static void print_line(void *data, const char *line)
{
    struct out *out = data;

    out_text(out, line);
    out_char(out, '\n');
}

static void say(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct out *out, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    print_line(out, text);
    g_free(text);
}

static void print_verdict(struct out *out, const char *dir, const struct osi_trace_health *health,
                          bool damaged)
{
    say(out, "%s: %s: %" PRIu64 " events in %" PRIu64 " blocks, %" PRIu64 " bytes", dir,
        damaged ? "damaged" : "sound", health->events, health->blocks, health->bytes);
    if (damaged) {
        say(out, "damaged blocks %" PRIu64 ", missing blocks %" PRIu64 ", damaged records %" PRIu64
            "; everything else can be read", health->bad_blocks, health->missing_blocks,
            health->bad_records);
    }
    if (!health->complete) {
        say(out, "the run was cut off; %" PRIu64 " events recovered from open blocks",
            health->staged_events);
    } else if (health->staged_events) {
        say(out, "%" PRIu64 " events recovered from open blocks", health->staged_events);
    }
    if (health->lost_events) {
        say(out, "%" PRIu64 " events could not be stored during the run", health->lost_events);
    }
    if (health->unknown_events) {
        say(out, "%" PRIu64 " events are of kinds that only a newer osinstr reads",
            health->unknown_events);
    }
}

static int validate(struct osi_trace_reader *reader, const char *dir, bool quiet)
{
    struct out *out = out_new(STDOUT_FILENO);
    struct osi_trace_health health;
    struct progress progress;
    int rc, status;

    progress_start(&progress, reader, false);
    progress_say(&progress, "checking…");
    rc = osi_trace_check(reader, &health, quiet ? NULL : print_line, out);
    progress_end(&progress);
    if (rc >= 0 && !quiet) {
        print_verdict(out, dir, &health, rc > 0);
    }
    status = out_close(out);
    if (rc < 0) {
        return complain("%s: %s", dir, g_strerror(-rc));
    }
    return status ? status : rc > 0 ? EXIT_DAMAGED : EXIT_FINE;
}

static int run(const struct command *command, int argc, char **argv)
{
    gboolean quiet = FALSE;
    const GOptionEntry entries[] = {
        { "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Print nothing: the exit status says it",
          NULL },
        G_OPTION_ENTRY_NULL,
    };
    struct osi_trace_reader *reader = NULL;
    const char *dir;
    int status;

    if (begin(command, entries, argc, argv, &reader, &dir, &status)) {
        status = validate(reader, dir, quiet);
    }
    osi_trace_reader_free(reader);
    return status;
}

const struct command command_validate = {
    .name = "validate",
    .summary = "Check every block of a trace and list what is damaged",
    .run = run,
};
