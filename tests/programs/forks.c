/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Children that end in each way there is, one after the other: what they do is theirs. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

enum { WAYS = 4 };

static volatile uint32_t sink;

KEPT static uint32_t work(uint32_t n)
{
    uint32_t state = n;

    while (n--) {
        sink += next_value(&state);
    }
    return state;
}

KEPT static void in_child(int way)
{
    work(20000);
    switch (way) {
    case 0:
        exit(41);
    case 1:
        _exit(42);
    case 2:
        abort();
    default:
        if (fork() == 0) {
            work(1000);
            exit(0);
        }
        wait(NULL);
        exit(43);
    }
}

KEPT static int in_parent(int way)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        in_child(way);
    }
    waitpid(child, &status, 0);
    work(100);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int main(void)
{
    int ends[WAYS];

    for (int way = 0; way < WAYS; way++) {
        ends[way] = in_parent(way);
    }
    for (int way = 0; way < WAYS; way++) {
        printf("child %d: %d\n", way, ends[way]);
    }
    return 6;
}
