/* SPDX-License-Identifier: GPL-2.0-or-later */
/* At translation: what the library itself attaches to a block, and what runs there.
 *
 * The order matters: the instruction count is added first, so that every callback
 * of the block sees it whole and can take off what has not run yet.
 */
#include <string.h>

#include "session/block-internal.h"
#include "session/flow.h"

#define SMALLEST_PAGE 4096

/* ---- sites: what a callback must know, shared by all blocks alike ---- */
struct osi_site *osi_site(struct osi_session *session, uint8_t reg, unsigned remaining)
{
    gpointer key = GUINT_TO_POINTER((guint)reg << 16 | (remaining & 0xffff));
    struct osi_site *site;

    g_mutex_lock(&session->lock);
    site = g_hash_table_lookup(session->sites, key);
    if (!site) {
        site = g_new(struct osi_site, 1);
        *site = (struct osi_site){ session, remaining, reg };
        g_hash_table_insert(session->sites, key, site);
    }
    g_mutex_unlock(&session->lock);
    return site;
}

/* Instructions were counted ahead; the caller's own is in, what follows is not. */
uint64_t osi_insn_count(const struct osi_session *session, const struct osi_vcpu *vcpu,
                        unsigned remaining)
{
    uint64_t count;

    if (!session->insns) {
        return 0;
    }
    count = *osi_host_cells_of(session->insns, vcpu->index);
    if (remaining == OSI_BEFORE_NEXT) {
        return count + 1;
    }
    return remaining ? count - (remaining - 1) : count;
}

/* ---- the guest's counter reads ---- */
static void counter_was_read(struct osi_session *session, struct osi_vcpu *vcpu, uint8_t reg,
                             uint64_t count)
{
    uint64_t ticks, frequency;

    if (atomic_load_explicit(&session->clock.frequency, memory_order_relaxed) == 0 &&
        session->counter_freq &&
        osi_host_read_register(session->counter_freq, &frequency) == 0) {
        atomic_store_explicit(&session->clock.frequency, frequency, memory_order_relaxed);
    }
    if (reg >= G_N_ELEMENTS(session->general) || !session->general[reg] ||
        osi_host_read_register(session->general[reg], &ticks)) {
        return;
    }
    osi_clock_read(&session->clock, &vcpu->clock, ticks, count, osi_host_time());
    osi_release_deferred(session, vcpu);
    osi_ticks_clock_read(session, vcpu);
}

/* Runs before the instruction after the read, in the same block: the value is in the register. */
static void after_counter_read(unsigned index, void *data)
{
    struct osi_site *site = data;
    struct osi_vcpu *vcpu = osi_vcpu(site->session, index);

    if (vcpu && osi_clock_wants_read(&site->session->clock, &vcpu->clock) && osi_enter(vcpu)) {
        counter_was_read(site->session, vcpu, site->reg,
                         osi_insn_count(site->session, vcpu, site->remaining) - 1);
        osi_leave(vcpu);
    }
}

/* QEMU ends a block behind a counter read (it may, not must): note it, take the value at the next
 * block's start. */
static void at_counter_read(unsigned index, void *data)
{
    struct osi_site *site = data;
    struct osi_vcpu *vcpu = osi_vcpu(site->session, index);

    if (vcpu) {
        vcpu->reading = (uint8_t)(site->reg + 1);
        vcpu->reading_count = osi_insn_count(site->session, vcpu, site->remaining);
    }
}

static void collect_counter_read(unsigned index, void *data)
{
    struct osi_site *site = data;
    struct osi_vcpu *vcpu = osi_vcpu(site->session, index);

    /* Another way leads here, or an interrupt came between and read the counter itself. */
    if (!vcpu || vcpu->reading != site->reg + 1) {
        return;
    }
    vcpu->reading = 0;
    if (osi_enter(vcpu)) {
        counter_was_read(site->session, vcpu, site->reg, vcpu->reading_count);
        osi_leave(vcpu);
    }
}

static void going_idle(unsigned index, void *data)
{
    struct osi_session *session = data;
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    if (vcpu && osi_enter(vcpu)) {
        /* Idle again without a look at the counter in between: what waits can only be estimated. */
        vcpu->late += vcpu->n_deferred;
        osi_release_deferred(session, vcpu);
        osi_clock_idle(&session->clock, &vcpu->clock);
        osi_leave(vcpu);
    }
}

static bool is_counter_read(const struct osi_decoded *insn)
{
    return (insn->kind == OSI_INSN_COUNTER_READ || insn->kind == OSI_INSN_COUNTER_READ_PHYS) &&
           insn->reg < 31;
}

static void attach_clock(struct osi_session *session, struct osi_block *block, size_t i)
{
    const struct osi_decoded *insn = &block->decoded[i];
    struct osi_host_insn *host = osi_host_block_insn(block->host, i);

    if (is_counter_read(insn)) {
        if (i + 1 < block->n) {
            osi_host_insn_call(osi_host_block_insn(block->host, i + 1), after_counter_read,
                               OSI_HOST_READ_REGS,
                               osi_site(session, insn->reg, osi_insn_remaining(block, i + 1)));
        } else {
            osi_host_insn_call(host, at_counter_read, OSI_HOST_NO_REGS,
                               osi_site(session, insn->reg, osi_insn_remaining(block, i)));
        }
    }
}

