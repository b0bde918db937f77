/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where control can go from a block. */
#include "edges-internal.h"

const char *osi_edge_kind_name(enum osi_edge_kind kind)
{
    static const char *const names[OSI_EDGE_KINDS] = {
        [OSI_EDGE_NEXT] = "next",
        [OSI_EDGE_TAKEN] = "taken",
        [OSI_EDGE_JUMP] = "jump",
        [OSI_EDGE_JUMP_INDIRECT] = "indirect jump",
        [OSI_EDGE_CALL] = "call",
        [OSI_EDGE_CALL_INDIRECT] = "indirect call",
        [OSI_EDGE_RETURN] = "return",
        [OSI_EDGE_AROUND] = "call and return",
        [OSI_EDGE_RESTART] = "restart",
        [OSI_EDGE_EXCEPTION] = "exception",
        [OSI_EDGE_EXCEPTION_RETURN] = "exception return",
        [OSI_EDGE_START] = "start",
        [OSI_EDGE_EXIT] = "exit",
        [OSI_EDGE_OTHER] = "other",
    };

    return kind < OSI_EDGE_KINDS ? names[kind] : "?";
}

static bool to_target(const struct osi_edge_code *from, uint64_t address, enum osi_edge_kind *kind)
{
    static const enum osi_edge_kind kinds[] = {
        [OSI_END_BRANCH] = OSI_EDGE_TAKEN,
        [OSI_END_JUMP] = OSI_EDGE_JUMP,
        [OSI_END_CALL] = OSI_EDGE_CALL,
    };

    if (from->ends < OSI_END_BRANCH || from->ends > OSI_END_CALL || from->target != address) {
        return false;
    }
    *kind = kinds[from->ends];
    return true;
}

static bool runs_on(const struct osi_edge_code *from, uint64_t address, enum osi_edge_kind *kind)
{
    bool can = from->ends == OSI_END_NEXT || from->ends == OSI_END_BRANCH ||
               from->ends == OSI_END_SYSCALL;

    *kind = OSI_EDGE_NEXT;
    return can && from->end == address;
}

static bool indirectly(const struct osi_edge_code *from, enum osi_edge_kind *kind)
{
    *kind = from->ends == OSI_END_CALL_INDIRECT   ? OSI_EDGE_CALL_INDIRECT
            : from->ends == OSI_END_JUMP_INDIRECT ? OSI_EDGE_JUMP_INDIRECT
                                                  : OSI_EDGE_RETURN;
    return from->ends == OSI_END_CALL_INDIRECT || from->ends == OSI_END_JUMP_INDIRECT ||
           from->ends == OSI_END_RETURN;
}

/* An instruction faulted, or accessed a device: it is executed again. A jump back to the block's own
 * start is more likely a jump. */
static bool goes_on_inside(const struct osi_edge_code *from, uint64_t address,
                           enum osi_edge_kind *kind)
{
    bool inside = address > from->address && address < from->end;
    bool again = address == from->address && !indirectly(from, kind);

    *kind = OSI_EDGE_RESTART;
    return inside || again;
}

/* The same code at another address than it was translated at: the low 12 bits hold. */
static bool elsewhere(const struct osi_edge_code *from, uint64_t address, enum osi_edge_kind *kind)
{
    struct osi_edge_code alias = *from;

    alias.address = (from->address & 0xfff) | (address & ~0xfffull);
    alias.target = (from->target & 0xfff) | (address & ~0xfffull);
    alias.end = (from->end & 0xfff) | (address & ~0xfffull);
    return to_target(&alias, address, kind) || runs_on(&alias, address, kind) ||
           goes_on_inside(&alias, address, kind);
}

bool osi_edge_leads(const struct osi_edge_code *from, const struct osi_edge_code *to,
                    enum osi_edge_kind *kind)
{
    return to_target(from, to->address, kind) || runs_on(from, to->address, kind) ||
           goes_on_inside(from, to->address, kind) || indirectly(from, kind) ||
           elsewhere(from, to->address, kind);
}

bool osi_edge_leads_around(const struct osi_edge_code *from, const struct osi_edge_code *to,
                           enum osi_edge_kind *kind)
{
    bool call = from->ends == OSI_END_CALL || from->ends == OSI_END_CALL_INDIRECT;

    *kind = OSI_EDGE_AROUND;
    if (call) {
        return from->end == to->address;
    }
    return from->ends != OSI_END_RETURN && osi_edge_leads(from, to, kind);
}
