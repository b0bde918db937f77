/* SPDX-License-Identifier: GPL-2.0-or-later */
/* At translation: where interrupts are taken, masked, acknowledged and left.
 *
 * Where QEMU reports exceptions itself (10.2 and later) they need no hook. Elsewhere a block at an
 * entry of a vector table is one: the tables are known from the writes to the vector base register.
 * Both lead to the same call at the same instruction.
 *
 * A controller that is accessed as memory (GICv2) needs no callback at each load and store: QEMU
 * runs a device access as a block of its own, or as the last instruction of a block.
 */
#include <string.h>

#include "session/block-internal.h"

#define MAX_TABLES 64 /* kernel, trampolines, per-CPU mitigations, firmware */

/* A place in the code, with what its callback must know; shared by all blocks that have it. */
struct place {
    struct osi_session *session;
    uint64_t address;
    unsigned remaining;
    struct osi_decoded insn;
    const struct osi_label *label;
    const struct osi_vector *vector;
    bool helper; /* in a function that only does this for its caller */
    atomic_uchar level; /* 1 + the level that this code runs at, 0: not known yet */
};

struct osi_irq_places {
    GMutex lock;
    GHashTable *places;
    const struct osi_label *vectors[OSI_MAX_VECTORS]; /* "[el0t_64_irq]" */
    _Atomic uint64_t tables[MAX_TABLES];
    atomic_uint n_tables;
};

static guint place_hash(gconstpointer data)
{
    const struct place *place = data;

    return (guint)(place->address >> 2) * 31 + place->remaining * 7 + place->insn.kind;
}

static gboolean place_equal(gconstpointer a, gconstpointer b)
{
    const struct place *x = a, *y = b;

    return x->address == y->address && x->remaining == y->remaining &&
           x->insn.kind == y->insn.kind && x->insn.reg == y->insn.reg &&
           x->insn.imm == y->insn.imm && x->vector == y->vector && x->label == y->label &&
           x->helper == y->helper;
}

struct osi_irq_places *osi_irq_places_new(struct osi_session *session)
{
    const struct osi_arch_interrupts *is = session->arch->interrupts;
    struct osi_irq_places *places = g_new0(struct osi_irq_places, 1);

    g_mutex_init(&places->lock);
    places->places = g_hash_table_new_full(place_hash, place_equal, NULL, g_free);
    for (unsigned i = 0; i < is->table / is->entry; i++) {
        char *text = g_strdup_printf("[%s]", is->vectors[i].name);

        places->vectors[i] = osi_label(session, text);
        g_free(text);
    }
    return places;
}

void osi_irq_places_free(struct osi_irq_places *places)
{
    if (places) {
        g_hash_table_destroy(places->places);
        g_mutex_clear(&places->lock);
        g_free(places);
    }
}

static struct place *place_of(struct osi_session *session, const struct place *wanted)
{
    struct osi_irq_places *places = session->irq_places;
    struct place *place;

    g_mutex_lock(&places->lock);
    place = g_hash_table_lookup(places->places, wanted);
    if (!place) {
        place = g_new(struct place, 1);
        *place = *wanted;
        g_hash_table_add(places->places, place);
    }
    g_mutex_unlock(&places->lock);
    return place;
}

/* Linux's inline functions that mask and unmask, where the compiler left them as functions: who calls
 * them is who does it. */
static bool is_helper(const struct osi_session *session, uint64_t address)
{
    uint64_t offset;
    const char *name = osi_symbol_at(session, address, &offset);

    return name && (g_str_has_prefix(name, "arch_local_irq_") || g_str_has_prefix(name, "local_daif_"));
}

static struct place *insn_place(struct osi_session *session, const struct osi_block *block,
                                size_t i, const struct osi_decoded *insn)
{
    uint64_t address = osi_host_insn_vaddr(osi_host_block_insn(block->host, i));

    return place_of(session, &(struct place){
        .session = session, .address = address, .remaining = osi_insn_remaining(block, i),
        .insn = *insn, .label = osi_label_of(session, address),
        .helper = is_helper(session, address),
    });
}

/* ---- callbacks ---- */
/* Code runs at one level: asked for once. */
static unsigned level_at(struct place *place)
{
    unsigned level = atomic_load_explicit(&place->level, memory_order_relaxed);

    if (!level) {
        level = osi_irq_level(place->session->irq) + 1;
        atomic_store_explicit(&place->level, (unsigned char)level, memory_order_relaxed);
    }
    return level - 1;
}

static struct osi_vcpu *enter(const struct place *place, unsigned index)
{
    struct osi_vcpu *vcpu = osi_vcpu(place->session, index);

    if (!vcpu || !osi_enter(vcpu)) {
        return NULL;
    }
    vcpu->remaining = place->remaining;
    return vcpu;
}

