/* SPDX-License-Identifier: GPL-2.0-or-later */
/* opens: which task opens which file?
 *
 * One line per open(), openat() and openat2() in DIR/opens: time in the clock's unit, vCPU, pid, name
 * of the task, path.
 *
 * do_sys_openat2(int dfd, const char __user *filename, …) is where they meet. The path is still in
 * the program's memory there, and on a page that the program may not have touched: the kernel's
 * own copy would fault it in, a look from outside can't. Such a path is "?" and counted.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <osinstr/osinstr.h>

struct shard {
    uint64_t opens, unreadable;
};

static int start(struct osi_session *session, struct osi_error *err)
{
    char path[4096];
    FILE *lines;

    snprintf(path, sizeof(path), "%s/opens", osi_directory(session));
    lines = fopen(path, "we");
    if (!lines)
        return osi_fail(err, -errno, "can't write %s: %s", path, strerror(errno));
    setlinebuf(lines); /* a killed QEMU leaves every line behind */
    osi_set_data(session, lines);
    return 0;
}

static void on_open(struct osi_session *session, unsigned vcpu, void *data)
{
    struct shard *shard = osi_shard(session, vcpu);
    const struct osi_task *task = osi_current(session, vcpu);
    uint64_t now = osi_now(session, vcpu, NULL), filename;
    char path[4096] = "?";

    (void)data;
    shard->opens++;
    if (osi_argument(session, vcpu, 1, &filename) ||
        osi_read_string(session, filename, path, sizeof(path))) {
        shard->unreadable++;
        snprintf(path, sizeof(path), "?");
    }
    /* stdio takes a lock: fine for something as rare as opening a file. */
    fprintf(osi_data(session), "%" PRIu64 " %u %" PRIu32 " %s %s\n", now, vcpu,
            task ? task->pid : 0, task ? task->comm : "?", path);
}

static void ready(struct osi_session *session)
{
    struct osi_error err;

    if (!osi_hook(session, "do_sys_openat2", on_open, NULL, &err))
        osi_say(session, "%s", err.text);
}

static void report(struct osi_session *session, struct osi_report *out)
{
    struct shard sum = { 0, 0 };

    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        const struct shard *shard = osi_shard(session, i);

        if (shard) {
            sum.opens += shard->opens;
            sum.unreadable += shard->unreadable;
        }
    }
    osi_report_count(out, "opens", sum.opens);
    osi_report_count(out, "unreadable", sum.unreadable);
    if (sum.unreadable)
        osi_report_note(out, "unreadable paths lay on pages that were not in memory yet");
}

static void stop(struct osi_session *session)
{
    if (fclose(osi_data(session)))
        perror("osinstr opens: DIR/opens is incomplete");
}

static const struct osi_tool tool = {
    .name = "opens",
    .summary = "which task opens which file",
    .needs = OSI_NEED_SYSTEM | OSI_NEED_TASKS | OSI_NEED_CLOCK,
    .shard_size = sizeof(struct shard),
    .start = start,
    .ready = ready,
    .report = report,
    .stop = stop,
};

OSI_PLUGIN(tool)
