/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translation and execution of blocks.
 *
 * Translations are kept by address and shared by all vCPUs; two that want the same
 * block at once both translate it, and one result is thrown away. While a block runs
 * its thread holds fake_exclusive for reading, so nothing is taken away under it.
 */
#include <string.h>

#include "internal.h"

atomic_ullong fake_n_callbacks, fake_n_translations;

uint64_t fake_callbacks(void)
{
    return atomic_load(&fake_n_callbacks);
}

uint64_t fake_translations(void)
{
    return atomic_load(&fake_n_translations);
}

/* ---- translation ---- */
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *cache;    /* address -> struct qp_tb */
static GPtrArray *discarded; /* lost races: a plugin may not tell, so keep them until a flush */

static void tb_free(void *data)
{
    struct qp_tb *tb = data;

    for (size_t i = 0; i < tb->n; i++) {
        g_array_unref(tb->insns[i].ops);
        g_array_unref(tb->insns[i].access_ops);
    }
    g_array_unref(tb->ops);
    g_free(tb);
}

static GArray *ops_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(struct fake_op));
}

static struct qp_tb *tb_new(uint64_t address)
{
    size_t n = fake_block_length(address);
    struct qp_tb *tb = g_malloc0(sizeof(*tb) + n * sizeof(tb->insns[0]));

    tb->vaddr = address;
    tb->n = n;
    tb->ops = ops_new();
    for (size_t i = 0; i < n; i++) {
        struct qp_insn *insn = &tb->insns[i];

        insn->tb = tb;
        insn->vaddr = address + i * sizeof(insn->bytes);
        insn->ops = ops_new();
        insn->access_ops = ops_new();
        if (!fake_peek(insn->vaddr, insn->bytes, sizeof(insn->bytes))) {
            fake_die("the script runs where no memory is");
        }
    }
    return tb;
}

static struct qp_tb *translate(struct fake_vcpu *vcpu, uint64_t address)
{
    struct qp_tb *tb = tb_new(address);

    atomic_fetch_add(&fake_n_translations, 1);
    tb->open = true;
    for (guint i = fake_plugins ? fake_plugins->len : 0; i > 0; i--) {
        fake_call_translate(g_ptr_array_index(fake_plugins, i - 1), vcpu, tb);
    }
    tb->open = false;
    return tb;
}

static struct qp_tb *find(uint64_t address, struct qp_tb *made)
{
    struct qp_tb *tb;

    pthread_mutex_lock(&cache_lock);
    if (!cache) {
        cache = g_hash_table_new_full(NULL, NULL, NULL, tb_free);
        discarded = g_ptr_array_new_with_free_func(tb_free);
    }
    tb = g_hash_table_lookup(cache, (gpointer)(uintptr_t)address);
    if (made && tb) {
        g_ptr_array_add(discarded, made);
    } else if (made) {
        g_hash_table_insert(cache, (gpointer)(uintptr_t)address, made);
        tb = made;
    }
    pthread_mutex_unlock(&cache_lock);
    return tb;
}

/* Exclusively. */
void fake_flush_blocks(void)
{
    pthread_mutex_lock(&cache_lock);
    if (cache) {
        g_hash_table_remove_all(cache);
        g_ptr_array_set_size(discarded, 0);
    }
    pthread_mutex_unlock(&cache_lock);
}

/* ---- what was attached ---- */
static bool holds(const struct fake_op *op, unsigned vcpu)
{
    uint64_t cell = fake_score_read(op->cell, vcpu);

    switch ((enum qp_cond)op->cond) {
    case QP_COND_NEVER:
        return false;
    case QP_COND_ALWAYS:
        return true;
    case QP_COND_EQ:
        return cell == op->value;
    case QP_COND_NE:
        return cell != op->value;
    case QP_COND_LT:
        return cell < op->value;
    case QP_COND_LE:
        return cell <= op->value;
    case QP_COND_GT:
        return cell > op->value;
    case QP_COND_GE:
        return cell >= op->value;
    }
    fake_die("unknown condition %d", op->cond);
}

static void apply(const struct fake_op *op, struct fake_vcpu *vcpu)
{
    struct fake_context before = fake_context;

    if (op->plugin->gone) {
        fake_die("code of a plugin that is gone would run");
    }
    if (op->kind == FAKE_INLINE) {
        fake_score_apply(op->cell, vcpu->index, op->op, op->value);
    } else if (op->kind == FAKE_CALL || holds(op, vcpu->index)) {
        atomic_fetch_add_explicit(&fake_n_callbacks, 1, memory_order_relaxed);
        fake_context = (struct fake_context){ .moment = FAKE_EXECUTING, .vcpu = vcpu,
                                              .plugin = op->plugin,
                                              .registers = op->flags != QP_CB_NO_REGS };
        ((qp_exec_fn)op->fn)(vcpu->index, op->data);
        fake_context = before;
    }
}

/* From 9.1 on the order is that of registration. 9.0 ran all calls without registers, then all
 * with, then all inline operations. */
static unsigned turn_of(const struct fake_op *op)
{
    if (fake_at_least(91)) {
        return 0;
    }
    return op->kind == FAKE_INLINE ? 2 : op->flags != QP_CB_NO_REGS;
}

