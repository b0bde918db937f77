/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x86-64 decoder, against instructions that an assembler encoded (as 2.40); what that does not
 * encode is told in words. arch-sweep-x86.c compares the same decoder with a disassembler at large.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "osinstr/arch.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NONE OSI_NO_REG
#define NOWHERE INT64_MIN /* no branch target */

struct encoding {
    const char *text, *bytes;
    size_t size;
    enum osi_insn_kind kind;
    uint8_t reg;
    uint16_t imm;
    int64_t displacement;
};

#define ROW(text, bytes, kind, reg, imm, displacement) \
    { text, bytes, sizeof(bytes) - 1, OSI_INSN_##kind, reg, imm, displacement }
#define BYTES(text, bytes) ROW(text, bytes, OTHER, NONE, 0, NOWHERE)

static const struct encoding encodings[] = {
    ROW("call .", "\xe8\xfb\xff\xff\xff", CALL, NONE, 0, 0),
    ROW("call .+5", "\xe8\x00\x00\x00\x00", CALL, NONE, 0, 5),
    ROW("call .+0x12345678", "\xe8\x73\x56\x34\x12", CALL, NONE, 0, 0x12345678),
    ROW("call .-0x7ffffffb", "\xe8\x00\x00\x00\x80", CALL, NONE, 0, -0x7ffffffb),
    ROW("bnd call .+0x100", "\xf2\xe8\xfa\x00\x00\x00", CALL, NONE, 0, 0x100),
    ROW("data16 call, as Intel", "\x66\xe8\x00\x01\x00\x00", CALL, NONE, 0, 0x106),
    ROW("data16 call, as AMD", "\x66\xe8\xfc\xff", CALL, NONE, 0, 0),
    ROW("addr32 call", "\x67\xe8\x00\x01\x00\x00", CALL, NONE, 0, 0x106),
    ROW("rex.W call", "\x48\xe8\x00\x01\x00\x00", CALL, NONE, 0, 0x106),
    ROW("call in 16-bit code", "\xe8\x10\x00", CALL, NONE, 0, 0x13),
    ROW("call *%rax", "\xff\xd0", CALL_INDIRECT, 0, 0, NOWHERE),
    ROW("call *%rdi", "\xff\xd7", CALL_INDIRECT, 7, 0, NOWHERE),
    ROW("call *%r8", "\x41\xff\xd0", CALL_INDIRECT, 8, 0, NOWHERE),
    ROW("call *%r15", "\x41\xff\xd7", CALL_INDIRECT, 15, 0, NOWHERE),
    ROW("notrack call *%r11", "\x3e\x41\xff\xd3", CALL_INDIRECT, 11, 0, NOWHERE),
    ROW("call *%rbx: REX before a prefix is void", "\x41\x3e\xff\xd3",
        CALL_INDIRECT, 3, 0, NOWHERE),
    ROW("rex.W call *%rbx", "\x48\xff\xd3", CALL_INDIRECT, 3, 0, NOWHERE),
    ROW("call *(%rax)", "\xff\x10", CALL_INDIRECT, NONE, 0, NOWHERE),
    ROW("call *0x1234(%rip)", "\xff\x15\x34\x12\x00\x00", CALL_INDIRECT, NONE, 0, NOWHERE),
    ROW("call *%gs:0x10(,%r12,8)", "\x65\x42\xff\x14\xe5\x10\x00\x00\x00",
        CALL_INDIRECT, NONE, 0, NOWHERE),
    ROW("lcall *(%rax)", "\xff\x18", CALL_INDIRECT, NONE, 0, NOWHERE),
    ROW("rex.W lcall *(%r8)", "\x49\xff\x18", CALL_INDIRECT, NONE, 0, NOWHERE),
    ROW("lcall $0x10, $0x12345678 in 32-bit code", "\x9a\x78\x56\x34\x12\x10\x00",
        CALL_INDIRECT, NONE, 0, NOWHERE),
    ROW("ret", "\xc3", RETURN, NONE, 0, NOWHERE),
    ROW("rep ret", "\xf3\xc3", RETURN, NONE, 0, NOWHERE),
    ROW("bnd ret", "\xf2\xc3", RETURN, NONE, 0, NOWHERE),
    ROW("ret $0x1234", "\xc2\x34\x12", RETURN, NONE, 0, NOWHERE),
    ROW("lret", "\xcb", RETURN, NONE, 0, NOWHERE),
    ROW("lretq", "\x48\xcb", RETURN, NONE, 0, NOWHERE),
    ROW("lret $8", "\xca\x08\x00", RETURN, NONE, 0, NOWHERE),
    ROW("jmp .", "\xeb\xfe", JUMP, NONE, 0, 0),
    ROW("jmp .+0x81", "\xeb\x7f", JUMP, NONE, 0, 0x81),
    ROW("jmp .-0x7e", "\xeb\x80", JUMP, NONE, 0, -0x7e),
    ROW("{disp32} jmp .+0x7ffffffe", "\xe9\xf9\xff\xff\x7f", JUMP, NONE, 0, 0x7ffffffe),
    ROW("jmp .-0x7ffffffb", "\xe9\x00\x00\x00\x80", JUMP, NONE, 0, -0x7ffffffb),
    ROW("jmp . in 16-bit code", "\xe9\xfd\xff", JUMP, NONE, 0, 0),
    ROW("bnd jmp .+0x1000", "\xf2\xe9\xfa\x0f\x00\x00", JUMP, NONE, 0, 0x1000),
    ROW("jmp *%rdx", "\xff\xe2", JUMP_INDIRECT, 2, 0, NOWHERE),
    ROW("jmp *%r9", "\x41\xff\xe1", JUMP_INDIRECT, 9, 0, NOWHERE),
    ROW("notrack jmp *%rax", "\x3e\xff\xe0", JUMP_INDIRECT, 0, 0, NOWHERE),
    ROW("jmp *0x1000(,%rax,8)", "\xff\x24\xc5\x00\x10\x00\x00", JUMP_INDIRECT, NONE, 0, NOWHERE),
    ROW("bnd jmp *0x2f(%rip)", "\xf2\xff\x25\x2f\x00\x00\x00", JUMP_INDIRECT, NONE, 0, NOWHERE),
    ROW("ljmp *(%rbx)", "\xff\x2b", JUMP_INDIRECT, NONE, 0, NOWHERE),
    ROW("ljmp $0xf000, $0xe05b in 16-bit code", "\xea\x5b\xe0\x00\xf0",
        JUMP_INDIRECT, NONE, 0, NOWHERE),
    ROW("jo .+2", "\x70\x00", BRANCH, NONE, 0, 2),
    ROW("jne .-0x7e", "\x75\x80", BRANCH, NONE, 0, -0x7e),
    ROW("jg .+0x81", "\x7f\x7f", BRANCH, NONE, 0, 0x81),
    ROW("ds jb .+3", "\x3e\x72\x00", BRANCH, NONE, 0, 3),
    ROW("{disp32} je .", "\x0f\x84\xfa\xff\xff\xff", BRANCH, NONE, 0, 0),
    ROW("jno .+0x1234567", "\x0f\x81\x61\x45\x23\x01", BRANCH, NONE, 0, 0x1234567),
    ROW("jle .-0x1234567", "\x0f\x8e\x93\xba\xdc\xfe", BRANCH, NONE, 0, -0x1234567),
    ROW("data16 jne, as AMD", "\x66\x0f\x85\x00\x10", BRANCH, NONE, 0, 0x1005),
    ROW("data16 jne, as Intel", "\x66\x0f\x85\x00\x10\x00\x00", BRANCH, NONE, 0, 0x1007),
    ROW("loopne .", "\xe0\xfe", BRANCH, NONE, 0, 0),
    ROW("loope .+0x10", "\xe1\x0e", BRANCH, NONE, 0, 0x10),
    ROW("loop .-0x10", "\xe2\xee", BRANCH, NONE, 0, -0x10),
    ROW("jrcxz .+0x20", "\xe3\x1e", BRANCH, NONE, 0, 0x20),
    ROW("jecxz .+0x20", "\x67\xe3\x1d", BRANCH, NONE, 0, 0x20),
    ROW("xbegin .+0x100", "\xc7\xf8\xfa\x00\x00\x00", BRANCH, NONE, 0, 0x100),
    ROW("syscall", "\x0f\x05", SYSCALL, NONE, 0, NOWHERE),
    ROW("sysenter", "\x0f\x34", SYSCALL, NONE, 0, NOWHERE),
    ROW("int $0x80", "\xcd\x80", SYSCALL, NONE, 0x80, NOWHERE),
    ROW("vmcall", "\x0f\x01\xc1", HYPERCALL, NONE, 0, NOWHERE),
    ROW("vmmcall", "\x0f\x01\xd9", HYPERCALL, NONE, 0, NOWHERE),
    ROW("iretq", "\x48\xcf", EXCEPTION_RETURN, NONE, 0, NOWHERE),
    ROW("iretl", "\xcf", EXCEPTION_RETURN, NONE, 0, NOWHERE),
    ROW("sysretq", "\x48\x0f\x07", EXCEPTION_RETURN, NONE, 0, NOWHERE),
    ROW("sysretl", "\x0f\x07", EXCEPTION_RETURN, NONE, 0, NOWHERE),
    ROW("sysexitq", "\x48\x0f\x35", EXCEPTION_RETURN, NONE, 0, NOWHERE),
    ROW("rsm", "\x0f\xaa", EXCEPTION_RETURN, NONE, 0, NOWHERE),
    ROW("uiret", "\xf3\x0f\x01\xec", EXCEPTION_RETURN, NONE, 0, NOWHERE),
    ROW("vmlaunch", "\x0f\x01\xc2", EXCEPTION_RETURN, NONE, 0, NOWHERE),
    ROW("vmresume", "\x0f\x01\xc3", EXCEPTION_RETURN, NONE, 0, NOWHERE),
    ROW("vmrun %rax", "\x0f\x01\xd8", EXCEPTION_RETURN, NONE, 0, NOWHERE),
    ROW("int3", "\xcc", TRAP, NONE, 0, NOWHERE),
    ROW("int1", "\xf1", TRAP, NONE, 0, NOWHERE),
    ROW("int $3", "\xcd\x03", TRAP, NONE, 3, NOWHERE),
    ROW("int $0xff", "\xcd\xff", TRAP, NONE, 0xff, NOWHERE),
    ROW("ud2", "\x0f\x0b", TRAP, NONE, 0, NOWHERE),
    ROW("ud1 (%rax), %rcx", "\x48\x0f\xb9\x08", TRAP, NONE, 0, NOWHERE),
    ROW("ud0 %eax, %ecx", "\x0f\xff\xc8", TRAP, NONE, 0, NOWHERE),
    ROW("into in 32-bit code", "\xce", TRAP, NONE, 0, NOWHERE),
    ROW("hlt", "\xf4", WAIT_INTERRUPT, NONE, 0, NOWHERE),
    ROW("mwait", "\x0f\x01\xc9", WAIT_INTERRUPT, NONE, 0, NOWHERE),
    ROW("mwaitx", "\x0f\x01\xfb", WAIT_INTERRUPT, NONE, 0, NOWHERE),
};

/* Many have an opcode of interest among their operands. */
static const struct encoding others[] = {
    BYTES("nop", "\x90"),
    BYTES("pause", "\xf3\x90"),
    BYTES("endbr64", "\xf3\x0f\x1e\xfa"),
    BYTES("nopw 0xc3(%rax,%rax,1)", "\x66\x0f\x1f\x84\x00\xc3\x00\x00\x00"),
    BYTES("mov $0xc3, %al", "\xb0\xc3"),
    BYTES("mov $0xe8, %ah", "\xb4\xe8"),
    BYTES("mov $0xc3c3c3c3, %eax", "\xb8\xc3\xc3\xc3\xc3"),
    BYTES("movabs $0xe8e8e8e8e8e8e8e8, %rax", "\x48\xb8\xe8\xe8\xe8\xe8\xe8\xe8\xe8\xe8"),
    BYTES("push $0xcc", "\x68\xcc\x00\x00\x00"),
    BYTES("add $0xf4, %al", "\x04\xf4"),
    BYTES("lea 0xc3(%rax), %rbx", "\x48\x8d\x98\xc3\x00\x00\x00"),
    BYTES("lock cmpxchg %rcx, (%rdx)", "\xf0\x48\x0f\xb1\x0a"),
    BYTES("push %rax", "\x50"),
    BYTES("push (%rax)", "\xff\x30"),
    BYTES("push 0x10(%rip)", "\xff\x35\x10\x00\x00\x00"),
    BYTES("inc %eax", "\xff\xc0"),
    BYTES("dec %eax", "\xff\xc8"),
    BYTES("incl (%rax)", "\xff\x00"),
    BYTES("far call through a register: undefined", "\xff\xdb"),
    BYTES("far jump through a register: undefined", "\xff\xeb"),
    BYTES("undefined", "\xff\xf8"),
    BYTES("mov 0x0f05, %eax", "\x8b\x04\x25\x05\x0f\x00\x00"),
    BYTES("movzbl (%rcx), %eax", "\x0f\xb6\x01"),
    BYTES("sete %al", "\x0f\x94\xc0"),
    BYTES("setg (%rax)", "\x0f\x9f\x00"),
    BYTES("cmove %rax, %rbx", "\x48\x0f\x44\xd8"),
    BYTES("cpuid", "\x0f\xa2"),
    BYTES("rdtsc", "\x0f\x31"),
    BYTES("wrmsr", "\x0f\x30"),
    BYTES("rdmsr", "\x0f\x32"),
    BYTES("swapgs", "\x0f\x01\xf8"),
    BYTES("clac", "\x0f\x01\xca"),
    BYTES("stac", "\x0f\x01\xcb"),
    BYTES("monitor", "\x0f\x01\xc8"),
    BYTES("vmsave %rax", "\x0f\x01\xdb"),
    BYTES("invlpga %rax, %ecx", "\x0f\x01\xdf"),
    BYTES("xgetbv", "\x0f\x01\xd0"),
    BYTES("lgdt (%rcx)", "\x0f\x01\x11"),
    BYTES("lidt -0x27(%rcx)", "\x0f\x01\x59\xd9"),
    BYTES("invlpg (%rax)", "\x0f\x01\x38"),
    BYTES("xend", "\x0f\x01\xd5"),
    BYTES("xabort $0xf8", "\xc6\xf8\xf8"),
    BYTES("movl $0xf8, (%rax)", "\xc7\x00\xf8\x00\x00\x00"),
    BYTES("vzeroupper", "\xc5\xf8\x77"),
    BYTES("vaddps %ymm0, %ymm1, %ymm2", "\xc5\xf4\x58\xd0"),
    BYTES("vpaddd %zmm1, %zmm2, %zmm3", "\x62\xf1\x6d\x48\xfe\xd9"),
    BYTES("vpshufb %xmm15, %xmm8, %xmm12", "\xc4\x42\x39\x00\xe7"),
    BYTES("bextr %rax, (%rcx), %rdx", "\xc4\xe2\xf8\xf7\x11"),
    BYTES("pshufb %xmm0, %xmm1", "\x66\x0f\x38\x00\xc8"),
    BYTES("palignr $0xc3, %xmm0, %xmm1", "\x66\x0f\x3a\x0f\xc8\xc3"),
    BYTES("cli", "\xfa"),
    BYTES("sti", "\xfb"),
    BYTES("out %al, $0x80", "\xe6\x80"),
    BYTES("in (%dx), %al", "\xec"),
    BYTES("movsb", "\xa4"),
    BYTES("rep movsq", "\xf3\x48\xa5"),
    BYTES("leave", "\xc9"),
    BYTES("enter $0xc3, $0", "\xc8\xc3\x00\x00"),
    BYTES("inc %eax in 32-bit code", "\x40"),
    BYTES("dec %edi in 32-bit code", "\x4f"),
    BYTES("a prefix alone", "\x66"),
    BYTES("a prefix alone", "\xf3"),
    BYTES("dec %ax in 32-bit code", "\x66\x48"),
};

static enum osi_insn_kind decode(const char *bytes, size_t size, struct osi_decoded *out)
{
    /* Exactly as long as the instruction, so that a checker sees a look beyond; what a decoder
     * forgets to set shows. */
    uint8_t *copy = malloc(size ? size : 1);

    memcpy(copy, bytes, size);
    memset(out, 0xa5, sizeof(*out));
    enum osi_insn_kind kind = osi_arch_find("x86_64")->decode(copy, size, out);
    free(copy);
    return kind;
}

static void check_row(const struct encoding *want)
{
    bool has_target = want->displacement != NOWHERE;
    struct osi_decoded got;

    ck_assert_msg(decode(want->bytes, want->size, &got) == want->kind, "%s is %s", want->text,
                  osi_insn_kind_name(got.kind));
    ck_assert_int_eq(got.kind, want->kind);
    ck_assert_uint_eq(got.reg, want->reg);
    ck_assert_uint_eq(got.imm, want->imm);
    ck_assert(got.has_target == has_target);
    ck_assert_int_eq(got.displacement, has_target ? want->displacement : 0);
    ck_assert(got.conditional == (want->kind == OSI_INSN_BRANCH));
}

START_TEST(test_encoding)
{
    check_row(&encodings[_i]);
}
END_TEST

START_TEST(test_other)
{
    check_row(&others[_i]);
}
END_TEST

/* Any number of prefixes moves the opcode, and with it the target. */
START_TEST(test_prefixes)
{
    static const char prefixes[] = "\x66\x67\xf2\xf3\x26\x2e\x36\x3e\x64\x65\xf0\x48";

    for (size_t n = 1; n < sizeof(prefixes); n++) {
        char bytes[16];
        struct osi_decoded got;

        memcpy(bytes, prefixes + sizeof(prefixes) - 1 - n, n);
        memcpy(bytes + n, "\xeb\x10", 2);
        ck_assert_int_eq(decode(bytes, n + 2, &got), OSI_INSN_JUMP);
        ck_assert_int_eq(got.displacement, (int64_t)n + 2 + 0x10);
        ck_assert_int_eq(decode(bytes, n, &got), OSI_INSN_OTHER);
    }
}
END_TEST

/* An instruction cut short has nothing of interest that must be read beyond its end. */
START_TEST(test_cut)
{
    const struct encoding *whole = &encodings[_i];
    struct osi_decoded got;

    for (size_t size = 0; size < whole->size; size++) {
        decode(whole->bytes, size, &got);
        ck_assert(!got.has_target || got.displacement != whole->displacement);
    }
    decode(whole->bytes, 0, &got);
    ck_assert_int_eq(got.kind, OSI_INSN_OTHER);
    ck_assert_uint_eq(got.reg, NONE);
}
END_TEST

START_TEST(test_every_kind)
{
    for (int kind = OSI_INSN_CALL; kind <= OSI_INSN_WAIT_INTERRUPT; kind++) {
        bool seen = false;

        for (size_t i = 0; i < COUNT(encodings); i++)
            seen |= (int)encodings[i].kind == kind;
        ck_assert_msg(seen, "%s has no encoding", osi_insn_kind_name(kind));
    }
}
END_TEST

START_TEST(test_repeats)
{
    const struct osi_arch *arch = osi_arch_find("x86_64");

    ck_assert(arch->repeats((const uint8_t *)"\xf3\xa4", 2));         /* rep movsb */
    ck_assert(arch->repeats((const uint8_t *)"\xf3\x48\xab", 3));     /* rep stosq */
    ck_assert(arch->repeats((const uint8_t *)"\x66\xf2\xaf", 3));     /* repne scasw */
    ck_assert(arch->repeats((const uint8_t *)"\xf3\x6c", 2));         /* rep insb */
    ck_assert(!arch->repeats((const uint8_t *)"\xa4", 1));            /* movsb */
    ck_assert(!arch->repeats((const uint8_t *)"\xf3\x90", 2));        /* pause */
    ck_assert(!arch->repeats((const uint8_t *)"\xf3\xa8\x01", 3));    /* test */
    ck_assert(!arch->repeats((const uint8_t *)"\xf3\xc3", 2));        /* rep ret */
    ck_assert(!arch->repeats((const uint8_t *)"\xf3\x0f\x6f\xc1", 4)); /* movdqu */
    ck_assert(!arch->repeats((const uint8_t *)"\xf3", 1));
}
END_TEST

START_TEST(test_remaps)
{
    static const struct {
        const char *bytes;
        size_t size;
        enum osi_remap remap;
    } insns[] = {
        { "\x0f\x22\xd8", 3, OSI_REMAP_OWN },          /* mov cr3, rax */
        { "\x41\x0f\x22\xc0", 4, OSI_REMAP_OWN },      /* mov cr0, r8 */
        { "\x0f\x01\x38", 3, OSI_REMAP_OWN },          /* invlpg [rax] */
        { "\x66\x0f\x38\x82\x08", 5, OSI_REMAP_OWN },  /* invpcid rcx, [rax] */
        { "\x0f\xaa", 2, OSI_REMAP_OWN },              /* rsm */
        { "\xee", 1, OSI_REMAP_FLUSH },                /* out dx, al */
        { "\xe6\xb2", 2, OSI_REMAP_FLUSH },            /* out 0xb2, al */
        { "\xf3\x6e", 2, OSI_REMAP_FLUSH },            /* rep outsb */
        { "\x0f\x01\xd8", 3, OSI_REMAP_UNKNOWN },      /* vmrun */
        { "\x0f\x01\xf8", 3, OSI_REMAP_NONE },         /* swapgs */
        { "\x0f\x01\x10", 3, OSI_REMAP_NONE },         /* lgdt [rax] */
        { "\x0f\x20\xd8", 3, OSI_REMAP_NONE },         /* mov rax, cr3 */
        { "\x0f\x30", 2, OSI_REMAP_NONE },             /* wrmsr */
        { "\xec", 1, OSI_REMAP_NONE },                 /* in al, dx */
        { "\x0f\x38\x00\xc0", 4, OSI_REMAP_NONE },     /* pshufb */
        { "\x48\x8b\x00", 3, OSI_REMAP_NONE },         /* mov rax, [rax] */
        { "\x0f", 1, OSI_REMAP_NONE },
        { "\x0f\x01", 2, OSI_REMAP_NONE },
        { "\x48", 1, OSI_REMAP_NONE },
    };

    for (size_t i = 0; i < COUNT(insns); i++) {
        ck_assert_msg(osi_arch_find("x86_64")->remaps((const uint8_t *)insns[i].bytes, insns[i].size) ==
                          insns[i].remap, "number %zu", i);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arch-x86");
    TCase *tcase = tcase_create("decoding");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(tcase, test_encoding, 0, COUNT(encodings));
    tcase_add_loop_test(tcase, test_other, 0, COUNT(others));
    tcase_add_test(tcase, test_prefixes);
    tcase_add_loop_test(tcase, test_cut, 0, COUNT(encodings));
    tcase_add_test(tcase, test_every_kind);
    tcase_add_test(tcase, test_repeats);
    tcase_add_test(tcase, test_remaps);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
