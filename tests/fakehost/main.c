/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of the fake host: QEMU's options as far as plugins look at them, and two of its
 * own: -release X.Y and -scenario NAME. Without a scenario the program runs its tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct fake_machine fake_machine = {
    .release = "10.0", .target = "aarch64", .vcpus = 1, .max_vcpus = 1
};

static void take_smp(const char *value)
{
    const char *max = strstr(value, "maxcpus=");

    fake_machine.vcpus = (unsigned)strtoul(value, NULL, 10);
    fake_machine.max_vcpus = max ? (unsigned)strtoul(max + strlen("maxcpus="), NULL, 10)
                                 : fake_machine.vcpus;
}

static void take_icount(const char *value)
{
    const char *shift = strstr(value, "shift=");

    fake_machine.icount = true;
    fake_machine.shift = shift ? (unsigned)strtoul(shift + strlen("shift="), NULL, 10) : 0;
}

/* True if the option took a value. */
static bool take(const char *option, const char *value)
{
    if (strcmp(option, "-user") == 0) {
        fake_machine.user = true;
        return false;
    }
    if (strcmp(option, "-roundrobin") == 0) {
        fake_machine.round_robin = true;
        return false;
    }
    if (strcmp(option, "-lenient") == 0) {
        fake_machine.lenient = true;
        return false;
    }
    if (!value) {
        fake_die("%s needs a value", option);
    }
    if (strcmp(option, "-release") == 0) {
        fake_machine.release = value;
    } else if (strcmp(option, "-scenario") == 0) {
        fake_machine.scenario = value;
    } else if (strcmp(option, "-target") == 0) {
        fake_machine.target = value;
    } else if (strcmp(option, "-smp") == 0) {
        take_smp(value);
    } else if (strcmp(option, "-icount") == 0) {
        take_icount(value);
    } else if (strcmp(option, "-plugin") == 0) {
        fake_add_plugin(value);
    } else if (strcmp(option, "-accel") == 0) {
        fake_machine.round_robin |= strstr(value, "thread=single") != NULL;
    } else if (strcmp(option, "-kernel") != 0 && strcmp(option, "-M") != 0) {
        fake_die("unknown option %s", option);
    }
    return true;
}

static void run_scenario(const struct fake_scenario *scenarios)
{
    for (; scenarios->name; scenarios++) {
        if (strcmp(scenarios->name, fake_machine.scenario) == 0) {
            scenarios->run();
            fake_settle();
            return;
        }
    }
    fake_die("no such scenario: %s", fake_machine.scenario);
}

int fake_main(int argc, char **argv, const struct fake_scenario *scenarios, int (*tests)(void))
{
    for (int i = 1; i < argc; i++) {
        i += take(argv[i], argv[i + 1]);
    }
    if (!fake_machine.scenario) {
        return tests();
    }
    fake_link_sanitizers();
    atexit(fake_call_exit);
    fake_become(fake_machine.release);
    if (fake_load_plugins()) {
        return 1;
    }
    run_scenario(scenarios);
    return 0;
}