static const struct osi_caller *known_place(struct osi_session *session, struct osi_vcpu *vcpu,
                                            uint64_t address)
{
    struct osi_caller *slot = &vcpu->callers[address >> 2 & (OSI_MAX_CALLERS - 1)];

    if (slot->address != address) {
        *slot = (struct osi_caller){ address, osi_label_of(session, address),
                                     is_helper(session, address) };
    }
    return slot;
}

/* Who called the helper: a leaf returns to the address in the link register; one that called another
 * helper keeps its own return address in its frame, where the frame register still points. */
static const struct osi_label *caller(const struct place *place, struct osi_vcpu *vcpu)
{
    struct osi_session *session = place->session;
    const struct osi_arch *arch = session->arch;
    const struct osi_caller *from;
    uint64_t address, frame;

    if (osi_host_read_register(session->link, &address)) {
        return place->label;
    }
    from = known_place(session, vcpu, arch->code_address(address));
    if (from->helper && osi_host_read_register(session->frame, &frame) == 0 &&
        osi_host_read_memory(session->host, frame + sizeof(address), &address,
                             sizeof(address)) == 0) {
        from = known_place(session, vcpu, arch->code_address(address));
    }
    return from->label;
}

static void at_mask(unsigned index, void *data)
{
    struct place *place = data;
    struct osi_vcpu *vcpu = osi_vcpu(place->session, index);

    /* The most frequent of all, and often without effect. */
    if (place->insn.kind == OSI_INSN_MASK_SET && vcpu && (vcpu->irq.masks & OSI_MASK_STATUS)) {
        return;
    }
    if ((vcpu = enter(place, index))) {
        osi_irq_masks(place->session->irq, index, &place->insn,
                      place->helper ? caller(place, vcpu) : place->label);
        osi_leave(vcpu);
    }
}

static void at_return(unsigned index, void *data)
{
    struct place *place = data;
    struct osi_vcpu *vcpu = enter(place, index);

    if (vcpu) {
        osi_irq_returns(place->session->irq, index, level_at(place), place->label);
        osi_leave(vcpu);
    }
}

static void at_wait(unsigned index, void *data)
{
    struct place *place = data;
    struct osi_vcpu *vcpu = enter(place, index);

    if (vcpu) {
        osi_irq_waits(place->session->irq, index, place->label);
        osi_leave(vcpu);
    }
}

static void after_wait(unsigned index, void *data)
{
    struct place *place = data;
    struct osi_vcpu *vcpu = enter(place, index);

    if (vcpu) {
        osi_irq_woke(place->session->irq, index, place->label);
        osi_leave(vcpu);
    }
}

static void take_acknowledge(struct place *place, unsigned index)
{
    struct osi_vcpu *vcpu = enter(place, index);
    uint64_t number;

    if (!vcpu) {
        return;
    }
    /* The read was the instruction before. */
    vcpu->remaining = place->remaining + 1;
    if (osi_general_register(place->session, index, place->insn.reg, &number) == 0) {
        osi_irq_acked(place->session->irq, index, (uint32_t)number & 0xffffff);
    }
    osi_leave(vcpu);
}

static void after_acknowledge(unsigned index, void *data)
{
    take_acknowledge(data, index);
}

/* A relative deadline becomes absolute when it is written: it stands in another register then. */
static void take_relative(struct place *place, unsigned index)
{
    struct osi_vcpu *vcpu = enter(place, index);

    if (vcpu) {
        vcpu->remaining = place->remaining + 1;
        osi_irq_timer(place->session->irq, index, &place->insn, level_at(place));
        osi_leave(vcpu);
    }
}

static void after_relative(unsigned index, void *data)
{
    take_relative(data, index);
}

static void at_relative(unsigned index, void *data)
{
    struct place *place = data;
    struct osi_vcpu *vcpu = osi_vcpu(place->session, index);

    if (vcpu) {
        vcpu->irq.arming = true;
    }
}

static void collect_relative(unsigned index, void *data)
{
    struct place *place = data;
    struct osi_vcpu *vcpu = osi_vcpu(place->session, index);

    if (vcpu && vcpu->irq.arming) {
        vcpu->irq.arming = false;
        take_relative(place, index);
    }
}

/* The acknowledge ends its block: its value is there when the next one starts. */
static void at_acknowledge(unsigned index, void *data)
{
    struct place *place = data;
    struct osi_vcpu *vcpu = osi_vcpu(place->session, index);

    if (vcpu) {
        vcpu->irq.acking = (uint8_t)(place->insn.reg + 1);
    }
}

