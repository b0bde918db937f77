/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host seam on QEMU's plugin interface, versions 2 to 7.
 *
 * What differs between versions is decided once, by info->version.cur: the two
 * callback families (an id first, or user data last), insn_data, the stride of
 * register descriptors. Execution and memory callbacks are the same everywhere
 * and go to the caller without a detour.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/host.h"
#include "host/qemu.h"

#define FIRST_USERDATA_VERSION 7
#define MAX_PLUGINS 64

/* The family without user data gives only an id, a random number, to find the host by. A copy of
 * this library per plugin means one entry, or as many as share it. Written at install, before
 * callbacks come. */
static struct osi_host *hosts[MAX_PLUGINS];
static GMutex hosts_lock;

static struct osi_host *host_of(qp_id id)
{
    for (unsigned i = 0; i < MAX_PLUGINS; i++) {
        if (hosts[i] && hosts[i]->id == id) {
            return hosts[i];
        }
    }
    g_assert_not_reached(); /* QEMU calls only what was registered */
}

static bool host_register(struct osi_host *host)
{
    bool found = false;

    g_mutex_lock(&hosts_lock);
    for (unsigned i = 0; i < MAX_PLUGINS && !found; i++) {
        if (!hosts[i]) {
            hosts[i] = host;
            found = true;
        }
    }
    g_mutex_unlock(&hosts_lock);
    return found;
}

static void host_unregister(const struct osi_host *host)
{
    g_mutex_lock(&hosts_lock);
    for (unsigned i = 0; i < MAX_PLUGINS; i++) {
        if (hosts[i] == host) {
            hosts[i] = NULL;
        }
    }
    g_mutex_unlock(&hosts_lock);
}

bool osi_qemu_copies_insn_data = true;

static bool has_userdata(const struct osi_host *host)
{
    return host->facts.api >= FIRST_USERDATA_VERSION;
}

/* ---- life ---- */
static void fill_facts(struct osi_host *host, const struct qp_info *info)
{
    struct osi_host_facts *facts = &host->facts;
    int major, minor;

    facts->target = g_strdup(info->target_name);
    facts->system = info->system_emulation;
    facts->api = info->version.cur;
    if (facts->system) {
        facts->vcpus = (unsigned)info->system.smp_vcpus;
        facts->max_vcpus = (unsigned)info->system.max_vcpus;
    }
    facts->can_read_memory = host->qp->read_memory_vaddr != NULL;
    facts->has_discontinuity = host->qp->register_vcpu_discon_cb != NULL;
    facts->adds_late = host->qp->register_vcpu_tb_exec_cond_cb == NULL; /* came with the same release */
    if (osi_qemu_release(&major, &minor)) {
        snprintf(facts->version, sizeof(facts->version), "QEMU %d.%d", major, minor);
    } else {
        snprintf(facts->version, sizeof(facts->version), "plugin API %d", facts->api);
    }
}

int osi_host_new(uint64_t id, const void *info, const struct osi_host_client *client, void *data,
                 struct osi_host **out, struct osi_error *err)
{
    struct osi_host *host;

    if (osi_qemu_missing()) {
        return osi_fail(err, -ENOSYS, "this QEMU lacks qemu_plugin_%s", osi_qemu_missing());
    }
    host = g_new0(struct osi_host, 1);
    host->id = id;
    host->qp = osi_qemu_functions();
    host->client = *client;
    host->data = data;
    host->registers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_mutex_init(&host->registers_lock);
    fill_facts(host, info);
    osi_qemu_copies_insn_data = host->facts.api >= 3;
    if (!host_register(host)) {
        osi_host_free(host);
        return osi_fail(err, -ENOSPC, "more than %d plugins in one QEMU", MAX_PLUGINS);
    }
    *out = host;
    return 0;
}

void osi_host_free(struct osi_host *host)
{
    if (!host) {
        return;
    }
    host_unregister(host);
    g_hash_table_destroy(host->registers);
    g_mutex_clear(&host->registers_lock);
    g_free((char *)host->facts.target);
    g_free(host);
}

const struct osi_host_facts *osi_host_facts(const struct osi_host *host)
{
    return &host->facts;
}

/* ---- callbacks, both families ---- */
static void vcpu_start(struct osi_host *host, unsigned vcpu)
{
    osi_qemu_learn_registers(host);
    host->client.vcpu_start(host->data, vcpu);
}

static void vcpu_start_7(unsigned vcpu, void *data)
{
    vcpu_start(data, vcpu);
}

static void vcpu_start_2(qp_id id, unsigned vcpu)
{
    vcpu_start(host_of(id), vcpu);
}

static void vcpu_stop_7(unsigned vcpu, void *data)
{
    struct osi_host *host = data;

    host->client.vcpu_stop(host->data, vcpu);
}

static void vcpu_stop_2(qp_id id, unsigned vcpu)
{
    vcpu_stop_7(vcpu, host_of(id));
}

static void translate_7(struct qp_tb *tb, void *data)
{
    struct osi_host *host = data;

    host->client.translate(host->data, (struct osi_host_block *)tb);
}

static void translate_2(qp_id id, struct qp_tb *tb)
{
    translate_7(tb, host_of(id));
}

static void discontinuity_7(unsigned vcpu, int kind, uint64_t from, uint64_t to, void *data)
{
    struct osi_host *host = data;

    host->client.discontinuity(host->data, vcpu, kind, from, to);
}

static void discontinuity_2(qp_id id, unsigned vcpu, int kind, uint64_t from, uint64_t to)
{
    discontinuity_7(vcpu, kind, from, to, host_of(id));
}

static void exit_7(void *data)
{
    struct osi_host *host = data;

    host->client.exit(host->data);
}

static void exit_2(qp_id id, void *data)
{
    (void)id;
    exit_7(data);
}

static void stopped_7(void *data)
{
    struct osi_host *host = data;

    host->stopped(host->stopped_data);
}

static void stopped_2(qp_id id)
{
    stopped_7(host_of(id));
}

void osi_host_start(struct osi_host *host)
{
    const struct qp_functions *qp = host->qp;
    bool ud = has_userdata(host);

    /* Hosts of the older family ignore the third argument of these calls. */
    qp->register_vcpu_init_cb(host->id, ud ? (void *)vcpu_start_7 : (void *)vcpu_start_2, host);
    qp->register_vcpu_exit_cb(host->id, ud ? (void *)vcpu_stop_7 : (void *)vcpu_stop_2, host);
    qp->register_vcpu_tb_trans_cb(host->id, ud ? (void *)translate_7 : (void *)translate_2, host);
    qp->register_atexit_cb(host->id, ud ? (void *)exit_7 : (void *)exit_2, host);
}

void osi_host_watch_discontinuities(struct osi_host *host)
{
    int kinds = QP_DISCON_INTERRUPT | QP_DISCON_EXCEPTION;

    if (host->qp->register_vcpu_discon_cb) {
        void *fn = has_userdata(host) ? (void *)discontinuity_7 : (void *)discontinuity_2;

        host->qp->register_vcpu_discon_cb(host->id, kinds, fn, host);
    }
}

void osi_host_stop(struct osi_host *host, void (*done)(void *data), void *data)
{
    void *fn = has_userdata(host) ? (void *)stopped_7 : (void *)stopped_2;

    host->stopped = done;
    host->stopped_data = data;
    host->qp->uninstall(host->id, fn, host);
}
