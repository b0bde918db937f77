/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What plugins ask: blocks, registers, memory, accesses. */
#include <stdio.h>
#include <string.h>

#include "api.h"

#define ACCESS_STORE 0x100
#define ACCESS_IO 0x200

/* ---- the block under translation ---- */
struct qp_tb *fake_open_tb(const struct qp_tb *tb)
{
    if (fake_context.moment != FAKE_TRANSLATING || tb != fake_context.tb || !tb->open) {
        fake_die("a block was used outside of its translation");
    }
    return (struct qp_tb *)tb;
}

struct qp_insn *fake_open_insn(const struct qp_insn *insn)
{
    fake_open_tb(insn->tb);
    return (struct qp_insn *)insn;
}

FAKE_API size_t qemu_plugin_tb_n_insns(const struct qp_tb *tb)
{
    return fake_open_tb(tb)->n;
}

FAKE_API uint64_t qemu_plugin_tb_vaddr(const struct qp_tb *tb)
{
    return fake_open_tb(tb)->vaddr;
}

FAKE_API struct qp_insn *qemu_plugin_tb_get_insn(const struct qp_tb *tb, size_t index)
{
    if (index >= fake_open_tb(tb)->n) {
        fake_die("a block of %zu instructions was asked for number %zu", tb->n, index);
    }
    return (struct qp_insn *)&tb->insns[index];
}

FAKE_API uint64_t qemu_plugin_insn_vaddr(const struct qp_insn *insn)
{
    return fake_open_insn(insn)->vaddr;
}

FAKE_API size_t qemu_plugin_insn_size(const struct qp_insn *insn)
{
    return sizeof(fake_open_insn(insn)->bytes);
}

FAKE_API const char *qemu_plugin_insn_symbol(const struct qp_insn *insn)
{
    fake_open_insn(insn);
    return NULL;
}

FAKE_API char *qemu_plugin_insn_disas(const struct qp_insn *insn)
{
    uint32_t word;

    memcpy(&word, fake_open_insn(insn)->bytes, sizeof(word));
    return g_strdup_printf(".word 0x%08x", word);
}

FAKE_API void *qemu_plugin_insn_haddr(const struct qp_insn *insn)
{
    return fake_host_address(fake_open_insn(insn)->vaddr);
}

/* Version 2 takes one argument and returns a pointer, which is as wide as the size here. */
FAKE_API size_t qemu_plugin_insn_data(const struct qp_insn *insn, void *dest, size_t size)
{
    fake_open_insn(insn);
    if (fake_release->cur < 3) {
        return (size_t)insn->bytes;
    }
    size = MIN(size, sizeof(insn->bytes));
    memcpy(dest, insn->bytes, size);
    return size;
}

/* ---- registers ---- */
static const struct fake_vcpu *current_vcpu(const char *what)
{
    if (!fake_context.vcpu || fake_context.moment == FAKE_EXITING) {
        fake_die("%s without a current vCPU", what);
    }
    return fake_context.vcpu;
}

/* Before 11.0 the handle is the number + 1, since then number * 2 + read-only: may be NULL. */
static struct qp_register *handle_of(unsigned number)
{
    return (struct qp_register *)(uintptr_t)(fake_at_least(110) ? number << 1 : number + 1);
}

static unsigned number_of(const struct qp_register *handle)
{
    return (unsigned)(fake_at_least(110) ? (uintptr_t)handle >> 1 : (uintptr_t)handle - 1);
}

FAKE_API GArray *qemu_plugin_get_registers(void)
{
    struct {
        struct qp_reg_descriptor d;
        uint64_t more;
    } record = { .more = 1 };
    guint size = sizeof(record.d) + (fake_release->cur >= 6 ? sizeof(record.more) : 0);
    GArray *list = g_array_new(FALSE, FALSE, size);

    current_vcpu("get_registers");
    for (unsigned i = 0; fake_register_names()[i]; i++) {
        record.d = (struct qp_reg_descriptor){ handle_of(i), fake_register_names()[i], "org.fake" };
        g_array_append_vals(list, &record, 1);
    }
    return list;
}