static void collect_acknowledge(unsigned index, void *data)
{
    struct place *place = data;
    struct osi_vcpu *vcpu = osi_vcpu(place->session, index);

    if (vcpu && vcpu->irq.acking == place->insn.reg + 1) {
        vcpu->irq.acking = 0;
        take_acknowledge(place, index);
    }
}

static void at_end(unsigned index, void *data)
{
    struct place *place = data;
    struct osi_vcpu *vcpu = enter(place, index);
    uint64_t number;

    if (vcpu) {
        if (osi_general_register(place->session, index, place->insn.reg, &number) == 0) {
            osi_irq_ended(place->session->irq, index, (uint32_t)number & 0xffffff);
        }
        osi_leave(vcpu);
    }
}

static void at_timer(unsigned index, void *data)
{
    struct place *place = data;
    struct osi_vcpu *vcpu = enter(place, index);

    if (vcpu) {
        osi_irq_timer(place->session->irq, index, &place->insn, level_at(place));
        osi_leave(vcpu);
    }
}

static void at_vector(unsigned index, void *data)
{
    struct place *place = data;
    struct osi_vcpu *vcpu = enter(place, index);

    if (vcpu) {
        osi_irq_taken(place->session->irq, index, place->vector, place->label, NULL);
        osi_leave(vcpu);
    }
}

static bool is_table(const struct osi_irq_places *places, uint64_t base)
{
    unsigned n = MIN(atomic_load_explicit(&places->n_tables, memory_order_acquire), MAX_TABLES);

    for (unsigned i = 0; i < n; i++) {
        if (atomic_load_explicit(&places->tables[i], memory_order_relaxed) == base) {
            return true;
        }
    }
    return false;
}

/* A write to the vector base register: blocks there are translated after this. */
static void at_vectors(unsigned index, void *data)
{
    struct place *place = data;
    struct osi_irq_places *places = place->session->irq_places;
    uint64_t base;

    (void)index;
    if (osi_general_register(place->session, index, place->insn.reg, &base) == 0 &&
        !is_table(places, base)) {
        g_mutex_lock(&places->lock);
        if (!is_table(places, base)) {
            unsigned n = atomic_load(&places->n_tables);

            /* The oldest goes: a kernel that was replaced. */
            atomic_store(&places->tables[n % MAX_TABLES], base);
            atomic_store_explicit(&places->n_tables, n + 1, memory_order_release);
        }
        g_mutex_unlock(&places->lock);
    }
}

static bool is_one_of(const uint32_t *offsets, uint64_t offset)
{
    return offset == offsets[0] || offset == offsets[1];
}

/* An access that may be one to a device; most are not the controller's. */
static void at_access(unsigned index, uint32_t access, uint64_t address, void *data)
{
    struct osi_session *session = data;
    const struct osi_arch_interrupts *is = session->arch->interrupts;
    struct osi_vcpu *vcpu = osi_vcpu(session, index);
    bool store = osi_host_access_is_store(access);
    uint64_t physical, value;
    const char *device;

    if (!vcpu || !is_one_of(store ? is->end : is->acknowledge, address & 0xfff)) {
        return; /* whatever it is; the page's offset is the same in all address spaces */
    }
    device = osi_host_access_device(access, address, &physical);
    if (!device || strcmp(device, is->controller) != 0 || osi_host_access_value(access, &value) ||
        !osi_enter(vcpu)) {
        return;
    }
    vcpu->remaining = 1;
    if (store) {
        osi_irq_ended(session->irq, index, (uint32_t)value & is->number);
    } else {
        osi_irq_acked(session->irq, index, (uint32_t)value & is->number);
    }
    osi_leave(vcpu);
}

/* ---- what is attached where ---- */
static void attach_insn(struct osi_session *session, struct osi_block *block, size_t i)
{
    const struct osi_decoded *insn = &block->decoded[i];
    struct osi_host_insn *host = osi_host_block_insn(block->host, i);
    osi_host_exec_fn fn;
    enum osi_host_regs regs = OSI_HOST_READ_REGS;
    struct place *place;

    switch (insn->kind) {
    case OSI_INSN_MASK_SET:
    case OSI_INSN_MASK_CLEAR:
        if (!(insn->imm & 2)) {
            return; /* not interrupts */
        }
        fn = at_mask;
        break;
    case OSI_INSN_MASK_WRITE:
    case OSI_INSN_PRIORITY_WRITE:
    case OSI_INSN_ALLINT_WRITE:
        fn = at_mask;
        break;
    case OSI_INSN_EXCEPTION_RETURN:
        fn = at_return;
        break;
    case OSI_INSN_WAIT_INTERRUPT:
        fn = at_wait;
        break;
    case OSI_INSN_IRQ_ACK:
        fn = at_acknowledge;
        if (i + 1 < block->n) {
            osi_host_insn_call(osi_host_block_insn(block->host, i + 1), after_acknowledge, regs,
                               insn_place(session, block, i + 1, insn));
            return;
        }
        break;
    case OSI_INSN_IRQ_EOI:
        fn = at_end;
        break;
    case OSI_INSN_TIMER_RELATIVE:
        fn = at_relative;
        if (i + 1 < block->n) {
            osi_host_insn_call(osi_host_block_insn(block->host, i + 1), after_relative, regs,
                               insn_place(session, block, i + 1, insn));
            return;
        }
        break;
    case OSI_INSN_TIMER_DEADLINE:
    case OSI_INSN_TIMER_CONTROL:
        fn = at_timer;
        break;
    case OSI_INSN_SET_VECTORS:
        if (osi_host_facts(session->host)->has_discontinuity) {
            return;
        }
        fn = at_vectors;
        break;
    default:
        return;
    }
    place = insn_place(session, block, i, insn);
    if (insn->reg == OSI_NO_REG && insn->kind != OSI_INSN_EXCEPTION_RETURN && !place->helper) {
        regs = OSI_HOST_NO_REGS; /* it is all in the instruction */
    }
    osi_host_insn_call(host, fn, regs, place);
}

