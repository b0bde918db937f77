/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fake guest without an operating system. */
#include "fakehost/bare.h"

#include <check.h>
#include <glib.h>

#include "fakehost/spawn.h"
#include "host/qemu-abi.h"

#define WORK (BARE_CODE + 0x100000u)
#define RETURN (BARE_CODE + 0x10000u)
#define ACKNOWLEDGE (BARE_CODE + 0x11000u)
#define END (BARE_CODE + 0x12000u)
#define SET_VECTORS (BARE_CODE + 0x13000u)
#define FIRST_UNMASK (BARE_CODE + 0x14000u)

static uint64_t bases[FAKE_MAX_VCPUS];

/* ---- code ---- */
void bare_run_with(unsigned vcpu, uint64_t address, const int *words, size_t n,
                   struct fake_effect effect)
{
    if (!fake_is_block(address)) {
        fake_code(address, (const uint32_t *)words, n);
    }
    fake_exec_with(vcpu, address, &effect, 1);
}

void bare_run(unsigned vcpu, uint64_t address, const int *words, size_t n)
{
    bare_run_with(vcpu, address, words, n, (struct fake_effect){ .insn = UINT32_MAX });
}

void bare_work(unsigned vcpu, unsigned n)
{
    int words[FAKE_MAX_BLOCK];

    for (unsigned i = 0; i < n; i++) {
        words[i] = NOP;
    }
    bare_run(vcpu, WORK + n * FAKE_PAGE, words, n);
}

/* ---- exceptions ---- */
void bare_vectors(unsigned vcpu, uint64_t base)
{
    bases[vcpu] = base;
    fake_set_register(vcpu, "x1", base);
    RUN(vcpu, SET_VECTORS, MSR_VBAR_X1, RET);
    fake_set_register(vcpu, "VBAR", base);
}

void bare_boot(unsigned vcpu)
{
    fake_set_register(vcpu, "cpsr", BARE_KERNEL | BARE_MASKED);
    bare_vectors(vcpu, BARE_VECTORS);
    RUN(vcpu, FIRST_UNMASK, UNMASK, RET);
    fake_set_register(vcpu, "cpsr", BARE_KERNEL);
}

void bare_take(unsigned vcpu, unsigned entry, uint64_t pc, uint64_t saved)
{
    uint64_t to = bases[vcpu] + entry;

    fake_set_level(vcpu, 1);
    fake_set_register(vcpu, "ELR_EL1", pc);
    fake_set_register(vcpu, "SPSR_EL1", saved);
    fake_set_register(vcpu, "cpsr", 0x3c5);
    fake_discontinuity(vcpu, entry & 0x180 ? QP_DISCON_INTERRUPT : QP_DISCON_EXCEPTION, pc, to);
    RUN(vcpu, to, NOP, RET);
}

void bare_return(unsigned vcpu)
{
    RUN(vcpu, RETURN, NOP, ERET);
    fake_set_register(vcpu, "cpsr", fake_register(vcpu, "SPSR_EL1"));
}

void bare_return_to(unsigned vcpu, uint64_t pc, uint64_t saved)
{
    fake_set_register(vcpu, "ELR_EL1", pc);
    fake_set_register(vcpu, "SPSR_EL1", saved);
    bare_return(vcpu);
}

/* ---- interrupts ---- */
void bare_acknowledge(unsigned vcpu, uint32_t number)
{
    struct fake_effect answer = { .insn = 0, .kind = FAKE_SET, .name = "x0", .value = number };

    RUN_WITH(answer, vcpu, ACKNOWLEDGE, MRS_X0_IAR1, NOP, RET);
}

void bare_end(unsigned vcpu, uint32_t number)
{
    fake_set_register(vcpu, "x0", number);
    RUN(vcpu, END, MSR_EOIR1_X0, RET);
}

void bare_interrupt(unsigned vcpu, uint64_t pc, uint64_t saved, uint32_t number)
{
    bare_take(vcpu, saved & 0xf ? BARE_IRQ : BARE_USER_IRQ, pc, saved);
    bare_acknowledge(vcpu, number);
    bare_end(vcpu, number);
    bare_return(vcpu);
}

/* ---- the test's side ---- */
const char *const bare_hosts[] = { "-release 9.2", "-release 10.0", "-release 10.2",
                                   "-release 11.0", "-release 11.1", NULL };

char *bare_spawn(const char *scenario, const char *host, const char *options)
{
    struct fake_result r = fake_spawn(scenario, "%s -plugin %s,quiet=on,out=%s%s", host,
                                      fake_plugin("irq-latency"), fake_path("out"), options);

    ck_assert_msg(r.status == 0, "%s: status %d: %.1500s", scenario, r.status, r.errors);
    g_free(r.output);
    return r.errors;
}

void bare_check_with(const char *scenario, const char *options, const char *expected)
{
    for (size_t i = 0; bare_hosts[i]; i++) {
        char *text;

        g_free(bare_spawn(scenario, bare_hosts[i], options));
        text = fake_trace_text(fake_path("out"));
        ck_assert_msg(strcmp(text, expected) == 0, "%s: %s:\n%s", scenario, bare_hosts[i], text);
        g_free(text);
    }
}

void bare_check(const char *scenario, const char *expected)
{
    bare_check_with(scenario, ",clock=insn", expected);
}

static void strip(char *text)
{
    char *to = text;

    for (; *text; text++) {
        if (*text != ' ') {
            *to++ = *text;
        }
    }
    *to = '\0';
}

void bare_check_summary(const char *scenario, const char *options, const char *lines)
{
    char *wanted = g_strdup(lines);

    strip(wanted);
    for (size_t i = 0; bare_hosts[i]; i++) {
        char *text;

        g_free(bare_spawn(scenario, bare_hosts[i], options));
        text = fake_read_file(fake_path("out/summary.json"));
        strip(text);
        ck_assert_msg(strstr(text, wanted), "%s: %s:\n%s", scenario, bare_hosts[i], text);
        g_free(text);
    }
    g_free(wanted);
}
