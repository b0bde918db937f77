/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the description of an ISA, and puts kinds and features into words. */
#include "arch-internal.h"

#include <stdio.h>
#include <string.h>

static const struct osi_arch *const arches[] = {
    &osi_arch_aarch64,
    &osi_arch_riscv64,
    &osi_arch_x86_64,
};

static const struct {
    unsigned feature;
    const char *text;
} features[] = {
    { OSI_ARCH_DECODE, "instruction decoding" },
    { OSI_ARCH_REGISTERS, "argument registers" },
    { OSI_ARCH_LINUX, "Linux tasks" },
    { OSI_ARCH_COUNTER, "the guest's clock" },
    { OSI_ARCH_INTERRUPTS, "interrupts" },
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

const struct osi_arch *osi_arch_find(const char *target)
{
    for (size_t i = 0; target && i < ARRAY_SIZE(arches); i++) {
        if (strcmp(arches[i]->name, target) == 0)
            return arches[i];
    }
    return NULL;
}

/* No `default`: the compiler then names every kind that this list lacks. */
const char *osi_insn_kind_name(enum osi_insn_kind kind)
{
    switch (kind) {
    case OSI_INSN_OTHER:              return "other";
    case OSI_INSN_CALL:               return "call";
    case OSI_INSN_CALL_INDIRECT:      return "call-indirect";
    case OSI_INSN_RETURN:             return "return";
    case OSI_INSN_JUMP:               return "jump";
    case OSI_INSN_JUMP_INDIRECT:      return "jump-indirect";
    case OSI_INSN_BRANCH:             return "branch";
    case OSI_INSN_SYSCALL:            return "syscall";
    case OSI_INSN_HYPERCALL:          return "hypercall";
    case OSI_INSN_EXCEPTION_RETURN:   return "exception-return";
    case OSI_INSN_TRAP:               return "trap";
    case OSI_INSN_WAIT_INTERRUPT:     return "wait-interrupt";
    case OSI_INSN_WAIT_EVENT:         return "wait-event";
    case OSI_INSN_SET_TASK:           return "set-task";
    case OSI_INSN_SET_VECTORS:        return "set-vectors";
    case OSI_INSN_SET_PERCPU:         return "set-percpu";
    case OSI_INSN_SET_SPACE:          return "set-space";
    case OSI_INSN_MASK_SET:           return "mask-set";
    case OSI_INSN_MASK_CLEAR:         return "mask-clear";
    case OSI_INSN_MASK_WRITE:         return "mask-write";
    case OSI_INSN_MASK_READ:          return "mask-read";
    case OSI_INSN_PRIORITY_WRITE:     return "priority-write";
    case OSI_INSN_PRIORITY_READ:      return "priority-read";
    case OSI_INSN_ALLINT_WRITE:       return "allint-write";
    case OSI_INSN_IRQ_ACK:            return "irq-ack";
    case OSI_INSN_IRQ_EOI:            return "irq-eoi";
    case OSI_INSN_IRQ_DEACTIVATE:     return "irq-deactivate";
    case OSI_INSN_IRQ_SEND:           return "irq-send";
    case OSI_INSN_COUNTER_READ:       return "counter-read";
    case OSI_INSN_COUNTER_READ_PHYS:  return "counter-read-phys";
    case OSI_INSN_COUNTER_FREQ:       return "counter-freq";
    case OSI_INSN_TIMER_DEADLINE:     return "timer-deadline";
    case OSI_INSN_TIMER_RELATIVE:     return "timer-relative";
    case OSI_INSN_TIMER_CONTROL:      return "timer-control";
    case OSI_INSN_KINDS:              break;
    }
    return "unknown";
}

const char *osi_arch_features_text(unsigned missing, char *text, size_t size)
{
    size_t used = 0;

    if (size == 0)
        return "";
    text[0] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(features) && used < size; i++) {
        if (!(missing & features[i].feature))
            continue;
        missing &= ~features[i].feature;
        const char *joint = used == 0 ? "" : missing ? ", " : " and ";
        used += (size_t)snprintf(text + used, size - used, "%s%s", joint, features[i].text);
    }
    if (used == 0)
        snprintf(text, size, missing ? "unknown features" : "nothing");
    return text;
}