/* Whatever else is attached to a wait has its time before the wait makes the clock unsure. */
static void attach_idle(struct osi_session *session, struct osi_block *block)
{
    for (size_t i = 0; i < block->n; i++) {
        enum osi_insn_kind kind = block->decoded[i].kind;

        if (kind == OSI_INSN_WAIT_INTERRUPT || kind == OSI_INSN_WAIT_EVENT ||
            kind == OSI_INSN_HYPERCALL) {
            osi_host_insn_call(osi_host_block_insn(block->host, i), going_idle, OSI_HOST_NO_REGS,
                               session);
        }
    }
}

/* A counter read that ended its block stands right before this one. */
static void attach_collect(struct osi_session *session, struct osi_block *block,
                           const struct osi_decoded *before)
{
    if (is_counter_read(before)) {
        osi_host_block_call(block->host, collect_counter_read, OSI_HOST_READ_REGS,
                            osi_site(session, before->reg, osi_insn_remaining(block, 0)));
    }
}

/* On the same page it is right before the block in the host's memory, too: no walk through the guest's page tables. */
static bool read_before(const struct osi_block *block, uint8_t *bytes, size_t size)
{
    const uint8_t *memory = osi_host_insn_memory(osi_host_block_insn(block->host, 0));

    if (memory && block->address % SMALLEST_PAGE >= size) {
        memcpy(bytes, memory - size, size);
        return true;
    }
    return osi_host_read_memory(block->session->host, block->address - size, bytes, size) == 0;
}

const struct osi_decoded *osi_block_before(struct osi_block *block)
{
    const struct osi_session *session = block->session;
    uint8_t bytes[4];

    if (!block->looked_before) {
        block->looked_before = true;
        block->knows_before = session->arch && session->arch->min_insn == sizeof(bytes) &&
                              !(block->address % sizeof(bytes)) && read_before(block, bytes, sizeof(bytes));
        if (block->knows_before) {
            session->arch->decode(bytes, sizeof(bytes), &block->before);
        }
    }
    return block->knows_before ? &block->before : NULL;
}

/* What the clock and the interrupts need. The counter is looked at before anything gets a time. */
static void attach_machine(struct osi_session *session, struct osi_block *block)
{
    static const struct osi_decoded none = { .reg = OSI_NO_REG };
    const struct osi_decoded *known = osi_block_before(block), *before = known ? known : &none;

    if (session->clock_reads) {
        attach_collect(session, block, before);
        for (size_t i = 0; i < block->n; i++) {
            attach_clock(session, block, i);
        }
    }
    if (session->irq) {
        osi_instrument_irq(session, block, before);
    }
}

/* ---- the kernel ---- */
static void look_for_kernel(unsigned index, void *data)
{
    struct osi_session *session = data;
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    if (vcpu && !osi_linux_located(session->guest, NULL) && osi_enter(vcpu)) {
        vcpu->remaining = 0;
        osi_linux_look(session->guest, index);
        osi_leave(vcpu);
    }
}

static void kernel_starts(unsigned index, void *data)
{
    struct osi_session *session = data;
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    if (vcpu && osi_enter(vcpu)) {
        osi_linux_restart(session->guest, index);
        osi_irq_reset(&vcpu->irq);
        if (session->tool->needs & OSI_NEED_FLOW) {
            osi_flow_start(session, index);
        }
        osi_contexts_start(session, vcpu);
        osi_leave(vcpu);
    }
}

/* What a hook's callback needs; interned per hook and place. */
struct hook_site {
    struct osi_session *session;
    struct osi_hook *hook;
    unsigned remaining;
};

static void run_hook(unsigned index, void *data)
{
    struct hook_site *site = data;
    struct osi_vcpu *vcpu;

    if (!atomic_load_explicit(&site->hook->enabled, memory_order_relaxed)) {
        return;
    }
    vcpu = osi_vcpu(site->session, index);
    if (vcpu && osi_enter(vcpu)) {
        vcpu->remaining = site->remaining;
        site->hook->fn(site->session, index, site->hook->data);
        osi_leave(vcpu);
    }
}

static struct hook_site *hook_site(struct osi_session *session, struct osi_hook *hook,
                                   unsigned remaining)
{
    gpointer key = GUINT_TO_POINTER(hook->number << 10 | remaining);
    struct hook_site *site;

    g_mutex_lock(&session->lock);
    site = g_hash_table_lookup(session->hook_sites, key);
    if (!site) {
        site = g_new(struct hook_site, 1);
        *site = (struct hook_site){ session, hook, remaining };
        g_hash_table_insert(session->hook_sites, key, site);
    }
    g_mutex_unlock(&session->lock);
    return site;
}

