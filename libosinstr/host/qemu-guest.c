/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host seam on QEMU: the guest's registers, its memory and its accesses. */
#include <errno.h>
#include <string.h>

#include "host/qemu.h"

#define QP osi_qemu_functions()

/* ---- registers and memory ---- */
void osi_qemu_learn_registers(struct osi_host *host)
{
    GArray *list;
    guint stride;

    g_mutex_lock(&host->registers_lock);
    if (g_hash_table_size(host->registers) == 0) {
        list = host->qp->get_registers();
        stride = g_array_get_element_size(list);
        for (guint i = 0; i < list->len; i++) {
            const struct qp_reg_descriptor *d = (const void *)(list->data + (size_t)i * stride);
            struct osi_host_register *reg = g_new0(struct osi_host_register, 1);

            reg->handle = d->handle;
            g_hash_table_insert(host->registers, g_strdup(d->name), reg);
        }
        g_array_free(list, TRUE);
    }
    g_mutex_unlock(&host->registers_lock);
}

const struct osi_host_register *osi_host_find_register(struct osi_host *host, unsigned vcpu,
                                                       const char *name)
{
    (void)vcpu;
    /* No lock: the table is complete before the first vCPU's start is reported. */
    return g_hash_table_lookup(host->registers, name);
}

static GByteArray *scratch(void)
{
    static __thread GByteArray *bytes;

    if (!bytes) {
        bytes = g_byte_array_sized_new(4096);
    }
    g_byte_array_set_size(bytes, 0);
    return bytes;
}

int osi_host_read_register(const struct osi_host_register *reg, uint64_t *value)
{
    GByteArray *bytes = scratch();

    if (!reg) {
        return -ENOENT;
    }
    /* The return type differs by version; what was appended tells the truth. */
    QP->read_register(reg->handle, bytes);
    if (bytes->len == 0) {
        return -EIO;
    }
    *value = 0;
    memcpy(value, bytes->data, MIN(bytes->len, sizeof(*value)));
    return 0;
}

int osi_host_register(struct osi_host *host, unsigned vcpu, const char *name, uint64_t *value)
{
    const struct osi_host_register *reg = osi_host_find_register(host, vcpu, name);

    return osi_host_read_register(reg, value);
}

int osi_host_read_memory(struct osi_host *host, uint64_t vaddr, void *to, size_t size)
{
    GByteArray *bytes = scratch();

    if (!host->qp->read_memory_vaddr) {
        return -ENOSYS;
    }
    if (!host->qp->read_memory_vaddr(vaddr, bytes, size) || bytes->len < size) {
        return -EFAULT;
    }
    memcpy(to, bytes->data, size);
    return 0;
}

unsigned osi_host_access_size(uint32_t access)
{
    return 1u << QP->mem_size_shift(access);
}

bool osi_host_access_is_store(uint32_t access)
{
    return QP->mem_is_store(access);
}

bool osi_host_access_phys(uint32_t access, uint64_t vaddr, uint64_t *phys, bool *is_io)
{
    const void *hwaddr = QP->get_hwaddr(access, vaddr);

    if (!hwaddr) {
        return false;
    }
    *phys = QP->hwaddr_phys_addr(hwaddr);
    *is_io = QP->hwaddr_is_io(hwaddr);
    return true;
}

const char *osi_host_access_device(uint32_t access, uint64_t vaddr, uint64_t *phys)
{
    const void *hwaddr = QP->hwaddr_device_name ? QP->get_hwaddr(access, vaddr) : NULL;

    if (!hwaddr || !QP->hwaddr_is_io(hwaddr)) {
        return NULL;
    }
    *phys = QP->hwaddr_phys_addr(hwaddr);
    return QP->hwaddr_device_name(hwaddr);
}

int osi_host_access_value(uint32_t access, uint64_t *value)
{
    struct qp_mem_value seen;

    if (!QP->mem_get_value) {
        return -ENOSYS;
    }
    seen = QP->mem_get_value(access);
    switch (seen.type) {
    case 0:  *value = seen.data.u8; break;
    case 1:  *value = seen.data.u16; break;
    case 2:  *value = seen.data.u32; break;
    case 3:  *value = seen.data.u64; break;
    default: *value = seen.data.u128[0]; break;
    }
    return 0;
}
