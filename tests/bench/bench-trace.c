/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Measures the trace writer and reader on one core: events per second and bytes per event.
 *
 *   bench-trace [events [directory]]      default: 4000000 /dev/shm
 *   bench-trace --write events directory  measures nothing: leaves traces for other readers
 *
 * The events are made before the clock starts. Encoding is everything from the
 * first emit to the end of close, decoding everything from opening to the last
 * event. Each line is the best of five runs. The mix resembles a Linux guest:
 * half of the switches go to or from idle, some forty tasks of unequal
 * liveliness, times in ns that spread over three orders of magnitude. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <osinstr/trace.h>

static const struct osi_field switch_fields[] = {
    {"prev", OSI_FIELD_TASK, OSI_PREDICT_CHAIN, 1},
    {"next", OSI_FIELD_TASK, OSI_PREDICT_NONE, 0},
    {"prev_state", OSI_FIELD_TASK_STATE, OSI_PREDICT_NONE, 0},
    {"prev_prio", OSI_FIELD_INT, OSI_PREDICT_KEYED, 0},
    {"next_prio", OSI_FIELD_INT, OSI_PREDICT_KEYED, 1},
};
static const struct osi_field wakeup_fields[] = {
    {"task", OSI_FIELD_TASK, OSI_PREDICT_NONE, 0},
    {"prio", OSI_FIELD_INT, OSI_PREDICT_KEYED, 0},
    {"target_cpu", OSI_FIELD_CPU, OSI_PREDICT_KEYED, 0},
};
static const struct osi_event_type types[] = {
    {"sched_switch", switch_fields, 5},
    {"sched_wakeup", wakeup_fields, 3},
};

struct event {
    uint64_t time, fields[5];
    unsigned type;
};

static uint64_t seed = 88172645463325252u;

static double uniform(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (double)(seed >> 11) / 9007199254740992.0;
}

/* Task 1 is idle; the lower the number, the livelier. */
static unsigned pick_task(void)
{
    return 2 + (unsigned)(40 * pow(uniform(), 2.5));
}

static uint64_t prio_of(unsigned task)
{
    return task % 13 == 5 ? 98 : task % 11 == 3 ? 100 : 120;
}

static uint64_t state_of(unsigned task)
{
    double u = uniform();
    return task == 1 ? 0 : u < 0.6 ? 1 : u < 0.75 ? 0x80 : u < 0.85 ? 2 : u < 0.9 ? 0x100 : 0;
}

static uint64_t gap(void)
{
    return (uint64_t)exp(9.5 + 2.2 * (uniform() + uniform() + uniform() - 1.5));
}

static void make_switch(struct event *event, unsigned *current)
{
    unsigned next = *current != 1 && uniform() < 0.6 ? 1 : pick_task();
    event->type = 0;
    event->fields[0] = *current;
    event->fields[1] = next;
    event->fields[2] = state_of(*current);
    event->fields[3] = prio_of(*current);
    event->fields[4] = prio_of(next);
    *current = next;
}

static void make_wakeup(struct event *event)
{
    unsigned task = pick_task();
    event->type = 1;
    event->fields[0] = task;
    event->fields[1] = prio_of(task);
    event->fields[2] = uniform() < 0.05 ? 1 : task & 1;
}

/* A pool that stays in the cache, gone through again and again: a plugin has its
 * event in registers, and reading it from memory is not what is measured. */
#define POOL 32768

static uint64_t time_of(const struct event *pool, size_t i)
{
    return i / POOL * pool[POOL - 1].time + pool[i % POOL].time;
}

static struct event *make_events(double wakeups)
{
    struct event *events = calloc(POOL, sizeof *events);
    unsigned current = 1;
    uint64_t time = 0;
    for (size_t i = 0; i < POOL; i++) {
        events[i].time = time += gap();
        if (uniform() < wakeups)
            make_wakeup(&events[i]);
        else
            make_switch(&events[i], &current);
    }
    return events;
}

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static void fail(const struct osi_error *err)
{
    fprintf(stderr, "bench-trace: %s\n", err->text);
    exit(1);
}

