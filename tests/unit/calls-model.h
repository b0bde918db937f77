/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A random program on several vCPUs that knows at each step by which path control got where it is.
 *
 * Each task has one string, its whole path: a sign for each function, exception and interrupt, a space
 * between calls; what was jumped to follows without one. A count belongs to the string of the moment;
 * there are no nodes, no frames. What happens is told to the call tree first, then done to the string. */
#ifndef CALLS_MODEL_H
#define CALLS_MODEL_H

#include "unit/calls-rig.h"

#define TASKS 6
#define VCPUS 4
#define MAX_DEPTH 40 /* of the model: so that paths come again */
#define FUNCTIONS 5

struct counts {
    uint64_t self, calls;
};

/* What a return goes back to. */
struct level {
    char kind; /* 'c'all, 'e'xception, 'i'nterrupt */
    uint64_t back;
    char caller;
    char *path; /* of the one that goes on */
};

struct model_task {
    struct osi_calls *calls;
    char root;
    char *path; /* "T m abc X v h" */
    GArray *levels;
    bool wanted;
    uint64_t ran, returns, unwound;
};

struct vcpu {
    uint64_t now;
    int task; /* -1: none */
};

struct world {
    GRand *random;
    struct osi_calltree *tree;
    GHashTable *truth; /* struct counts by path */
    struct model_task tasks[TASKS];
    struct vcpu vcpus[VCPUS];
};

static uint32_t below(struct world *w, uint32_t n)
{
    return (uint32_t)g_rand_int_range(w->random, 0, (gint32)n);
}

static struct counts *truth_of(struct world *w, const char *path)
{
    struct counts *counts = g_hash_table_lookup(w->truth, path);

    if (!counts) {
        counts = g_new0(struct counts, 1);
        g_hash_table_insert(w->truth, g_strdup(path), counts);
    }
    return counts;
}

/* ---- the model ---- */
static char running(const struct model_task *task)
{
    return task->path[strlen(task->path) - 1];
}

static void set_path(struct model_task *task, char *path)
{
    g_free(task->path);
    task->path = path;
}

/* n instructions run on this path. */
static uint64_t spend(struct world *w, struct vcpu *vcpu, struct model_task *task)
{
    uint64_t n = below(w, 20);

    if (task->wanted) {
        truth_of(w, task->path)->self += n;
        task->ran += n;
    }
    return vcpu->now += n;
}

static void arrive(struct world *w, struct model_task *task, char *path)
{
    set_path(task, path);
    truth_of(w, path)->calls += task->wanted;
}

static void push_level(struct model_task *task, char kind, uint64_t back)
{
    struct level level = {kind, back, running(task), g_strdup(task->path)};

    g_array_append_val(task->levels, level);
}

static struct level *last_level(struct model_task *task)
{
    return task->levels->len ? &g_array_index(task->levels, struct level, task->levels->len - 1) : NULL;
}

static void pop_level(struct model_task *task)
{
    set_path(task, last_level(task)->path);
    g_array_set_size(task->levels, task->levels->len - 1);
}

/* ---- what a program does: each is told to the library, then to the model ---- */
static void do_call(struct world *w, struct vcpu *vcpu, struct model_task *task)
{
    char function = (char)('a' + below(w, FUNCTIONS)), from = running(task);
    uint64_t back = SITE(from, below(w, 2));

    osi_calls_call(task->calls, spend(w, vcpu, task), (uint32_t)from, (uint32_t)function, back);
    push_level(task, 'c', back);
    arrive(w, task, g_strdup_printf("%s %c", task->path, function));
}

/* Now and then to the same place in another page. */
static void do_return(struct world *w, struct vcpu *vcpu, struct model_task *task)
{
    struct level *level = last_level(task);
    uint64_t alias = below(w, 8) ? 0 : 0x7000000;

    calls_return(task->calls, spend(w, vcpu, task), (uint32_t)running(task),
                     level->back + alias, (uint32_t)level->caller);
    task->returns++;
    pop_level(task);
}

/* The place that a random call since the last exception returns to; the last call from there is meant. */
static void do_longjmp(struct world *w, struct vcpu *vcpu, struct model_task *task)
{
    guint last = task->levels->len - 1, i = last;
    struct level *levels = (struct level *)(void *)task->levels->data, to;

    while (i > 0 && levels[i - 1].kind == 'c' && below(w, 4))
        i--;
    to = levels[i];
    calls_return(task->calls, spend(w, vcpu, task), (uint32_t)running(task), to.back,
                     (uint32_t)to.caller);
    task->returns++;
    task->unwound += levels[last].back != to.back;
    while (last_level(task)->back != to.back)
        pop_level(task);
    pop_level(task);
}

