/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that can be refused, before the guest runs: machine, clock, kernel or program, output. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest/kernel.h"
#include "session/flow.h"
#include "session/internal.h"
#include "session/texts.h"

#define MESSAGES_FD 500 /* out of the way of the program's own */

static int refuse_machine(const struct osi_session *session, struct osi_error *err)
{
    const struct osi_host_facts *facts = osi_host_facts(session->host);
    const struct osi_command_line *line = &session->command_line;
    unsigned missing = session->arch ? session->wanted & ~session->arch->features : 0;
    char text[128];

    if ((session->tool->needs & OSI_NEED_SYSTEM) && !facts->system) {
        return osi_fail(err, -ENOTSUP,
                        "needs a whole machine (qemu-system-%s); this is user-mode QEMU",
                        facts->target);
    }
    if (session->window.task && !facts->system) {
        return osi_fail(err, -ENOTSUP, "task= chooses among the tasks of a whole machine; "
                        "this is user-mode QEMU, which runs one program");
    }
    if (session->wanted && !session->arch) {
        return osi_fail(err, -ENOTSUP, "target %s is not supported", facts->target);
    }
    if (missing) {
        return osi_fail(err, -ENOTSUP, "target %s is not supported yet: it lacks %s", facts->target,
                        osi_arch_features_text(missing, text, sizeof(text)));
    }
    if ((session->tool->needs & OSI_NEED_TASKS) && !facts->can_read_memory) {
        return osi_fail(err, -ENOTSUP,
                        "needs to read guest memory, which QEMU offers from 9.2 on; this is %s",
                        facts->version);
    }
    if (facts->system && facts->max_vcpus > 1 && (line->icount || line->single_thread)) {
        return osi_fail(err, -ENOTSUP, "%s", OSI_ROUND_ROBIN_TEXT);
    }
    return 0;
}

static unsigned wanted_features(const struct osi_tool *tool, const struct osi_options *options)
{
    bool guest_clock = !tool->tick && strcmp(osi_options_text(options, "clock"), "guest") == 0;

    return ((tool->needs & (OSI_NEED_FUNCTIONS | OSI_NEEDS_ENTER)) ? OSI_ARCH_DECODE : 0) |
           ((tool->needs & OSI_NEED_TASKS) ? OSI_ARCH_LINUX | OSI_ARCH_REGISTERS | OSI_ARCH_DECODE
                                           : 0) |
           ((tool->needs & OSI_NEED_DECODE) ? OSI_ARCH_DECODE : 0) |
           ((tool->events & OSI_IRQ_EVENTS) ? OSI_ARCH_INTERRUPTS | OSI_ARCH_REGISTERS : 0) |
           ((tool->needs & OSI_NEED_CLOCK) && guest_clock ? OSI_ARCH_COUNTER : 0);
}

static bool has_guest_clock(const struct osi_session *session)
{
    return osi_host_facts(session->host)->system && session->arch &&
           (session->arch->features & OSI_ARCH_COUNTER);
}

static void set_up_clock(struct osi_session *session)
{
    const struct osi_command_line *line = &session->command_line;

    enum osi_clock_kind kind = (session->tool->needs & OSI_NEED_OWN_CLOCK)
                                   ? OSI_CLOCK_INSN
                                   : (enum osi_clock_kind)osi_options_count(session->options, "clock");

    if (session->tool->tick && kind == OSI_CLOCK_GUEST && !has_guest_clock(session)) {
        kind = OSI_CLOCK_HOST;
    }
    osi_clock_init(&session->clock, kind, line->icount, line->icount_shift);
    if (session->tool->needs & OSI_NEED_FLOW) {
        session->insns = osi_host_cells_new(OSI_FLOW_CELLS);
    }
    if (!(session->tool->needs & OSI_NEED_CLOCK)) {
        return;
    }
    session->clock_reads = osi_clock_calibrates(&session->clock) &&
                           osi_host_facts(session->host)->system;
    if (osi_clock_counts(&session->clock) && !session->insns) {
        session->insns = osi_host_cells_new(1);
    }
    if (session->clock_reads && line->icount && line->icount_shift < 0) {
        osi_say(session, "with icount shift=auto times are those of the guest's last counter read");
    }
}

