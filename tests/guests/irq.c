/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that knows its interrupts: when it masks them and for how many instructions, when they
 * come, which they are, how they nest. It prints what is true; tests/irq/compare-bare.py says what
 * the lines mean and compares a trace with them. For GICv2 and GICv3; it looks which one there is.
 *
 * A time is a counter read and a distance: instructions from the event to the read, negative when
 * the read comes first. That is why the reads are in the assembly.
 */
#include "guest.h"

#define MAX_FACTS 16384
#define ROUNDS 6
#define EXIT_DISTANCE 6 /* irq.S */
#define DAIF_I 0x80ul
#define GICR 0x080b0000ul /* the redistributor's frame of private interrupts */
#define SGI 1
#define CNTV 27
#define CNTP 30
#define NO_INTERRUPT 1023
/* All priorities lie between the two masks, and each interrupt may preempt the one before it. */
#define PRIORITY_SGI 0xe0u
#define PRIORITY_CNTV 0xd0u
#define PRIORITY_CNTP 0xc8u
#define PMR_OPEN 0xf0ul
#define PMR_MASK 0xc0ul

register uint64_t reserved __asm__("x28"); /* irq.S has it; naming it keeps the compiler off */

struct fact {
    const char *type, *kind;
    int64_t value[9];
    unsigned n_values;
};

struct frame {
    uint64_t x[18];
    uint64_t x18, x29, x30;
    uint64_t elr, spsr;
    uint64_t entry; /* the counter that the vector read */
    uint64_t slot;
    uint64_t padding;
    int64_t *exit[2]; /* where the counter goes that is read before ERET */
};
_Static_assert(sizeof(struct frame) == 224, "as in irq.S");

/* What the handler of an interrupt does beside acknowledging and silencing it. */
enum action {
    PLAIN,
    NEST,     /* unmasks until the next interrupt was handled */
    NEST_PAST, /* the same, for a timer whose deadline passes before */
    MASK,     /* masks once more */
    SERVICE,  /* makes an exception of its own */
    SPURIOUS, /* acknowledges once more, as GICv2 drivers do */
    REFIRE,   /* leaves the timer as it is: the interrupt comes again */
    REARM,    /* sets a new deadline in the enabled timer */
    SLEEP,    /* waits for the next interrupt, masked */
    LEAVE,    /* returns with the priority mask set */
    TWO_ACKS, /* handles a second interrupt that is pending */
};

/* What the service does: the number of the svc. */
enum { RETURN, RETURN_MASKED, RETURN_UNMASKED, LET_INTERRUPT };

struct timer {
    int64_t deadline;
    uint64_t counter; /* read DISTANCE instructions before the write that started it */
    int64_t distance;
};

extern char vectors_early[], vectors_late[], exception_return[];
extern char user_mask[], user_eret[], user_back[], user_loop[];
void to_user(uint64_t *counter, const void *entry, uint64_t argument);
void exception(struct frame *frame);
void irq_handler(void);

static struct fact facts[MAX_FACTS];
static unsigned n_facts;
static const char *kind = "start";
static int gicv3;
static const char *vectors;
static volatile unsigned handled;
static unsigned depth;
static int priority_masked;
static enum action action_sgi, action_cntv, action_cntp;
static struct timer timer_v, timer_p;
static uint64_t rearm_ticks;
static uint64_t frequency, ticks_10000; /* how long 10000 instructions take */
static int64_t nowhere;

static struct section {
    int64_t counter, distance, from, idle;
} section; /* the one that lasts */

static struct fact *fact(const char *type, unsigned n_values)
{
    struct fact *f = &facts[n_facts < MAX_FACTS - 1 ? n_facts++ : n_facts];

    f->type = type;
    f->kind = kind;
    f->n_values = n_values;
    return f;
}

static void at(struct fact *f, uint64_t counter, int64_t distance)
{
    f->value[0] = (int64_t)counter;
    f->value[1] = distance;
}