/* Before 6 an int that is the size or negative; then a bool, of which only the low byte counts. */
static int read_result(size_t size)
{
    if (fake_release->cur >= 6) {
        return 0x5a5a5a00 | (size > 0);
    }
    return size ? (int)size : -1;
}

FAKE_API int qemu_plugin_read_register(struct qp_register *handle, GByteArray *bytes)
{
    static const uint8_t stale[8] = { 0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0xde, 0xad };
    const struct fake_vcpu *vcpu = current_vcpu("read_register");
    unsigned number = number_of(handle);

    if (number >= g_strv_length((char **)fake_register_names())) {
        fake_die("read_register of handle %p, which get_registers did not give", (void *)handle);
    }
    if (!fake_context.registers && !fake_machine.lenient) {
        fake_die("read_register in a callback without rights to registers");
    }
    if (!fake_context.registers && fake_at_least(101)) {
        return read_result(0);
    }
    g_byte_array_append(bytes, fake_context.registers ? (const uint8_t *)&vcpu->registers[number]
                                                      : stale,
                        (guint)fake_register_size(number));
    return read_result(fake_register_size(number));
}

FAKE_API void qemu_plugin_set_pc(uint64_t vaddr)
{
    (void)vaddr;
    fake_die("set_pc: osinstr must not change the guest");
}

/* ---- memory ---- */
FAKE_API bool qemu_plugin_read_memory_vaddr(uint64_t vaddr, GByteArray *bytes, size_t size)
{
    const struct fake_vcpu *vcpu = current_vcpu("read_memory_vaddr");

    g_byte_array_set_size(bytes, (guint)size);
    return fake_read_as(vcpu, vaddr, bytes->data, size);
}

FAKE_API int qemu_plugin_read_memory_hwaddr(uint64_t address, GByteArray *bytes, size_t size)
{
    (void)address, (void)bytes, (void)size;
    return 1; /* nothing there */
}

FAKE_API bool qemu_plugin_translate_vaddr(uint64_t vaddr, uint64_t *to)
{
    *to = vaddr;
    return true;
}

/* ---- accesses ---- */
FAKE_API unsigned qemu_plugin_mem_size_shift(uint32_t access)
{
    return access & 0xf;
}

FAKE_API bool qemu_plugin_mem_is_store(uint32_t access)
{
    return access & ACCESS_STORE;
}

/* The fake MMU: devices have no kernel half, memory loses its upper half. */
FAKE_API void *qemu_plugin_get_hwaddr(uint32_t access, uint64_t vaddr)
{
    if (fake_context.moment != FAKE_ACCESSING || access != fake_context.access ||
        vaddr != fake_context.access_vaddr) {
        fake_die("get_hwaddr outside of the callback of that access");
    }
    return fake_machine.user ? NULL : &fake_context;
}

FAKE_API bool qemu_plugin_hwaddr_is_io(const void *hwaddr)
{
    return hwaddr && (fake_context.access & ACCESS_IO);
}

FAKE_API uint64_t qemu_plugin_hwaddr_phys_addr(const void *hwaddr)
{
    return hwaddr ? fake_context.access_vaddr & 0xffffffff : 0;
}

FAKE_API const char *qemu_plugin_hwaddr_device_name(const void *hwaddr)
{
    if (!qemu_plugin_hwaddr_is_io(hwaddr)) {
        return NULL;
    }
    return fake_context.access_device ? fake_context.access_device : "fake-device";
}

FAKE_API struct qp_mem_value qemu_plugin_mem_get_value(uint32_t access)
{
    if (fake_context.moment != FAKE_ACCESSING || access != fake_context.access) {
        fake_die("mem_get_value outside of the callback of that access");
    }
    return (struct qp_mem_value){ .type = (int)qemu_plugin_mem_size_shift(access),
                                  .data.u64 = fake_context.access_data };
}

/* ---- the rest ---- */
FAKE_API int qemu_plugin_num_vcpus(void)
{
    return (int)atomic_load(&fake_n_vcpus);
}

FAKE_API void qemu_plugin_outs(const char *text)
{
    (void)text; /* QEMU shows it with -d plugin only */
}