/* The places of interrupts need the trace for their names. */
static void set_up_interrupts(struct osi_session *session)
{
    bool masks = session->tool->events & OSI_IRQ_EVENTS;

    if (masks || ((session->tool->needs & OSI_NEEDS_ENTER) && session->arch->interrupts &&
                  osi_host_facts(session->host)->system)) {
        session->irq = osi_irq_new(session, session->host, session->arch, &osi_session_irq_client,
                                   masks);
        session->irq_places = osi_irq_places_new(session);
    }
}

/* Takes over the kernel, of `symbols` or else of -kernel; NULL: it is not loaded yet. */
static int set_up_linux(struct osi_session *session, struct osi_kernel *kernel, struct osi_error *err)
{
    extern const struct osi_linux_client osi_session_linux_client;

    return osi_linux_new(session, session->host, session->arch, &osi_session_linux_client,
                         osi_options_text(session->options, "symbols"),
                         session->command_line.kernel, kernel, &session->guest, err);
}

/* Linux where it can be followed, else whatever symbols there are. */
static int set_up_functions(struct osi_session *session, struct osi_error *err)
{
    const char *symbols = osi_options_text(session->options, "symbols");
    const char *file = symbols ? symbols : session->command_line.kernel;
    bool follows = (session->arch->features & OSI_ARCH_LINUX) &&
                   osi_host_facts(session->host)->can_read_memory;
    struct osi_kernel *kernel = NULL;
    struct osi_error trouble = { "" };
    int rc = file ? osi_kernel_from_file(file, &kernel, &trouble) : -ENOENT;

    if (rc && symbols) {
        return osi_fail(err, rc, "%s", trouble.text);
    }
    if (follows && (rc || osi_kernel_is_linux(kernel))) {
        return set_up_linux(session, kernel, err);
    }
    if (rc == 0) {
        osi_functions_set_program(session->functions, kernel);
    } else if (file) {
        osi_say(session, "no functions are known: %s", trouble.text);
    }
    return 0;
}

static int set_up_guest(struct osi_session *session, struct osi_error *err)
{
    if (session->tool->needs & OSI_NEED_TASKS) {
        return set_up_linux(session, NULL, err);
    }
    if ((session->tool->needs & OSI_NEED_FUNCTIONS) && osi_host_facts(session->host)->system) {
        return set_up_functions(session, err);
    }
    return 0;
}

static int set_up_output(struct osi_session *session, struct osi_error *err)
{
    const char *out = osi_options_text(session->options, "out");
    char *fallback = g_strdup_printf("osinstr-%s", session->tool->name);
    int rc = osi_directory_open(&session->directory, out ? out : fallback, err);

    g_free(fallback);
    if (rc) {
        return rc;
    }
    if (session->directory.kept) {
        osi_say(session, "the earlier %s is kept as %s", session->directory.path,
                session->directory.kept);
    }
    if (session->tool->trace && osi_options_switch(session->options, "trace")) {
        return osi_open_trace(session, err);
    }
    return 0;
}

/* A program in user-mode QEMU has QEMU's own descriptors, and many close their standard error when they
 * end: before the report. */
static void keep_messages(struct osi_session *session)
{
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, MESSAGES_FD);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "w");

    if (stream) {
        session->messages = stream;
    } else if (fd >= 0) {
        close(fd);
    }
}

int osi_set_up(struct osi_session *session, struct osi_error *err)
{
    int rc;

    if (!osi_host_facts(session->host)->system) {
        keep_messages(session);
    }
    osi_prepare_barrier(session);
    osi_window_init(session);
    session->arch = osi_arch_find(osi_host_facts(session->host)->target);
    session->wanted = wanted_features(session->tool, session->options);
    osi_command_line_read(&session->command_line);
    rc = refuse_machine(session, err);
    if (rc) {
        return rc;
    }
    set_up_clock(session);
    osi_ticks_init(session);
    rc = set_up_guest(session, err);
    if (!rc) {
        rc = set_up_output(session, err);
    }
    if (!rc && (session->tool->needs & OSI_NEED_FLOW)) {
        rc = osi_flow_init(session, err);
    }
    if (!rc) {
        set_up_interrupts(session);
        if (session->tool->needs & OSI_NEED_TEXT) {
            session->texts = osi_texts_new(osi_host_facts(session->host)->target);
        }
    }
    if (!rc) {
        rc = osi_contexts_hook(session, err);
    }
    if (!rc && session->tool->start) {
        rc = session->tool->start(session, err);
    }
    return rc;
}
