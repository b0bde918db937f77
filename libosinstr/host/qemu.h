/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the two halves of the QEMU host: functions found by name. */
#ifndef OSINSTR_HOST_QEMU_H
#define OSINSTR_HOST_QEMU_H

#include "host/qemu-abi.h"

/* Filled once, before any other thread can exist; read-only after. */
struct qp_functions {
#define QP_MEMBER(name, ret, params, needed) ret(*name) params;
    QP_FUNCTIONS(QP_MEMBER)
#undef QP_MEMBER
    void *insn_data; /* of either type */
};

const struct qp_functions *osi_qemu_functions(void);

/* insn_data copies the bytes (from version 3 on) instead of returning a pointer. Set at install; all
 * plugins of a process see the same host. */
extern bool osi_qemu_copies_insn_data;

/* Name of a needed function that the host lacks, or NULL. */
const char *osi_qemu_missing(void);

/* "11.1" out of the host's own text; false if the host doesn't tell. */
bool osi_qemu_release(int *major, int *minor);

#endif
