/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guests flow-* have in common, and what each ISA's file gives. */
#ifndef FLOW_H
#define FLOW_H

#include <stdint.h>

/* In flow-ISA.S */
void refused(void); /* executes what the processor refuses; the handler returns behind it */
void asked(void);   /* the same with an instruction that is made for this */
void called(void);  /* a system call that is no exception, if the ISA has one */
void filled(void *to, int byte, uint64_t n);

/* In flow-ISA.c */
void prepare(void);
void timer_start(void); /* one interrupt, soon */
void end(int failed) __attribute__((noreturn));

/* In flow.c, called by handlers */
void handle_refused(void);
void handle_asked(void);
void handle_call(void);
void handle_tick(void);
int main(void);

#endif