static void attach_hooks(struct osi_session *session, struct osi_block *block)
{
    uint64_t end = osi_host_insn_vaddr(osi_host_block_insn(block->host, block->n - 1));
    size_t n;
    const struct osi_hook_entry *entry = osi_hooks_from(session->hooks, block->address, &n);

    for (; n && entry->address <= end; n--, entry++) {
        size_t i = (size_t)(entry->address - block->address) / session->arch->min_insn;

        /* Variable-length instructions: the guess is an upper bound. */
        i = MIN(i, block->n - 1);
        while (i && osi_host_insn_vaddr(osi_host_block_insn(block->host, i)) > entry->address) {
            i--;
        }
        if (osi_host_insn_vaddr(osi_host_block_insn(block->host, i)) == entry->address) {
            osi_host_insn_call(osi_host_block_insn(block->host, i), run_hook, OSI_HOST_READ_REGS,
                               hook_site(session, entry->hook, osi_insn_remaining(block, i)));
        }
    }
}

static void attach_kernel(struct osi_session *session, struct osi_block *block)
{
    if (osi_linux_is_entry(session->guest, block->address, block->bytes, MIN(block->at[block->n], 16u))) {
        osi_host_block_call(block->host, kernel_starts, OSI_HOST_NO_REGS, session);
        if (!session->arch->is_kernel(block->address)) {
            osi_functions_set_early(session->functions, block->address);
        }
    }
    if (session->arch->is_kernel(block->address) && !osi_linux_located(session->guest, NULL)) {
        osi_host_block_call(block->host, look_for_kernel, OSI_HOST_READ_REGS, session);
    }
}

/* Counts instructions `from` to `to` - 1 ahead of the first of them. */
static void count_ahead(struct osi_session *session, struct osi_block *block, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        block->counted_to[i] = (uint16_t)to;
    }
    if (session->insns && from == 0) {
        osi_host_block_add(block->host, session->insns, 0, to);
    } else if (session->insns) {
        osi_host_insn_add(osi_host_block_insn(block->host, from), session->insns, 0, to - from);
    }
}

/* A device access leaves its block and runs again alone, uninstrumented; a block that is counted in
 * pieces that end with each possible access stays exact. */
static void count_instructions(struct osi_session *session, struct osi_block *block)
{
    bool pieces = (session->tool->needs & OSI_NEED_EXACT) && session->insns && session->arch &&
                  session->arch->accesses_memory;
    size_t from = 0;

    for (size_t i = 0; pieces && i + 1 < block->n; i++) {
        if (session->arch->accesses_memory(block->bytes + block->at[i], osi_block_insn_size(block, i))) {
            count_ahead(session, block, from, i + 1);
            from = i + 1;
        }
    }
    count_ahead(session, block, from, block->n);
}

/* Once: QEMU takes longer to give them than their decoding does. */
static void read_bytes(struct osi_block *block)
{
    block->at[0] = 0;
    for (size_t i = 0; i < block->n; i++) {
        size_t size = osi_host_insn_bytes(osi_host_block_insn(block->host, i), block->bytes + block->at[i],
                                          OSI_MAX_INSN);

        block->at[i + 1] = (uint16_t)(block->at[i] + MIN(size, OSI_MAX_INSN));
    }
}

static void decode(const struct osi_session *session, struct osi_block *block)
{
    for (size_t i = 0; i < block->n; i++) {
        if (session->arch && session->arch->decode) {
            session->arch->decode(block->bytes + block->at[i], osi_block_insn_size(block, i), &block->decoded[i]);
        } else {
            block->decoded[i] = (struct osi_decoded){ .reg = OSI_NO_REG };
        }
    }
}

void osi_instrument(struct osi_session *session, struct osi_host_block *host)
{
    struct osi_block block;

    block.session = session;
    block.host = host;
    block.n = MIN(osi_host_block_size(host), OSI_MAX_BLOCK);
    block.address = osi_host_block_vaddr(host);
    block.code = NULL;
    block.looked_before = false;
    if (block.n == 0) {
        return;
    }
    read_bytes(&block);
    count_instructions(session, &block);
    decode(session, &block);
    if ((session->tool->needs & OSI_NEED_FUNCTIONS) && !osi_host_facts(session->host)->system) {
        osi_functions_learn(session->functions, block.address,
                            osi_host_insn_memory(osi_host_block_insn(host, 0)));
    }
    if (session->clock_reads || session->irq) {
        attach_machine(session, &block);
    }
    if (session->guest) {
        attach_kernel(session, &block);
    }
    if (session->arch) {
        attach_hooks(session, &block);
    }
    osi_instrument_window(session, &block);
    if (session->tool->needs & OSI_NEED_FLOW) {
        osi_instrument_flow(session, &block);
    }
    osi_instrument_ticks(session, &block);
    if (session->tool->block) {
        session->tool->block(session, &block);
    }
    if (session->clock_reads && session->clock.icount) {
        attach_idle(session, &block);
    }
}
