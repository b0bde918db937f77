/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vCPUs: registers, and threads that do one job at a time for the script.
 *
 * The fake host locks with pthreads, not with GLib: the thread sanitizer knows those. */
#include <string.h>

#include "internal.h"

struct fake_vcpu *fake_vcpus[FAKE_MAX_VCPUS];
atomic_uint fake_n_vcpus;

/* ---- threads: one per vCPU, or one for all in round-robin mode ---- */
struct fake_thread {
    GThread *thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void (*fn)(unsigned vcpu, void *data);
    void *data;
    unsigned vcpu;
    bool busy, ending;
};

static __thread struct fake_thread *this_thread;

static void *serve(void *data)
{
    struct fake_thread *t = data;

    this_thread = t;
    pthread_mutex_lock(&t->lock);
    while (!t->ending) {
        if (!t->busy) {
            pthread_cond_wait(&t->changed, &t->lock);
            continue;
        }
        pthread_mutex_unlock(&t->lock);
        t->fn(t->vcpu, t->data);
        fake_settle();
        pthread_mutex_lock(&t->lock);
        t->busy = false;
        pthread_cond_broadcast(&t->changed);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

static struct fake_thread *thread_new(void)
{
    struct fake_thread *t = g_new0(struct fake_thread, 1);

    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, NULL);
    t->thread = g_thread_new("vcpu", serve, t);
    return t;
}

struct fake_vcpu *fake_vcpu_at(unsigned index)
{
    struct fake_vcpu *vcpu = index < FAKE_MAX_VCPUS ? fake_vcpus[index] : NULL;

    if (!vcpu) {
        fake_die("the script uses vCPU %u, which was not started", index);
    }
    return vcpu;
}

static void wait_idle(struct fake_thread *t)
{
    while (t->busy) {
        pthread_cond_wait(&t->changed, &t->lock);
    }
}

void fake_go(unsigned index, void (*fn)(unsigned vcpu, void *data), void *data)
{
    struct fake_thread *t = fake_vcpu_at(index)->thread;

    pthread_mutex_lock(&t->lock);
    wait_idle(t);
    t->fn = fn;
    t->data = data;
    t->vcpu = index;
    t->busy = true;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

void fake_wait(unsigned index)
{
    struct fake_thread *t = fake_vcpu_at(index)->thread;

    pthread_mutex_lock(&t->lock);
    wait_idle(t);
    pthread_mutex_unlock(&t->lock);
}

void fake_run(unsigned index, void (*fn)(unsigned vcpu, void *data), void *data)
{
    if (fake_vcpu_at(index)->thread == this_thread) {
        fn(index, data);
        return;
    }
    fake_go(index, fn, data);
    fake_wait(index);
}

/* ---- start and end ---- */
static void start(unsigned index, void *data)
{
    struct fake_vcpu *vcpu = fake_vcpus[index];
    unsigned n = MAX(atomic_load(&fake_n_vcpus), index + 1);

    (void)data;
    pthread_rwlock_wrlock(&fake_exclusive);
    atomic_store(&fake_n_vcpus, n);
    fake_score_grow(n);
    pthread_rwlock_unlock(&fake_exclusive);
    pthread_rwlock_rdlock(&fake_exclusive);
    for (guint i = fake_plugins ? fake_plugins->len : 0; i > 0; i--) {
        fake_call_vcpu(g_ptr_array_index(fake_plugins, i - 1), FAKE_EV_INIT, vcpu);
    }
    pthread_rwlock_unlock(&fake_exclusive);
    vcpu->started = true;
}

void fake_start(unsigned index)
{
    struct fake_vcpu *vcpu = g_new0(struct fake_vcpu, 1);

    vcpu->index = index;
    vcpu->el = 1;
    vcpu->thread = fake_machine.round_robin && fake_vcpus[0] ? fake_vcpus[0]->thread : thread_new();
    fake_vcpus[index] = vcpu;
    fake_set_register(index, "CNTFRQ_EL0", FAKE_COUNTER_HZ);
    fake_run(index, start, NULL);
}

void fake_start_all(void)
{
    for (unsigned i = 0; i < fake_machine.vcpus; i++) {
        fake_start(i);
    }
}

static void stop(unsigned index, void *data)
{
    (void)data;
    pthread_rwlock_rdlock(&fake_exclusive);
    for (guint i = fake_plugins ? fake_plugins->len : 0; i > 0; i--) {
        fake_call_vcpu(g_ptr_array_index(fake_plugins, i - 1), FAKE_EV_EXIT_VCPU,
                       fake_vcpus[index]);
    }
    pthread_rwlock_unlock(&fake_exclusive);
}

void fake_unplug(unsigned index)
{
    struct fake_vcpu *vcpu = fake_vcpu_at(index);
    struct fake_thread *t = vcpu->thread;

    fake_run(index, stop, NULL);
    pthread_mutex_lock(&t->lock);
    t->ending = true;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
    g_thread_join(t->thread);
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
    g_free(t);
    g_free(vcpu);
    fake_vcpus[index] = NULL;
}

/* ---- registers ---- */
static const char *const aarch64[] = {
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
    "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",
    "x28", "x29", "x30", "sp", "pc", "cpsr", "SP_EL0", "TPIDR_EL1", "TTBR0_EL1", "TTBR1_EL1",
    "VBAR", "VBAR_EL2", "CNTFRQ_EL0", "ELR_EL1", "ESR_EL1", "SPSR_EL1", "ELR_EL2",
    "ESR_EL2", "SPSR_EL2", "CNTV_CVAL_EL0", "CNTP_CVAL_EL0", "CNTHV_CVAL_EL2", "CNTHP_CVAL_EL2",
    NULL,
};
static const char *const x86_64[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
                                      "rip", "eflags", NULL };
static const char *const others[] = { "r0", "pc", NULL };

const char *const *fake_register_names(void)
{
    return strcmp(fake_machine.target, "aarch64") == 0  ? aarch64
           : strcmp(fake_machine.target, "x86_64") == 0 ? x86_64
                                                         : others;
}

int fake_register_number(const char *name)
{
    const char *const *names = fake_register_names();

    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

size_t fake_register_size(unsigned number)
{
    const char *name = fake_register_names()[number];

    return strcmp(name, "cpsr") == 0 || strcmp(name, "eflags") == 0 ? 4 : 8;
}

void fake_set_register(unsigned index, const char *name, uint64_t value)
{
    int number = fake_register_number(name);

    if (number >= 0) {
        fake_vcpu_at(index)->registers[number] = value;
    }
}

uint64_t fake_register(unsigned index, const char *name)
{
    int number = fake_register_number(name);

    return number >= 0 ? fake_vcpu_at(index)->registers[number] : 0;
}

void fake_set_level(unsigned index, unsigned el)
{
    fake_vcpu_at(index)->el = el;
}

uint64_t fake_insns(unsigned index)
{
    return fake_vcpu_at(index)->insns;
}
