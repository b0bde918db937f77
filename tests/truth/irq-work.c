/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work for the interrupt truth guest that a shell can't make.
 *
 * irq-work read N: /proc/interrupts on stdout. The name of the thread is markN-begin before the read
 * and markN-end after it, so that a trace of renames brackets the read as tightly as can be.
 * irq-work cpus ROUNDS: interrupts between CPUs: wakeups across them, moves, membarriers.
 * irq-work uart ROUNDS: receive interrupts of the UART, which is made to hear what it says: QEMU's
 * transmitter is never busy, so Linux never needs its interrupt. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifndef TIOCM_LOOP
#define TIOCM_LOOP 0x8000 /* asm/termios.h has it, which cannot go with termios.h */
#endif

static unsigned rounds = 50;
static int n_cpus;
static int pipes[64][2]; /* thread n reads pipes[n], writes pipes[n + 1] */

static int read_interrupts(const char *number)
{
    static char text[1 << 18];
    char name[16];
    size_t length = 0;
    ssize_t got;
    int file = open("/proc/interrupts", O_RDONLY);

    memset(text, 0, sizeof(text)); /* no page faults within the bracket */
    snprintf(name, sizeof(name), "mark%s-begin", number);
    prctl(PR_SET_NAME, name);
    while ((got = read(file, text + length, sizeof(text) - length)) > 0) {
        length += (size_t)got;
    }
    snprintf(name, sizeof(name), "mark%s-end", number);
    prctl(PR_SET_NAME, name);
    return length && fwrite(text, 1, length, stdout) == length ? 0 : 1;
}

static void run_on(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

/* Each sleeps on its own CPU until the thread of the CPU before wakes it. */
static void *relay(void *data)
{
    int me = (int)(long)data;
    char c;

    run_on(me);
    for (unsigned i = 0; i < rounds && read(pipes[me][0], &c, 1) == 1; i++) {
        if (write(pipes[(me + 1) % n_cpus][1], &c, 1) != 1) {
            break;
        }
    }
    return NULL;
}

static void *mover(void *data)
{
    (void)data;
    for (unsigned i = 0; i < rounds; i++) {
        run_on((int)i % n_cpus);
        nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
    }
    return NULL;
}

static void *spinner(void *data)
{
    run_on((int)(long)data);
    for (volatile unsigned i = 0; i < rounds * 20000; i++) {
    }
    return NULL;
}

static void membarriers(void)
{
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
    for (unsigned i = 0; i < rounds; i++) {
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
        nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
    }
}

static void between_cpus(void)
{
    pthread_t threads[3 * 64];
    int n = 0;

    for (int i = 0; i < n_cpus; i++) {
        if (pipe(pipes[i])) {
            exit(1);
        }
    }
    for (long i = 0; i < n_cpus; i++) {
        pthread_create(&threads[n++], NULL, relay, (void *)i);
        pthread_create(&threads[n++], NULL, spinner, (void *)i);
    }
    pthread_create(&threads[n++], NULL, mover, NULL);
    if (write(pipes[0][1], "x", 1) == 1) {
        membarriers();
    }
    while (n) {
        pthread_join(threads[--n], NULL);
    }
}

static int hear_yourself(void)
{
    static const char line[] = "the console hears this\r\n";
    struct termios raw, before;
    char answer[sizeof(line)];
    int loop = TIOCM_LOOP, file = open("/dev/ttyAMA0", O_RDWR | O_NOCTTY), heard = 0;

    if (file < 0 || tcgetattr(file, &before) < 0) {
        return 1;
    }
    raw = before;
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 1; /* a QEMU whose UART can't do it gives no answer */
    tcsetattr(file, TCSANOW, &raw);
    ioctl(file, TIOCMBIS, &loop);
    for (unsigned i = 0; i < rounds; i++) {
        ssize_t left = sizeof(line) - 1, got = 1;

        if (write(file, line, (size_t)left) != left) {
            break;
        }
        while (left && (got = read(file, answer, (size_t)left)) > 0) {
            left -= got;
        }
        heard += !left;
        if (left) {
            break;
        }
    }
    ioctl(file, TIOCMBIC, &loop);
    tcsetattr(file, TCSANOW, &before);
    printf("uart: heard %d of %u lines\n", heard, rounds);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "read") == 0) {
        return read_interrupts(argv[2]);
    }
    if (argc == 3 && strcmp(argv[1], "cpus") == 0) {
        rounds = (unsigned)atoi(argv[2]);
        n_cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
        n_cpus = n_cpus < 64 ? n_cpus : 64;
        between_cpus();
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "uart") == 0) {
        rounds = (unsigned)atoi(argv[2]);
        return hear_yourself();
    }
    return 2;
}
