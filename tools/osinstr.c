/* SPDX-License-Identifier: GPL-2.0-or-later */
/* osinstr: looks into traces; needs no QEMU. One file per command, see the table. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "out.h"
#include "tool.h"

static const struct command *const commands[] = {
    &command_info, &command_dump, &command_csv, &command_report,
    &command_diff, &command_export, &command_validate,
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static int run(const char *name, int argc, char **argv)
{
    const struct command *command = find(name);
    char *prgname;

    if (!command) {
        return complain("there is no command '%s' (try: osinstr help)", name);
    }
    prgname = g_strdup_printf("osinstr %s", name);
    g_set_prgname(prgname);
    g_free(prgname);
    return command->run(command, argc, argv);
}

static int print_usage(void)
{
    struct out *out = out_new(STDOUT_FILENO);

    out_text(out, "Usage:\n  osinstr COMMAND [OPTION…] DIR\n\n"
                  "Looks into DIR, a trace that an osinstr plugin wrote.\n\nCommands:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        out_text(out, "  ");
        out_text(out, commands[i]->name);
        out_blanks(out, 10 - strlen(commands[i]->name));
        out_text(out, commands[i]->summary);
        out_char(out, '\n');
    }
    out_text(out, "\nosinstr help COMMAND (or: osinstr COMMAND --help) lists its options.\n");
    return out_close(out);
}

static int print_version(void)
{
    struct out *out = out_new(STDOUT_FILENO);

    out_text(out, "osinstr " PACKAGE_VERSION "\n");
    return out_close(out);
}

static int help(int argc, char **argv)
{
    char option[] = "--help";
    char *ask[] = { argc > 2 ? argv[2] : NULL, option, NULL };

    if (argc > 3) {
        return complain("help on one command at a time: what is %s?", argv[3]);
    }
    return argc == 3 ? run(argv[2], 2, ask) : print_usage();
}

int main(int argc, char **argv)
{
    /* A closed pipe becomes EPIPE, which written() takes for the end. */
    signal(SIGPIPE, SIG_IGN);
    g_set_prgname("osinstr");
    if (argc < 2) {
        return complain("which command? (try: osinstr help)");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        return help(argc, argv);
    }
    if (strcmp(argv[1], "--version") == 0) {
        return print_version();
    }
    if (argv[1][0] == '-') {
        return complain("unknown option %s (try: osinstr help)", argv[1]);
    }
    return run(argv[1], argc - 1, argv + 1);
}