static void apply_all(const GArray *ops, struct fake_vcpu *vcpu)
{
    for (unsigned turn = 0; turn < 3; turn++) {
        for (guint i = 0; i < ops->len; i++) {
            const struct fake_op *op = &g_array_index(ops, struct fake_op, i);

            if (turn_of(op) == turn) {
                apply(op, vcpu);
            }
        }
    }
}

static void access_one(const struct fake_op *op, struct fake_vcpu *vcpu,
                       const struct fake_effect *e)
{
    uint32_t access = e->shift | (e->kind == FAKE_STORE ? 0x100u : 0) | (e->io ? 0x200u : 0);
    struct fake_context before = fake_context;

    if (op->kind == FAKE_INLINE) {
        fake_score_apply(op->cell, vcpu->index, op->op, op->value);
        return;
    }
    atomic_fetch_add_explicit(&fake_n_callbacks, 1, memory_order_relaxed);
    fake_context = (struct fake_context){ .moment = FAKE_ACCESSING, .vcpu = vcpu,
                                          .plugin = op->plugin, .access = access,
                                          .registers = op->flags != QP_CB_NO_REGS,
                                          .access_vaddr = e->value, .access_data = e->data,
                                          .access_device = e->device };
    ((qp_mem_fn)op->fn)(vcpu->index, access, e->value, op->data);
    fake_context = before;
}

/* ---- execution ---- */
struct run {
    uint64_t address, alias;
    const struct fake_effect *effects;
    size_t n;
};

/* MRS Xt, CNTVCT_EL0 or CNTPCT_EL0. */
static bool reads_counter(const struct qp_insn *insn, unsigned *reg)
{
    uint32_t word;

    memcpy(&word, insn->bytes, sizeof(word));
    *reg = word & 31;
    return ((word & ~31u) == 0xd53be040 || (word & ~31u) == 0xd53be020) && *reg < 31;
}

static void take_effect(const struct fake_effect *e, struct fake_vcpu *vcpu, const GArray *ops)
{
    if (e->kind == FAKE_SET) {
        fake_set_register(vcpu->index, e->name, e->value);
        return;
    }
    if (e->kind == FAKE_DELAY) {
        fake_set_host_time(fake_host_time() + e->value);
        return;
    }
    for (guint i = 0; i < ops->len; i++) {
        const struct fake_op *op = &g_array_index(ops, struct fake_op, i);

        if (op->rw & (e->kind == FAKE_STORE ? QP_MEM_W : QP_MEM_R)) {
            access_one(op, vcpu, e);
        }
    }
}

/* False: the block is left before this instruction. */
static bool step(struct fake_vcpu *vcpu, const struct qp_insn *insn, const struct run *run)
{
    unsigned index = (unsigned)(insn - insn->tb->insns), reg;

    for (size_t i = 0; i < run->n; i++) {
        if (run->effects[i].insn == index && run->effects[i].kind == FAKE_LEAVE) {
            return false;
        }
    }
    apply_all(insn->ops, vcpu);
    vcpu->insns++;
    if (reads_counter(insn, &reg)) {
        vcpu->registers[reg] = fake_guest_time(vcpu->index) / FAKE_TICK_NS;
    }
    for (size_t i = 0; i < run->n; i++) {
        if (run->effects[i].insn == index) {
            take_effect(&run->effects[i], vcpu, insn->access_ops);
        }
    }
    return true;
}

static void run_block(unsigned index, void *data)
{
    struct fake_vcpu *vcpu = fake_vcpu_at(index);
    const struct run *run = data;
    struct qp_tb *tb;

    pthread_rwlock_rdlock(&fake_exclusive);
    tb = find(run->address, NULL);
    tb = tb ? tb : find(run->address, translate(vcpu, run->address));
    fake_set_register(index, "pc", run->alias); /* and stays so: it is stale in mid-block */
    apply_all(tb->ops, vcpu);
    for (size_t i = 0; i < tb->n && step(vcpu, &tb->insns[i], run); i++) {
    }
    pthread_rwlock_unlock(&fake_exclusive);
    fake_settle();
}

void fake_exec_with(unsigned vcpu, uint64_t address, const struct fake_effect *effects, size_t n)
{
    struct run run = { address, address, effects, n };

    fake_run(vcpu, run_block, &run);
}

void fake_exec(unsigned vcpu, uint64_t address)
{
    fake_exec_with(vcpu, address, NULL, 0);
}

void fake_exec_alias(unsigned vcpu, uint64_t address, uint64_t alias)
{
    struct run run = { address, alias, NULL, 0 };

    fake_run(vcpu, run_block, &run);
}

/* ---- discontinuities ---- */
struct jump {
    int kind;
    uint64_t from, to;
};

static void jump(unsigned index, void *data)
{
    const struct jump *j = data;

    fake_set_register(index, "pc", j->to);
    pthread_rwlock_rdlock(&fake_exclusive);
    for (guint i = fake_plugins ? fake_plugins->len : 0; i > 0; i--) {
        fake_call_discon(g_ptr_array_index(fake_plugins, i - 1), fake_vcpu_at(index), j->kind,
                         j->from, j->to);
    }
    pthread_rwlock_unlock(&fake_exclusive);
    fake_settle();
}

void fake_discontinuity(unsigned vcpu, int kind, uint64_t from, uint64_t to)
{
    struct jump j = { kind, from, to };

    fake_run(vcpu, jump, &j);
}