static void masked(struct fact *f, int64_t begin, int64_t begin_distance, int64_t end,
                   int64_t end_distance, int64_t length, uint64_t from, uint64_t to, int64_t idle)
{
    const int64_t values[9] = { end, end_distance, begin, begin_distance, length,
                                (int64_t)from, (int64_t)to, idle };

    for (int i = 0; i < 8; i++) {
        f->value[i] = values[i];
    }
}

static void open_section(uint64_t counter, int64_t distance, uint64_t from, int64_t idle)
{
    section.counter = (int64_t)counter;
    section.distance = distance;
    section.from = (int64_t)from;
    section.idle = idle;
}

static void close_section(const struct section *s, struct fact *f, uint64_t counter,
                          int64_t distance, uint64_t to)
{
    masked(f, s->counter, s->distance, (int64_t)counter, distance, -1, (uint64_t)s->from, to,
           s->idle);
}

static uint64_t ticks_of(uint64_t instructions)
{
    return instructions * ticks_10000 / 10000 + 1;
}

/* ---- the interrupt controller ---- */

static void start_gic(void)
{
    uint64_t features, value, base;

    __asm__("mrs %0, id_aa64pfr0_el1" : "=r"(features));
    gicv3 = (features >> 24 & 15) != 0;
    base = gicv3 ? GICR : GICD;
    if (gicv3) {
        write32(GICD, 2 | 1u << 4); /* group 1, affinity routing */
        write32(GICR - 0x10000 + 0x14, 0); /* awake */
        write32(GICR + 0x80, ~0u); /* all in group 1 */
        __asm__ volatile("mrs %0, s3_0_c12_c12_5; orr %0, %0, #1; msr s3_0_c12_c12_5, %0; isb\n"
                         "msr s3_0_c4_c6_0, %1\n"
                         "msr s3_0_c12_c12_7, %2; isb"
                         : "=&r"(value) : "r"(PMR_OPEN), "r"(1ul) : "memory");
    } else {
        write32(GICD, 1);
        write32(GICC + 4, (uint32_t)PMR_OPEN);
        write32(GICC, 1);
    }
    write32(base + 0x100, 1u << SGI | 1u << CNTV | 1u << CNTP);
    write32(base + 0x400, PRIORITY_SGI << 8);
    write32(base + 0x418, PRIORITY_CNTV << 24);
    write32(base + 0x41c, PRIORITY_CNTP << 16);
}

static unsigned acknowledge(struct fact *f)
{
    uint64_t intid, counter;

    if (gicv3) {
        __asm__ volatile("mrs %0, s3_0_c12_c12_0\n mrs %1, cntvct_el0"
                         : "=r"(intid), "=r"(counter) : : "memory");
    } else {
        __asm__ volatile("ldr %w0, [%2]\n mrs %1, cntvct_el0"
                         : "=r"(intid), "=r"(counter) : "r"(GICC + 0xc) : "memory");
    }
    at(f, counter, 1);
    return (unsigned)intid;
}

static void end_of_interrupt(uint64_t intid)
{
    struct fact *f = fact("eoi", 3);
    uint64_t counter;

    if (gicv3) {
        __asm__ volatile("msr s3_0_c12_c12_1, %1\n mrs %0, cntvct_el0"
                         : "=r"(counter) : "r"(intid) : "memory");
    } else {
        __asm__ volatile("str %w1, [%2]\n mrs %0, cntvct_el0"
                         : "=&r"(counter) : "r"(intid), "r"(GICC + 0x10) : "memory");
    }
    at(f, counter, 1);
    f->value[2] = (int64_t)intid;
}

static void send_sgi(void)
{
    if (gicv3) {
        __asm__ volatile("msr s3_0_c12_c11_5, %0; isb"
                         : : "r"((uint64_t)SGI << 24 | 1) : "memory");
    } else {
        write32(GICD + 0xf00, 2u << 24 | SGI);
    }
}

/* ---- timers ---- */

static void timer_fact(struct fact *f, uint64_t counter, int64_t distance, int64_t intid,
                       int64_t deadline, int64_t control)
{
    at(f, counter, distance);
    f->value[2] = intid;
    f->value[3] = deadline;
    f->value[4] = control;
}

