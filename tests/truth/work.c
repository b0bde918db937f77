/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work for the truth guest that a shell can't make: threads with names, real-time priorities,
 * priority inheritance, yielding, a pipe ping-pong. `work ROUNDS`. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned rounds = 50;
static pthread_mutex_t inherit;

static void nap(long us)
{
    nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

static void spin(unsigned n)
{
    for (volatile unsigned i = 0; i < n; i++) {
    }
}

static void *real_time(void *data)
{
    (void)data;
    prctl(PR_SET_NAME, "real-time");
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &(struct sched_param){ .sched_priority = 20 });
    for (unsigned i = 0; i < rounds; i++) {
        nap(1500);
        pthread_mutex_lock(&inherit);
        spin(100);
        pthread_mutex_unlock(&inherit);
    }
    return NULL;
}

static void *holder(void *data)
{
    (void)data;
    prctl(PR_SET_NAME, "lock holder");
    for (unsigned i = 0; i < rounds; i++) {
        pthread_mutex_lock(&inherit);
        spin(20000);
        nap(200);
        pthread_mutex_unlock(&inherit);
        sched_yield();
    }
    return NULL;
}

static void *yielder(void *data)
{
    (void)data;
    for (unsigned i = 0; i < rounds; i++) {
        char name[16];

        snprintf(name, sizeof(name), "yield %u", i % 7);
        prctl(PR_SET_NAME, name);
        sched_yield();
        spin(1000);
    }
    return NULL;
}

static void ping_pong(void)
{
    int to[2], from[2];
    char c = 'x';

    if (pipe(to) || pipe(from)) {
        return;
    }
    if (fork() == 0) {
        for (unsigned i = 0; i < rounds * 4 && read(to[0], &c, 1) == 1; i++) {
            if (write(from[1], &c, 1) != 1) {
                break;
            }
        }
        _exit(0);
    }
    for (unsigned i = 0; i < rounds * 4; i++) {
        if (write(to[1], &c, 1) != 1 || read(from[0], &c, 1) != 1) {
            break;
        }
    }
}

int main(int argc, char **argv)
{
    void *(*const bodies[])(void *) = { real_time, holder, yielder, holder };
    pthread_t threads[4];
    pthread_mutexattr_t attr;

    if (argc > 1) {
        rounds = (unsigned)atoi(argv[1]);
    }
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&inherit, &attr);
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, bodies[i], NULL);
    }
    ping_pong();
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    while (wait(NULL) > 0) {
    }
    return 0;
}
