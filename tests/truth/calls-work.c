/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work whose kernel functions are counted twice, by the guest's ftrace and by hotpath, from where the
 * program is named "work-on" to where it gets another name. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 100
#define PAGES 8

static int there[2], back[2];

static void check(int fine, const char *what)
{
    if (!fine) {
        perror(what);
        exit(1);
    }
}

/* Sends each byte back, until there is no more. */
static void echo(void)
{
    char byte;

    close(there[1]);
    while (read(there[0], &byte, 1) == 1) {
        check(write(back[1], &byte, 1) == 1, "echo");
    }
    exit(0);
}

static void files(void)
{
    char text[512];
    int fd = open("/proc/self/stat", O_RDONLY);

    check(fd >= 0 && read(fd, text, sizeof(text)) > 0, "/proc/self/stat");
    close(fd);
    fd = open("/tmp/calls-work", O_CREAT | O_WRONLY, 0600);
    check(fd >= 0 && write(fd, text, 100) == 100, "/tmp/calls-work");
    close(fd);
    unlink("/tmp/calls-work");
}

static void pages(void)
{
    char *memory = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    check(memory != MAP_FAILED, "mmap");
    for (int i = 0; i < PAGES; i++) {
        ((volatile char *)memory)[i * 4096] = 1;
    }
    munmap(memory, PAGES * 4096);
}

static void pipes(void)
{
    char byte = 1;

    check(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1, "pipe");
}

int main(void)
{
    struct timespec some = { 0, 300000 };

    check(pipe(there) == 0 && pipe(back) == 0, "pipe");
    if (fork() == 0) {
        echo();
    }
    printf("pid %d\n", (int)getpid());
    fflush(stdout);
    pipes();
    prctl(PR_SET_NAME, "work-on");
    for (int i = 0; i < ROUNDS; i++) {
        files();
        pages();
        pipes();
        nanosleep(&some, NULL);
    }
    prctl(PR_SET_NAME, "work-off");
    close(there[1]);
    wait(NULL);
    return 0;
}