/* Is the jump one that this function has done already since it was called? Then it is a loop. */
static char *after_tail_call(const char *path, char from, char function)
{
    const char edge[] = {from, function, '\0'};
    const char *chain = strrchr(path, ' ') + 1, *again = strstr(chain, edge);

    return again ? g_strndup(path, (gsize)(again - path) + 2)
                 : g_strdup_printf("%s%c", path, function);
}

static void do_tail_call(struct world *w, struct vcpu *vcpu, struct model_task *task)
{
    char function = (char)('a' + below(w, FUNCTIONS)), from = running(task);

    osi_calls_jump(task->calls, spend(w, vcpu, task), (uint32_t)from, (uint32_t)function, true,
                   below(w, 2));
    arrive(w, task, after_tail_call(task->path, from, function));
}

static void do_exception(struct world *w, struct vcpu *vcpu, struct model_task *task)
{
    char exception = "XY"[below(w, 2)];
    uint64_t pc = SITE(running(task), 3 + below(w, 2));

    osi_calls_enter(task->calls, spend(w, vcpu, task), (uint32_t)exception, pc, 0, false, false);
    push_level(task, 'e', pc);
    arrive(w, task, g_strdup_printf("%s %c", task->path, exception));
    set_path(task, g_strdup_printf("%s v", task->path)); /* nobody called it */
    osi_calls_call(task->calls, spend(w, vcpu, task), 'v', 'h', SITE('v', 1));
    push_level(task, 'c', SITE('v', 1));
    arrive(w, task, g_strdup_printf("%s h", task->path));
}

/* The number comes some calls later; nothing but calls and returns come between. */
static void do_interrupt(struct world *w, struct vcpu *vcpu, struct model_task *task)
{
    char number = (char)('1' + below(w, 3));
    uint64_t pc = SITE(running(task), 5 + below(w, 2));

    osi_calls_enter(task->calls, spend(w, vcpu, task), 'I', pc, 0, false, true);
    push_level(task, 'i', pc);
    arrive(w, task, g_strdup_printf("%c %c", task->root, number));
    set_path(task, g_strdup_printf("%s v", task->path));
    do_call(w, vcpu, task);
    for (uint32_t i = below(w, 20); i > 0; i--) {
        if (below(w, 2) && last_level(task)->kind == 'c')
            do_return(w, vcpu, task);
        else
            do_call(w, vcpu, task);
    }
    osi_calls_number(task->calls, spend(w, vcpu, task), (uint32_t)number);
}

static void do_leave(struct world *w, struct vcpu *vcpu, struct model_task *task)
{
    uint64_t back = last_level(task)->back;

    osi_calls_leave(task->calls, spend(w, vcpu, task), below(w, 8) ? back : NOWHERE);
    pop_level(task);
}

/* ---- tasks and vCPUs ---- */
static void switch_to(struct world *w, struct vcpu *vcpu, int next)
{
    if (vcpu->task >= 0) {
        struct model_task *task = &w->tasks[vcpu->task];

        osi_calls_pause(task->calls, spend(w, vcpu, task));
    }
    vcpu->now += below(w, 100); /* belongs to nobody */
    vcpu->task = next;
    if (next >= 0)
        osi_calls_resume(w->tasks[next].calls, vcpu->now,
                         osi_calltree_nodes(w->tree, (unsigned)(vcpu - w->vcpus),
                                            (uint32_t)w->tasks[next].root));
}

static bool runs_anywhere(const struct world *w, int task)
{
    for (int i = 0; i < VCPUS; i++)
        if (w->vcpus[i].task == task)
            return true;
    return false;
}

static void do_switch(struct world *w, struct vcpu *vcpu)
{
    int next = (int)below(w, TASKS + 1) - 1;

    if (next < 0 || !runs_anywhere(w, next))
        switch_to(w, vcpu, next);
}

static void do_window(struct world *w, struct vcpu *vcpu, struct model_task *task)
{
    bool wanted = below(w, 4) != 0;

    osi_calls_count(task->calls, spend(w, vcpu, task), wanted);
    task->wanted = wanted;
}

static void step(struct world *w, struct vcpu *vcpu)
{
    struct model_task *task = vcpu->task < 0 ? NULL : &w->tasks[vcpu->task];
    const struct level *level = task ? last_level(task) : NULL;
    uint32_t what = below(w, 100);

    if (!task || what < 2)
        do_switch(w, vcpu);
    else if (what < 3)
        do_window(w, vcpu, task);
    else if (level && level->kind == 'c' && what < 5)
        do_longjmp(w, vcpu, task);
    else if (task->levels->len >= MAX_DEPTH || (level && what < 48))
        (level->kind == 'c' ? do_return : do_leave)(w, vcpu, task);
    else if (what < 80)
        do_call(w, vcpu, task);
    else if (what < 92)
        do_tail_call(w, vcpu, task);
    else if (what < 96)
        do_exception(w, vcpu, task);
    else
        do_interrupt(w, vcpu, task);
}

#endif
