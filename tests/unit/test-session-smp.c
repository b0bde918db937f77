/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tasks that move between vCPUs which run free: what the tracking shares between threads.
 *
 * A pool of sleeping tasks stands for the kernel's run queues: whoever takes a task out has it
 * alone. While it is out it may be run, renamed, or die and leave its memory to a new one. The
 * names tell the generation, so that an outdated one shows in the trace.
 */
#include <inttypes.h>

#include "fakehost/suite.h"

#define N_TASKS 12
#define MAX_VCPUS 8
#define ROUNDS 400

struct pooled {
    struct fake_task task;
    char name[16];
    unsigned generation;
};

static GMutex lock;
static struct pooled pool[N_TASKS];
static struct pooled *sleeping[N_TASKS];
static unsigned n_sleeping;
static struct fake_task idles[MAX_VCPUS];
static atomic_uint last_pid = 1000;

static struct pooled *take(GRand *rand)
{
    struct pooled *taken;
    unsigned i;

    g_mutex_lock(&lock);
    i = (unsigned)g_rand_int_range(rand, 0, (int)n_sleeping);
    taken = sleeping[i];
    sleeping[i] = sleeping[--n_sleeping];
    g_mutex_unlock(&lock);
    return taken;
}

static void give(struct pooled *taken)
{
    g_mutex_lock(&lock);
    sleeping[n_sleeping++] = taken;
    g_mutex_unlock(&lock);
}

static void name(struct pooled *p)
{
    snprintf(p->name, sizeof(p->name), "%u.%u", p->task.pid, p->generation);
    p->task.comm = p->name;
}

static void run_it(unsigned vcpu, struct pooled *p)
{
    p->task.cpu = vcpu;
    p->task.state = 1;
    fake_wake(vcpu, &p->task);
    fake_yield(vcpu, &idles[vcpu], &p->task);
    fake_work(vcpu, 20);
    fake_block_on(vcpu, &p->task, &idles[vcpu], 1);
}

/* Each vCPU has its own place for the new name. */
static void rename_it(unsigned vcpu, struct pooled *p)
{
    p->generation++;
    fake_call(vcpu, "__set_task_comm", p->task.address, 0);
    name(p);
    fake_task_store(&p->task);
    fake_rename_end(vcpu, &p->task);
}

static void replace(unsigned vcpu, struct pooled *p)
{
    p->task.cpu = vcpu;
    p->task.pid = p->task.tgid = atomic_fetch_add(&last_pid, 1);
    p->generation = 0;
    p->task.nvcsw = p->task.nivcsw = 0;
    name(p);
    fake_fork(vcpu, &p->task);
    fake_yield(vcpu, &idles[vcpu], &p->task);
    fake_block_on(vcpu, &p->task, &idles[vcpu], 2);
}

static void live(unsigned vcpu, void *data)
{
    GRand *rand = g_rand_new_with_seed(vcpu + 1);

    (void)data;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct pooled *p = take(rand);

        switch (g_rand_int_range(rand, 0, 6)) {
        case 0:
            rename_it(vcpu, p);
            break;
        case 1:
            replace(vcpu, p);
            break;
        default:
            run_it(vcpu, p);
        }
        give(p);
    }
    g_rand_free(rand);
}

static void scenario_migrate(void)
{
    fake_start_all();
    fake_linux_boot(FAKE_LINK_BASE);
    for (unsigned i = 0; i < fake_machine.vcpus; i++) {
        idles[i] = (struct fake_task){ FAKE_TASK_AT(100 + i), "swapper", 0, 0, 120, 0, 0, i, 0, 0 };
        fake_task_store(&idles[i]);
    }
    for (unsigned i = 0; i < N_TASKS; i++) {
        pool[i].task =
            (struct fake_task){ FAKE_TASK_AT(i), "", 100 + i, 100 + i, 120, 1, 0, 0, 0, 0 };
        name(&pool[i]);
        fake_task_store(&pool[i].task);
        sleeping[n_sleeping++] = &pool[i];
    }
    for (unsigned i = 0; i < fake_machine.vcpus; i++) {
        fake_go(i, live, NULL);
    }
    for (unsigned i = 0; i < fake_machine.vcpus; i++) {
        fake_wait(i);
    }
}

/* ---- what must hold ---- */
/* "PID.GENERATION/PID": the two pids agree, and the generation of a pid never goes down. */
static void check_task(const char *line, const char *key, unsigned *generations)
{
    const char *at = strstr(line, key);
    unsigned pid, generation, real;

    if (!at || sscanf(at + strlen(key), "%u.%u/%u", &pid, &generation, &real) != 3) {
        return;
    }
    ck_assert_msg(pid == real, "a task has the name of another: %s", line);
    ck_assert_uint_lt(pid, 10000);
    ck_assert_msg(generation >= generations[pid], "an outdated name (%u came before): %s",
                  generations[pid], line);
    generations[pid] = generation;
}

static void check_state(const char *line)
{
    bool of_idle = strstr(line, "prev=swapper/0 ");

    if (strstr(line, " sched_switch ")) {
        ck_assert_msg(!of_idle || strstr(line, "prev_state=R "), "%s", line);
        ck_assert_msg(of_idle || strstr(line, "prev_state=S ") || strstr(line, "prev_state=D "),
                      "%s", line);
    }
}

START_TEST(migrate)
{
    unsigned *generations = g_new0(unsigned, 10000);
    bool seen[MAX_VCPUS] = { false };
    char *text, **lines;

    g_free(fake_run_sched("migrate", "-smp 4 -release 10.0", ",clock=host,quiet=on"));
    text = fake_trace_text(fake_path("out"));
    ck_assert_uint_gt(fake_count_lines(text, " sched_switch "), 4 * ROUNDS);
    ck_assert_uint_gt(fake_count_lines(text, " task_rename "), 4 * ROUNDS / 10);
    ck_assert_uint_gt(fake_count_lines(text, " task_new "), 4 * ROUNDS / 10);
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        unsigned vcpu = (unsigned)strtoul(*line, NULL, 10);

        check_task(*line, " prev=", generations);
        check_task(*line, " next=", generations);
        check_task(*line, " task=", generations);
        if (strstr(*line, " sched_switch ") && !seen[vcpu]) {
            seen[vcpu] = true; /* the first of a vCPU: test-session-sched.c looks at it */
        } else {
            check_state(*line);
        }
    }
    g_strfreev(lines);
    g_free(text);
    g_free(generations);
}
END_TEST

static const struct fake_scenario scenarios[] = { { "migrate", scenario_migrate }, { NULL, NULL } };

static int run_tests(void)
{
    const TTest *const tests[] = { migrate, NULL };

    return fake_suite("session-smp", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
