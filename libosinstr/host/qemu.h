/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the QEMU host share: the host itself, and functions found by name. */
#ifndef OSINSTR_HOST_QEMU_H
#define OSINSTR_HOST_QEMU_H

#include "host/host.h"
#include "host/qemu-abi.h"

/* Filled once, before any other thread can exist; read-only after. */
struct qp_functions {
#define QP_MEMBER(name, ret, params, needed) ret(*name) params;
    QP_FUNCTIONS(QP_MEMBER)
#undef QP_MEMBER
    void *insn_data; /* of either type */
};

struct osi_host_register {
    struct qp_register *handle;
};

struct osi_host {
    qp_id id;
    const struct qp_functions *qp;
    struct osi_host_facts facts;
    struct osi_host_client client;
    void *data;
    void (*stopped)(void *data);
    void *stopped_data;
    /* Register handles are the same for all vCPUs of a machine: learned from the first. */
    GHashTable *registers; /* name -> struct osi_host_register */
    GMutex registers_lock;
};

const struct qp_functions *osi_qemu_functions(void);

/* qemu-guest.c: the list of registers, once, when the first vCPU starts. */
void osi_qemu_learn_registers(struct osi_host *host);

/* insn_data copies the bytes (from version 3 on) instead of returning a pointer. Set at install; all
 * plugins of a process see the same host. */
extern bool osi_qemu_copies_insn_data;

/* Name of a needed function that the host lacks, or NULL. */
const char *osi_qemu_missing(void);

/* "11.1" out of the host's own text; false if the host doesn't tell. */
bool osi_qemu_release(int *major, int *minor);

#endif
