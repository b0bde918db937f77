/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest whose call tree is known: calls of every kind, exceptions, tasks, interrupts.
 * tests/truth/compare-calls.py says what must come of it.
 *
 * With 1 in the word at SWITCH a timer interrupts it all the time; nothing else becomes different. */
#include "guest.h"

#define SWITCH 0x43f00000ul
#define ROUNDS 400
/* Ticks of the counter, 16 ns each; not always as many, so that interrupts come everywhere. */
#define PERIOD (300 + timer_interrupts * 37 % 256)
#define SGI_FIRST 1
#define SGI_SECOND 2
#define KNOWN __attribute__((noipa, noinline, noclone))
/* Keeps a call from becoming a jump: something is left to do. */
#define END __asm__ volatile("" ::: "memory")

struct task {
    uint64_t sp;
};

void leaf5(void);
void leaf12(void);
void tail_first(void);
void tail_self(uint64_t rounds);
void ping(uint64_t rounds);
void falls(void);
uint64_t set_jump(uint64_t *jump) __attribute__((returns_twice));
void jump_back(uint64_t *jump) __attribute__((noreturn));
void return_back(uint64_t *jump) __attribute__((noreturn));
void make_syscall(void);
void make_fault(void);
void switch_to(struct task *prev, struct task *next);
void on_exception(uint64_t *back);
void on_irq(void);
void irq_handler(void);

extern char call_vectors[];
struct task task_a, task_b;
static uint64_t stack_b[1024];
static uint64_t jump[13];
static volatile uint64_t timer_interrupts, sgi_first, sgi_second;
static int with_timer;

void irq_handler(void) /* start.S's vectors are not used for long */
{
}

/* ---- calls ---- */
KNOWN void recurse(unsigned n)
{
    if (n) {
        recurse(n - 1);
    } else {
        leaf5();
    }
    END;
}

KNOWN void odd(unsigned n);
KNOWN void even(unsigned n)
{
    if (n) {
        odd(n - 1);
    }
    leaf5();
    END;
}

KNOWN void odd(unsigned n)
{
    if (n) {
        even(n - 1);
    }
    END;
}

KNOWN void by_pointer(unsigned i)
{
    static void (*const volatile table[])(void) = { leaf5, leaf12, tail_first };

    table[i % 3]();
    END;
}

KNOWN void jumps(void)
{
    tail_first();
    tail_self(10);
    ping(7);
    falls();
    END;
}

/* ---- longjmp ---- */
KNOWN void third(int by_return)
{
    leaf5();
    if (by_return) {
        return_back(jump);
    }
    jump_back(jump);
}

KNOWN void second(int by_return)
{
    third(by_return);
    END;
}

KNOWN void first(int by_return)
{
    second(by_return);
    END;
}

KNOWN void catches(int by_return)
{
    if (set_jump(jump) == 0) {
        first(by_return);
    }
    leaf12();
    END;
}

/* ---- exceptions ---- */
KNOWN void serve(void)
{
    leaf5();
    leaf12();
    END;
}

KNOWN void fix(uint64_t *back)
{
    leaf12();
    *back += 4;
}

KNOWN void on_exception(uint64_t *back)
{
    uint64_t syndrome;

    __asm__ volatile("mrs %0, esr_el1" : "=r"(syndrome));
    if (syndrome >> 26 == 0x15) {
        serve();
    } else {
        fix(back);
    }
    END;
}

KNOWN void exceptions(void)
{
    make_syscall();
    make_fault();
    leaf5();
    END;
}

/* ---- interrupts ---- */
KNOWN uint32_t acknowledge(void)
{
    return read32(GICC + 0xc);
}

KNOWN void finished(uint32_t irq)
{
    write32(GICC + 0x10, irq);
}

KNOWN void send(unsigned sgi)
{
    write32(GICD + 0xf00, 1u << 16 | sgi);
    __asm__ volatile("dsb sy; isb" ::: "memory");
}

KNOWN void tick(void)
{
    leaf5();
    timer_interrupts++;
    timer_at(counter() + PERIOD);
}

/* The second comes in the midst of the first, which serves a system call, too. */
KNOWN void handle_first(void)
{
    make_syscall();
    send(SGI_SECOND);
    __asm__ volatile("msr daifclr, #2; isb; nop; msr daifset, #2" ::: "memory");
    leaf12();
    sgi_first++;
}

KNOWN void handle_second(void)
{
    leaf5();
    sgi_second++;
}

KNOWN void on_irq(void)
{
    uint32_t irq = acknowledge();

    finished(irq); /* now, so that others may come in between */
    if (irq == TIMER_IRQ) {
        tick();
    } else if ((irq & 0x3ff) == SGI_FIRST) {
        handle_first();
    } else if ((irq & 0x3ff) == SGI_SECOND) {
        handle_second();
    }
    END;
}

/* ---- tasks ---- */
KNOWN void relay(struct task *prev, struct task *next)
{
    switch_to(prev, next);
    leaf5();
    END;
}

KNOWN void deep_b(unsigned n)
{
    if (n) {
        deep_b(n - 1);
    } else {
        relay(&task_b, &task_a);
    }
    END;
}

KNOWN void main_b(void)
{
    for (;;) {
        deep_b(3);
        leaf12();
    }
}

static void start_b(void)
{
    uint64_t *sp = &stack_b[1024 - 12];

    sp[11] = (uint64_t)main_b; /* x30 */
    task_b.sp = (uint64_t)sp;
}

/* ---- all of it ---- */
KNOWN void round(unsigned i)
{
    recurse(5);
    even(4);
    by_pointer(i);
    jumps();
    catches(0);
    catches(1);
    exceptions();
    send(SGI_FIRST);
    relay(&task_a, &task_b);
    END;
}

KNOWN void work(void)
{
    __asm__ volatile("msr daifclr, #2" ::: "memory");
    for (unsigned i = 0; i < ROUNDS; i++) {
        round(i);
    }
    __asm__ volatile("msr daifset, #2" ::: "memory");
}

KNOWN void prepare(void)
{
    with_timer = read32(SWITCH) == 1;
    __asm__ volatile("msr daifset, #2; msr vbar_el1, %0; isb" : : "r"(call_vectors) : "memory");
    gic_start();
    write32(GICD + 0x100, 1u << TIMER_IRQ | 1u << SGI_FIRST | 1u << SGI_SECOND);
    start_b();
    if (with_timer) {
        timer_at(counter() + PERIOD);
    }
}

KNOWN void say(const char *what, uint64_t n)
{
    text(what);
    put(' ');
    number(n);
    put('\n');
}

int main(void)
{
    prepare();
    work();
    timer_off();
    say("rounds", ROUNDS);
    say("timer", timer_interrupts);
    say("first", sgi_first);
    say("second", sgi_second);
    text("done\n");
    return 0;
}
