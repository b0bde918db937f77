/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The places of interrupts: interned, named; who masks on whose behalf; where vector tables are. */
#include <string.h>

#include "session/irq-internal.h"

static guint place_hash(gconstpointer data)
{
    const struct osi_irq_place *place = data;

    return (guint)(place->address >> 2) * 31 + place->remaining * 7 + place->insn.kind;
}

static gboolean place_equal(gconstpointer a, gconstpointer b)
{
    const struct osi_irq_place *x = a, *y = b;

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

struct osi_irq_place *osi_irq_place(struct osi_session *session, const struct osi_irq_place *wanted)
{
    struct osi_irq_places *places = session->irq_places;
    struct osi_irq_place *place;

    g_mutex_lock(&places->lock);
    place = g_hash_table_lookup(places->places, wanted);
    if (!place) {
        place = g_new(struct osi_irq_place, 1);
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

struct osi_irq_place *osi_irq_insn_place(struct osi_session *session, const struct osi_block *block,
                                         size_t i, const struct osi_decoded *insn)
{
    uint64_t address = osi_host_insn_vaddr(osi_host_block_insn(block->host, i));

    return osi_irq_place(session, &(struct osi_irq_place){
        .session = session, .address = address, .remaining = osi_insn_remaining(block, i),
        .insn = *insn, .label = osi_label_of(session, address),
        .helper = is_helper(session, address),
    });
}

/* ---- who masks ---- */
static const struct osi_caller *known_place(struct osi_session *session, struct osi_vcpu *vcpu,
                                            uint64_t address)
{
    struct osi_caller *slot = &vcpu->callers[address >> 2 & (OSI_MAX_CALLERS - 1)];
    uint64_t base = 0;

    if (session->guest) {
        osi_linux_base(session->guest, &base);
    }
    if (slot->address != address || slot->base != base) {
        *slot = (struct osi_caller){ address, base, osi_label_of(session, address),
                                     is_helper(session, address) };
    }
    return slot;
}

/* Who called the helper: a leaf returns to the address in the link register; one that called another
 * helper keeps its own return address in its frame, where the frame register still points. */
const struct osi_label *osi_irq_caller(const struct osi_irq_place *place, struct osi_vcpu *vcpu)
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

/* ---- vector tables ---- */
bool osi_irq_is_table(const struct osi_irq_places *places, uint64_t base)
{
    unsigned n = MIN(atomic_load_explicit(&places->n_tables, memory_order_acquire), OSI_MAX_TABLES);

    for (unsigned i = 0; i < n; i++) {
        if (atomic_load_explicit(&places->tables[i], memory_order_relaxed) == base) {
            return true;
        }
    }
    return false;
}

void osi_irq_add_table(struct osi_irq_places *places, uint64_t base)
{
    if (osi_irq_is_table(places, base)) {
        return;
    }
    g_mutex_lock(&places->lock);
    if (!osi_irq_is_table(places, base)) {
        unsigned n = atomic_load(&places->n_tables);

        /* The oldest goes: a kernel that was replaced. */
        atomic_store(&places->tables[n % OSI_MAX_TABLES], base);
        atomic_store_explicit(&places->n_tables, n + 1, memory_order_release);
    }
    g_mutex_unlock(&places->lock);
}
