/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A child that works on when its parent has ended, and leaves a file when it ends. */
#include <stdio.h>
#include <unistd.h>

#include "program.h"

static volatile uint32_t sink;

KEPT static void in_child(pid_t parent)
{
    FILE *file;

    while (getppid() == parent) {
        usleep(10000);
    }
    usleep(500000); /* QEMU writes its files after that */
    for (uint32_t i = 0; i < 10000; i++) {
        sink += i;
    }
    file = fopen("outlived", "w");
    if (file) {
        fclose(file);
    }
}

int main(void)
{
    pid_t parent = getpid();

    if (fork() == 0) {
        in_child(parent);
    }
    return 0;
}