/* The interrupt may come right after the last write, so that the counter is stored before. */
#define DEFINE_ARM(v, INTID) \
static void arm_##v(int64_t deadline) \
{ \
    struct fact *f = fact("timer", 5), *g = fact("timer", 5); \
    uint64_t counter; \
    timer_##v.deadline = deadline; \
    timer_##v.distance = -3; \
    __asm__ volatile("mrs %0, cntvct_el0\n str %0, [%1]\n" \
                     "msr cnt" #v "_cval_el0, %2\n msr cnt" #v "_ctl_el0, %3" \
                     : "=&r"(counter) \
                     : "r"(&timer_##v.counter), "r"(deadline), "r"(1ul) : "memory"); \
    timer_fact(f, counter, -2, INTID, deadline, -1); \
    timer_fact(g, counter, -3, INTID, -1, 1); \
} \
/* by its distance from now; there is no telling which deadline that will be */ \
static void arm_value_##v(uint64_t ticks) \
{ \
    struct fact *f = fact("timer", 5), *g = fact("timer", 5); \
    uint64_t counter; \
    int64_t deadline; \
    timer_##v.distance = -3; \
    __asm__ volatile("mrs %0, cntvct_el0\n str %0, [%2]\n msr cnt" #v "_tval_el0, %3\n" \
                     "msr cnt" #v "_ctl_el0, %4\n mrs %1, cnt" #v "_cval_el0" \
                     : "=&r"(counter), "=&r"(deadline) \
                     : "r"(&timer_##v.counter), "r"(ticks), "r"(1ul) : "memory"); \
    timer_##v.deadline = deadline; \
    timer_fact(f, counter, -2, INTID, deadline, -1); \
    timer_fact(g, counter, -3, INTID, -1, 1); \
} \
static inline void deadline_##v(int64_t deadline) \
{ \
    struct fact *f = fact("timer", 5); \
    uint64_t counter; \
    timer_##v.deadline = deadline; \
    timer_##v.distance = -2; \
    __asm__ volatile("mrs %0, cntvct_el0\n str %0, [%1]\n msr cnt" #v "_cval_el0, %2" \
                     : "=&r"(counter) : "r"(&timer_##v.counter), "r"(deadline) : "memory"); \
    timer_fact(f, counter, -2, INTID, deadline, -1); \
} \
static inline void control_##v(uint64_t control) \
{ \
    struct fact *f = fact("timer", 5); \
    uint64_t counter; \
    timer_##v.distance = -2; \
    __asm__ volatile("mrs %0, cntvct_el0\n str %0, [%1]\n msr cnt" #v "_ctl_el0, %2" \
                     : "=&r"(counter) : "r"(&timer_##v.counter), "r"(control) : "memory"); \
    timer_fact(f, counter, -2, INTID, -1, (int64_t)control); \
}

DEFINE_ARM(v, CNTV)
DEFINE_ARM(p, CNTP)

static int64_t now(void)
{
    return (int64_t)counter();
}

/* ---- exceptions ---- */

/* An interrupt that waits comes within the assembly and begins the next section. */
static void unmask(void)
{
    struct fact *f = fact("masked", 8);
    const struct section ended = section;
    uint64_t counter, to;

    __asm__ volatile("mrs %0, cntvct_el0\n1: msr daifclr, #2\n adr %1, 1b"
                     : "=&r"(counter), "=&r"(to) : : "memory");
    close_section(&ended, f, counter, -1, to);
}

static void mask(void)
{
    uint64_t counter, from;

    __asm__ volatile("1: msr daifset, #2\n mrs %0, cntvct_el0\n adr %1, 1b"
                     : "=r"(counter), "=r"(from) : : "memory");
    open_section(counter, 1, from, 0);
}

static void wait_for(unsigned count)
{
    while (handled < count) {
        __asm__ volatile("nop");
    }
}

/* Interrupts are masked: one section ends at the wfi, another begins behind it. */
static void sleep(void)
{
    struct fact *f = fact("masked", 8);
    uint64_t before, after, wfi;

    __asm__ volatile("mrs %0, cntvct_el0\n1: wfi\n mrs %1, cntvct_el0\n adr %2, 1b"
                     : "=&r"(before), "=&r"(after), "=&r"(wfi) : : "memory");
    close_section(&section, f, before, -1, wfi);
    open_section(after, 0, wfi, 1);
}

static void act(enum action action)
{
    unsigned before = handled;

    switch (action) {
    case NEST_PAST:
        arm_v(now() - 1);
        /* fall through */
    case NEST:
        unmask();
        wait_for(before + 1);
        mask();
        break;
    case MASK:
        __asm__ volatile("msr daifset, #0xf; nop; msr daifclr, #0xd; nop; msr daifset, #2");
        break;
    case SERVICE:
        __asm__ volatile("svc %0" : : "i"(RETURN) : "memory");
        break;
    case SLEEP:
        sleep();
        break;
    case LEAVE:
        __asm__ volatile("msr s3_0_c4_c6_0, %0" : : "r"(PMR_MASK) : "memory");
        priority_masked = 1;
        break;
    default:
        break;
    }
}

static void one_interrupt(const struct frame *frame, int64_t distance)
{
    struct fact *f = fact("ack", 8);
    unsigned intid = acknowledge(f);
    const struct timer *timer = intid == CNTV ? &timer_v : intid == CNTP ? &timer_p : 0;
    enum action *slot = intid == CNTV ? &action_cntv : intid == CNTP ? &action_cntp : &action_sgi;
    enum action action = *slot;

    *slot = PLAIN;
    f->value[2] = intid & 0x3ff;
    f->value[3] = timer ? timer->deadline : -1;
    f->value[4] = timer ? (int64_t)timer->counter : 0;
    f->value[5] = timer ? timer->distance : 0;
    f->value[6] = (int64_t)frame->entry;
    f->value[7] = distance;
    if (action == REARM && intid == CNTV) {
        deadline_v(now() + (int64_t)rearm_ticks);
    } else if (action != REFIRE && intid == CNTV) {
        uint64_t counter = timer_v.counter; /* the control write below starts nothing */
        int64_t was = timer_v.distance;

        control_v(0);
        timer_v.counter = counter;
        timer_v.distance = was;
    } else if (action != REFIRE && intid == CNTP) {
        control_p(0);
    }
    act(action);
    end_of_interrupt(intid);
    handled++;
    if (action == SPURIOUS) {
        f = fact("ack", 8);
        f->value[2] = acknowledge(f);
        f->value[3] = -1;
    } else if (action == TWO_ACKS) {
        one_interrupt(frame, distance);
    }
}

static void interrupt(struct frame *frame, int64_t distance)
{
    struct fact *f = fact("enter", 5);

    at(f, frame->entry, distance);
    f->value[2] = depth++;
    f->value[3] = frame->slot >= 0x400;
    f->value[4] = (int64_t)frame->elr;
    one_interrupt(frame, distance);
    depth--;
    f = fact("exit", 2);
    at(f, 0, -EXIT_DISTANCE);
    frame->exit[0] = &f->value[0];
}

static void service(struct frame *frame)
{
    uint64_t syndrome;

    __asm__("mrs %0, esr_el1" : "=r"(syndrome));
    if (syndrome >> 26 != 0x15) {
        text("fault ");
        number(syndrome);
        put(' ');
        number(frame->elr);
        text("\n");
        __asm__ volatile("mov x0, %0; hvc #0" : : "r"(0x84000008ul) : "x0");
    }
    fact("exception", 0);
    if (frame->slot == 0x400) {
        frame->elr = (uint64_t)user_back;
        frame->spsr = 5; /* EL1h, nothing masked */
        return;
    }
    switch (syndrome & 0xffff) {
    case RETURN_MASKED:
        frame->spsr |= DAIF_I;
        break;
    case RETURN_UNMASKED:
        frame->spsr &= ~DAIF_I;
        break;
    case LET_INTERRUPT:
        act(NEST);
        break;
    default:
        break;
    }
}

void exception(struct frame *frame)
{
    int64_t distance = vectors == vectors_late ? 2 : 0;

    frame->exit[0] = frame->exit[1] = &nowhere;
    if (!(frame->spsr & DAIF_I) && !priority_masked) {
        open_section(frame->entry, distance, (uint64_t)vectors + frame->slot, 0);
    }
    if (frame->slot & 0x80) {
        interrupt(frame, distance);
    } else {
        service(frame);
    }
    if (!(frame->spsr & DAIF_I) && !priority_masked) {
        struct fact *f = fact("masked", 8);

        close_section(&section, f, 0, -EXIT_DISTANCE, (uint64_t)exception_return);
        frame->exit[1] = &f->value[0];
    }
}

void irq_handler(void) /* of start.S, whose vectors are not used */
{
}

/* ---- what happens ---- */

#define NOPS(n) ".rept " #n "\n nop\n .endr\n"
#define PMR "s3_0_c4_c6_0"

/* LENGTH: instructions from the one that masks to the one that unmasks */
#define SECTION(name, on, body, off, length) \
    do { \
        struct fact *f; \
        uint64_t begin, from, to, daif; \
        kind = name; \
        f = fact("masked", 8); \
        __asm__("mrs %0, daif" : "=r"(daif)); \
        __asm__ volatile("mrs %0, cntvct_el0\n1: " on "\n" body "\n2: " off \
                         "\n adr %1, 1b\n adr %2, 2b" \
                         : "=&r"(begin), "=&r"(from), "=&r"(to) \
                         : [mask] "r"(daif | DAIF_I), [open] "r"(daif & ~DAIF_I), \
                           [pmask] "r"(PMR_MASK), [popen] "r"(PMR_OPEN) \
                         : "x0", "cc", "memory"); \
        masked(f, (int64_t)begin, -1, (int64_t)begin, -1 - (length), length, from, to, 0); \
    } while (0)

#define BY_IMMEDIATE(n) SECTION("immediate", "msr daifset, #2", NOPS(n), "msr daifclr, #2", n + 1)
#define BY_ALL_BITS(n) SECTION("all-bits", "msr daifset, #0xf", NOPS(n), "msr daifclr, #0xf", n + 1)
#define BY_REGISTER(n) SECTION("register", "msr daif, %[mask]", NOPS(n), "msr daif, %[open]", n + 1)
#define BY_BOTH(n) SECTION("both", "msr daifset, #3", NOPS(n), "msr daif, %[open]", n + 1)
#define IN_LOOP(n) \
    SECTION("loop", "msr daifset, #2", "mov x0, #" #n "\n3: subs x0, x0, #1\n b.ne 3b", \
            "msr daifclr, #2", 2 * n + 2)
#define NESTED(n) \
    SECTION("nested", "msr daifset, #2", \
            NOPS(n) "msr daifset, #2\n" NOPS(n) "msr daif, %[mask]\n" NOPS(n) \
            "msr daifclr, #0xd\n msr daifset, #0xf\n" NOPS(n) "msr daifclr, #1\n" NOPS(n), \
            "msr daifclr, #2", 5 * n + 6)
#define BY_PRIORITY(n) \
    SECTION("priority", "msr " PMR ", %[pmask]", NOPS(n), "msr " PMR ", %[popen]", n + 1)
#define PRIORITY_THEN_DAIF(n) \
    SECTION("priority-daif", "msr " PMR ", %[pmask]", \
            NOPS(n) "msr daifset, #2\n" NOPS(n) "msr daifclr, #2\n" NOPS(n), \
            "msr " PMR ", %[popen]", 3 * n + 3)
#define PRIORITY_HANDED_TO_DAIF(n) \
    SECTION("priority-to-daif", "msr " PMR ", %[pmask]", \
            NOPS(n) "msr daifset, #2\n" NOPS(n) "msr " PMR ", %[popen]\n" NOPS(n), \
            "msr daifclr, #2", 3 * n + 3)
#define DAIF_THEN_PRIORITY(n) \
    SECTION("daif-priority", "msr daifset, #2", \
            NOPS(n) "msr " PMR ", %[pmask]\n" NOPS(n) "msr " PMR ", %[popen]\n" NOPS(n), \
            "msr daifclr, #2", 3 * n + 3)
#define DAIF_HANDED_TO_PRIORITY(n) \
    SECTION("daif-to-priority", "msr daifset, #2", \
            NOPS(n) "msr " PMR ", %[pmask]\n" NOPS(n) "msr daifclr, #2\n" NOPS(n), \
            "msr " PMR ", %[popen]", 3 * n + 3)

#define LENGTHS(of) \
    do { \
        of(0); \
        of(10); \
        of(100); \
        of(1000); \
        of(10000); \
    } while (0)

static void lengths(void)
{
    LENGTHS(BY_IMMEDIATE);
    LENGTHS(BY_ALL_BITS);
    LENGTHS(BY_REGISTER);
    LENGTHS(BY_BOTH);
    LENGTHS(NESTED);
    IN_LOOP(1);
    IN_LOOP(1000);
    IN_LOOP(30000);
    if (gicv3) {
        LENGTHS(BY_PRIORITY);
        LENGTHS(PRIORITY_THEN_DAIF);
        LENGTHS(PRIORITY_HANDED_TO_DAIF);
        LENGTHS(DAIF_THEN_PRIORITY);
        LENGTHS(DAIF_HANDED_TO_PRIORITY);
    }
    /* These mask other things, or nothing. */
    __asm__ volatile("msr daifset, #0xd; nop; msr daifclr, #0xd; msr daifclr, #2; msr daif, %0"
                     : : "r"(0ul) : "memory");
    if (gicv3) {
        __asm__ volatile("msr " PMR ", %0; nop; msr " PMR ", %1"
                         : : "r"(PMR_OPEN + 8), "r"(PMR_OPEN) : "memory");
    }
}

/* The deadline passes while interrupts are masked, so that one waits at the end. */
static void pending(unsigned round)
{
    unsigned before = handled;

    kind = "pending";
    arm_v(now() + (int64_t)ticks_of(400 + 100 * round));
    BY_IMMEDIATE(10000);
    wait_for(before + 1);
    arm_p(now() + (int64_t)ticks_of(400 + 100 * round));
    BY_REGISTER(10000);
    wait_for(before + 2);
    send_sgi();
    wait_for(before + 3);
    if (gicv3) {
        arm_v(now() + (int64_t)ticks_of(400 + 100 * round));
        BY_PRIORITY(10000);
        wait_for(before + 4);
        before++;
    }
    arm_v(now() + (int64_t)ticks_of(500 + 100 * round));
    arm_p(now() + (int64_t)ticks_of(700 + 100 * round));
    BY_IMMEDIATE(10000); /* two wait */
    wait_for(before + 5);
    kind = "two-acks";
    action_cntp = TWO_ACKS;
    arm_v(now() + (int64_t)ticks_of(500 + 100 * round));
    arm_p(now() + (int64_t)ticks_of(700 + 100 * round));
    BY_IMMEDIATE(10000); /* two wait, one handler takes both */
    wait_for(before + 7);
}

static void busy(unsigned round)
{
    unsigned before = handled;

    kind = "busy";
    arm_v(now() + (int64_t)ticks_of(1000 + 333 * round));
    wait_for(before + 1);
    kind = "busy-physical";
    arm_p(now() + (int64_t)ticks_of(1000 + 333 * round));
    wait_for(before + 2);
    kind = "value";
    arm_value_v(ticks_of(1000 + 777 * round));
    wait_for(before + 3);
    arm_value_p(ticks_of(1000 + 777 * round));
    wait_for(before + 4);
    kind = "past";
    arm_v(now() - 1000);
    wait_for(before + 5);
    arm_p(0);
    wait_for(before + 6);
    kind = "enabled-late"; /* the timer's own mask, then its enable bit */
    deadline_v(now() + (int64_t)ticks_of(200));
    control_v(3);
    __asm__ volatile(NOPS(1000));
    control_v(1);
    wait_for(before + 7);
    kind = "enabled-before";
    deadline_v(now() + (int64_t)ticks_of(100000000));
    control_v(1);
    deadline_v(now() + (int64_t)ticks_of(500 + 50 * round));
    wait_for(before + 8);
    kind = "sgi";
    send_sgi();
    wait_for(before + 9);
}

static void idle(unsigned round)
{
    unsigned before = handled;
    uint64_t counter, mask_at;

    kind = "idle-unmasked";
    arm_v(now() + (int64_t)ticks_of(5000 + 333 * round));
    __asm__ volatile("wfi" ::: "memory");
    wait_for(before + 1);
    kind = "idle-masked"; /* as Linux does */
    arm_v(now() + (int64_t)ticks_of(5000 + 777 * round));
    __asm__ volatile("mrs %0, cntvct_el0\n1: msr daifset, #2\n adr %1, 1b"
                     : "=&r"(counter), "=&r"(mask_at) : : "memory");
    open_section(counter, -1, mask_at, 0);
    sleep();
    __asm__ volatile(NOPS(20));
    unmask();
    wait_for(before + 2);
    kind = "idle-pending"; /* nothing to wait for */
    arm_v(now() + (int64_t)ticks_of(300));
    mask();
    __asm__ volatile(NOPS(3000));
    sleep();
    __asm__ volatile(NOPS(7));
    unmask();
    wait_for(before + 3);
}

static void nested(unsigned round)
{
    unsigned before = handled;

    kind = "nested-past";
    action_sgi = NEST_PAST;
    send_sgi();
    wait_for(before + 2);
    kind = "nested-later";
    before = handled;
    action_sgi = NEST;
    arm_v(now() + (int64_t)ticks_of(6000 + 555 * round));
    send_sgi();
    wait_for(before + 2);
    kind = "nested-twice";
    before = handled;
    action_sgi = action_cntv = NEST;
    arm_v(now() + (int64_t)ticks_of(6000 + 555 * round));
    arm_p(now() + (int64_t)ticks_of(12000 + 555 * round));
    send_sgi();
    wait_for(before + 3);
    kind = "masked-in-handler";
    before = handled;
    action_sgi = MASK;
    send_sgi();
    wait_for(before + 1);
    kind = "service-in-handler";
    action_sgi = SERVICE;
    send_sgi();
    wait_for(before + 2);
    kind = "sleep-in-handler";
    action_sgi = SLEEP;
    arm_v(now() + (int64_t)ticks_of(6000 + 555 * round));
    send_sgi();
    wait_for(before + 4);
    kind = "again";
    action_cntv = REFIRE;
    arm_v(now() + (int64_t)ticks_of(500));
    wait_for(before + 6);
    kind = "rearmed";
    action_cntv = REARM;
    rearm_ticks = ticks_of(4000 + 100 * round);
    arm_v(now() + (int64_t)ticks_of(500));
    wait_for(before + 8);
}

static void spurious(void)
{
    unsigned before = handled;
    struct fact *f;

    kind = "spurious";
    f = fact("ack", 8);
    f->value[2] = acknowledge(f);
    f->value[3] = -1;
    action_cntv = SPURIOUS;
    arm_v(now() + (int64_t)ticks_of(500));
    wait_for(before + 1);
}

static void services(unsigned round)
{
    unsigned before = handled;
    struct fact *f;
    uint64_t counter, from;

    kind = "service";
    __asm__ volatile("svc %0" : : "i"(RETURN) : "memory");
    kind = "service-while-masked";
    mask();
    __asm__ volatile("nop; svc %0; nop" : : "i"(RETURN) : "memory");
    unmask();
    kind = "service-masks";
    __asm__ volatile("svc %0; nop; nop" : : "i"(RETURN_MASKED) : "memory");
    unmask();
    kind = "service-unmasks";
    arm_v(now() + (int64_t)ticks_of(100));
    __asm__ volatile("mrs %0, cntvct_el0\n1: msr daifset, #2\n adr %1, 1b"
                     : "=&r"(counter), "=&r"(from) : : "memory");
    open_section(counter, -1, from, 0);
    __asm__ volatile(NOPS(1000) "svc %0" : : "i"(RETURN_UNMASKED) : "memory");
    wait_for(before + 1);
    kind = "service-interrupted";
    arm_v(now() + (int64_t)ticks_of(3000 + 100 * round));
    __asm__ volatile("svc %0" : : "i"(LET_INTERRUPT) : "memory");
    wait_for(before + 2);
    if (gicv3) {
        kind = "left-masked"; /* ERET clears PSTATE.I; the priority mask stays */
        action_cntv = LEAVE;
        arm_v(now() + (int64_t)ticks_of(500));
        wait_for(before + 3);
        __asm__ volatile(NOPS(50));
        f = fact("masked", 8);
        priority_masked = 0;
        __asm__ volatile("mrs %0, cntvct_el0\n1: msr " PMR ", %2\n adr %1, 1b"
                         : "=&r"(counter), "=&r"(from) : "r"(PMR_OPEN) : "memory");
        close_section(&section, f, counter, -1, from);
    }
}

static void user(uint64_t rounds)
{
    struct fact *f = fact("masked", 8);
    uint64_t counter;

    to_user(&counter, user_loop, rounds);
    masked(f, (int64_t)counter, -2, (int64_t)counter, -6, 4, (uint64_t)user_mask,
           (uint64_t)user_eret, 0);
}

static void other_levels(unsigned round)
{
    unsigned before = handled;

    kind = "user";
    user(10);
    arm_v(now() + (int64_t)ticks_of(3000 + 777 * round));
    user(10000);
    wait_for(before + 1);
    kind = "thread-stack"; /* EL1t */
    arm_v(now() + (int64_t)ticks_of(3000 + 777 * round));
    __asm__ volatile("msr spsel, #0\n mov x0, #10000\n1: subs x0, x0, #1\n b.ne 1b\n msr spsel, #1"
                     ::: "x0", "cc", "memory");
    wait_for(before + 2);
}

static void print(void)
{
    for (unsigned i = 0; i < n_facts; i++) {
        text(facts[i].type);
        put(' ');
        text(facts[i].kind);
        for (unsigned k = 0; k < facts[i].n_values; k++) {
            int64_t value = facts[i].value[k];

            text(value < 0 ? " -" : " ");
            number((uint64_t)(value < 0 ? -value : value));
        }
        put('\n');
    }
}

/* Well away from what the guest does before and after. */
static void limit(const char *type)
{
    kind = "all";
    __asm__ volatile(NOPS(1000));
    at(fact(type, 2), counter(), 0);
    __asm__ volatile(NOPS(1000));
}

int main(void)
{
    uint64_t before, after;

    __asm__ volatile("msr daifset, #0xf; mrs %0, cntfrq_el0" : "=r"(frequency));
    vectors = vectors_early;
    __asm__ volatile("msr vbar_el1, %0; isb" : : "r"(vectors) : "memory");
    start_gic();
    __asm__ volatile("mrs %0, cntvct_el0\n" NOPS(10000) "mrs %1, cntvct_el0"
                     : "=&r"(before), "=&r"(after));
    ticks_10000 = after - before;
    __asm__ volatile("msr daifclr, #0xf" ::: "memory");
    limit("begin");
    for (unsigned round = 0; round < ROUNDS; round++) {
        lengths();
        pending(round);
        busy(round);
        idle(round);
        nested(round);
        spurious();
        services(round);
        other_levels(round);
        vectors = vectors == vectors_early ? vectors_late : vectors_early;
        __asm__ volatile("msr vbar_el1, %0; isb" : : "r"(vectors) : "memory");
    }
    limit("end");
    __asm__ volatile("msr daifset, #0xf" ::: "memory");
    text("frequency ");
    number(frequency);
    text(gicv3 ? "\ngic 3\n" : "\ngic 2\n");
    print();
    text(n_facts < MAX_FACTS - 1 ? "done\n" : "too many facts\n");
    return 0;
}