static void clean(const char *dir)
{
    char path[512];
    snprintf(path, sizeof path, "%s/meta", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/cpu0.trace", dir);
    unlink(path);
}

static double encode(const char *dir, const char *codec, const struct event *events, size_t n)
{
    struct osi_error err;
    struct osi_trace_writer *writer;
    struct osi_trace_config config = {.types = types, .n_types = 2, .n_streams = 1,
                                      .clock = "guest", .clock_unit = "ns", .codec = codec};
    clean(dir);
    if (osi_trace_writer_new(dir, &config, &writer, &err))
        fail(&err);
    for (uint32_t id = 1; id < 44; id++)
        osi_trace_define_task(writer, &(struct osi_task_def){
            .id = id, .pid = 100 + id, .tgid = 100 + id, .address = id, .comm = "kworker/0:1"});
    double start = now();
    for (size_t i = 0; i < n; i++) {
        const struct event *event = &events[i % POOL];
        osi_trace_emit(writer, 0, event->type, time_of(events, i), event->fields);
    }
    if (osi_trace_writer_close(writer, &err))
        fail(&err);
    return now() - start;
}

static double decode(const char *dir, const struct event *events, size_t n)
{
    struct osi_error err;
    struct osi_trace_reader *reader;
    struct osi_trace_event event;
    double start = now();
    if (osi_trace_reader_new(dir, &reader, &err))
        fail(&err);
    size_t got = 0;
    uint64_t difference = 0;
    for (; osi_trace_next(reader, &event); got++)
        difference |= (event.time ^ time_of(events, got)) |
                      (event.fields[0] ^ events[got % POOL].fields[0]);
    double seconds = now() - start;
    if (got != n || difference) {
        fprintf(stderr, "bench-trace: read back %zu of %zu events, or others\n", got, n);
        exit(1);
    }
    osi_trace_reader_free(reader);
    return seconds;
}

static uint64_t size_on_disk(const char *dir)
{
    struct osi_error err;
    struct osi_trace_reader *reader;
    struct osi_trace_health health;
    if (osi_trace_reader_new(dir, &reader, &err))
        fail(&err);
    osi_trace_check(reader, &health, NULL, NULL);
    osi_trace_reader_free(reader);
    return health.bytes;
}

static void measure(const char *dir, const char *name, const char *codec,
                    const struct event *events, size_t n)
{
    double best_encode = 1e9, best_decode = 1e9;
    for (int run = 0; run < 5; run++) {
        best_encode = fmin(best_encode, encode(dir, codec, events, n));
        best_decode = fmin(best_decode, decode(dir, events, n));
    }
    printf("%-14s %-5s %6.2f B/event  encode %6.1f M events/s  decode %6.1f M events/s\n", name,
           codec, (double)size_on_disk(dir) / (double)n, 1e-6 * (double)n / best_encode,
           1e-6 * (double)n / best_decode);
    clean(dir);
}

/* directory/NAME, uncompressed. */
static void leave(const char *directory, const char *name, const struct event *events, size_t n)
{
    char dir[512];
    snprintf(dir, sizeof dir, "%s/%s", directory, name);
    if (mkdir(dir, 0777)) {
        perror(dir);
        exit(1);
    }
    encode(dir, "none", events, n);
}

static int leave_all(const char *directory, size_t n)
{
    leave(directory, "sched_switch", make_events(0), n);
    leave(directory, "switch+wakeup", make_events(0.4), n);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "--write"))
        return leave_all(argv[3], strtoul(argv[2], NULL, 0));
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 0) : 4000000;
    char dir[256];
    snprintf(dir, sizeof dir, "%s/bench-trace-XXXXXX", argc > 2 ? argv[2] : "/dev/shm");
    if (!mkdtemp(dir)) {
        perror(dir);
        return 1;
    }
    static const char *const codecs[] = {"none", "lz4", "zstd"};
    struct event *switches = make_events(0), *mixed = make_events(0.4);
    struct event *wakeups = make_events(1);
    for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++) {
        measure(dir, "sched_switch", codecs[i], switches, n);
        measure(dir, "switch+wakeup", codecs[i], mixed, n);
        measure(dir, "sched_wakeup", codecs[i], wakeups, n);
    }
    free(switches);
    free(mixed);
    free(wakeups);
    rmdir(dir);
    return 0;
}