static void attach_vector(struct osi_session *session, struct osi_block *block)
{
    const struct osi_arch_interrupts *is = session->arch->interrupts;
    unsigned n = (unsigned)(block->address & (is->table - 1)) / is->entry;

    if (block->address & (is->entry - 1) ||
        !is_table(session->irq_places, block->address & ~(uint64_t)(is->table - 1))) {
        return;
    }
    osi_host_block_call(block->host, at_vector, OSI_HOST_READ_REGS, place_of(session, &(struct place){
        .session = session, .address = block->address,
        .remaining = osi_insn_remaining(block, 0), .label = session->irq_places->vectors[n],
        .vector = &is->vectors[n],
    }));
}

void osi_instrument_irq(struct osi_session *session, struct osi_block *block,
                        const struct osi_decoded *before)
{
    struct osi_host_insn *last = osi_host_block_insn(block->host, block->n - 1);
    uint8_t bytes[16];
    size_t size = osi_host_insn_bytes(last, bytes, sizeof(bytes));

    if (!osi_host_facts(session->host)->has_discontinuity) {
        attach_vector(session, block);
    }
    if (before->kind == OSI_INSN_WAIT_INTERRUPT) {
        osi_host_block_call(block->host, after_wait, OSI_HOST_READ_REGS,
                            insn_place(session, block, 0, before));
    } else if (before->kind == OSI_INSN_IRQ_ACK) {
        osi_host_block_call(block->host, collect_acknowledge, OSI_HOST_READ_REGS,
                            insn_place(session, block, 0, before));
    } else if (before->kind == OSI_INSN_TIMER_RELATIVE) {
        osi_host_block_call(block->host, collect_relative, OSI_HOST_READ_REGS,
                            insn_place(session, block, 0, before));
    }
    for (size_t i = 0; i < block->n; i++) {
        attach_insn(session, block, i);
    }
    if (session->arch->accesses_memory(bytes, MIN(size, sizeof(bytes)))) {
        osi_host_insn_observe(last, true, true, at_access, OSI_HOST_READ_REGS, session);
    }
}

void osi_discontinuity(struct osi_session *session, unsigned index, uint64_t from, uint64_t to)
{
    const struct osi_arch_interrupts *is = session->arch->interrupts;
    struct osi_vcpu *vcpu = osi_vcpu(session, index);
    unsigned n = (unsigned)(to & (is->table - 1)) / is->entry;

    if (!vcpu || to & (is->entry - 1) || !osi_enter(vcpu)) {
        return;
    }
    vcpu->remaining = OSI_BEFORE_NEXT;
    osi_irq_taken(session->irq, index, &is->vectors[n], session->irq_places->vectors[n], &from);
    osi_leave(vcpu);
}

/* ---- what the tracking asks of the session ---- */
static struct osi_irq_vcpu *vcpu_of(struct osi_session *session, unsigned index)
{
    return &osi_vcpu(session, index)->irq;
}

static void happened(struct osi_session *session, unsigned index, struct osi_event *event)
{
    osi_happened(session, osi_vcpu(session, index), event);
}

static struct osi_moment moment(struct osi_session *session, unsigned index)
{
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    return (struct osi_moment){
        osi_insn_count(session, vcpu, vcpu->remaining),
        session->clock.shift < 0 && session->clock.icount ? vcpu->clock.last_read
                                                          : osi_callback_time(session, vcpu),
    };
}

static const struct osi_clock *clock_of(struct osi_session *session)
{
    return &session->clock;
}

const struct osi_irq_client osi_session_irq_client = { vcpu_of, happened, moment, clock_of };
