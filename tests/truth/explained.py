# SPDX-License-Identifier: GPL-2.0-or-later
"""What must differ between two profiles of a program, and why; callgrind.py reads it. ROWS is for a run under callgrind
and one under QEMU, LOG for what a log of all instructions says and what hotpath says.

A row: the programs, what it is about, the functions or edges (regular expressions, whole), how much may differ (None:
anything, a number: so much, a set: theirs less ours is one of these), and the reason. "own": a function's own
instructions; "calls": how often it was called; "edge": "FROM -> TO". The first row that allows the difference explains it.
"""
import re
from collections import namedtuple

Row = namedtuple("Row", "programs kind names slack reason")

# Functions that jump into the middle of each other. No call happens; callgrind goes on counting for the one that was
# entered, by address it is the other one.
SHARED = [
    (r"__mem(p?cpy|move)(_chk)?_(\w*unaligned)(_erms)?", r"__memmove_\3"),
    (r"__memset(_chk)?_(\w*unaligned)(_erms)?", r"__memset_\2"),
]

VDSO = "QEMU gives the program a vDSO, which it looks up symbols in; valgrind hides it"
CPUID = "the caches that CPUID tells of are others"
REP = "callgrind counts every repetition of a string instruction, QEMU's plugin interface the instruction"
AUXV = "the auxiliary vectors and the environment's order are not the same"
EXIT = "callgrind ends with the system call and leaves out the block before it"
NO_SIZE = "a symbol without a size is no function to callgrind"
FAULT = "callgrind counts a block when it is left, and not one that faults before"
AGAIN = "QEMU runs a system call's instruction again if a signal came before it"
RETURN = "valgrind has a return from signal handlers of its own"
HANDLER = "nobody calls a signal's handler in callgrind"
WAIT = "how often threads wait for each other is chance"

LOOKUP = r"_dl_lookup_symbol_x|do_lookup_x|check_match|_dl_setup_hash|_dl_new_object|_dl_add_to_namespace_list|" \
         r"_dl_non_dynamic_init|_dl_find_object_from_map|_dlfo_\w+(\.part\.0)?"
# What those call once or a few times, as does everybody else.
HELPERS = r"\?\?\?|_*strcmp_\w+|_*strlen_\w+|_*strncmp_\w+|__memset_\w+|__memmove_\w+|_*calloc|_*libc_calloc|_int_malloc|" \
          r"alloc_perturb|_*pthread_mutex_(un)?lock(_usercnt)?|_*strdup"
HANDLERS = "returning|leaving|nesting|stacked|fault"
CACHES = r"intel_check_word\S*|handle_intel\S*|get_common_cache_info\S*"
WAITING = r"_*lll_lock\w*|_*futex\w*|_*pthread_\w+|___pthread_\w+|start_thread|_*clone\w*|__GI___lll\w*|" \
          r"_*nptl\w*|\w*_syscall_cancel\w*|_dl_allocate_tls\w*|allocate_stack|_IO_enable_locks|\?\?\?|_*mprotect|_*munmap|_*madvise"

ROWS = [
    Row(".*", "own", LOOKUP, None, VDSO),
    Row(".*", "calls", LOOKUP, 10, VDSO),
    Row(".*", "edge", rf"({LOOKUP}) -> .*", 10, VDSO),
    Row(".*", "own", HELPERS, 400, VDSO),
    Row(".*", "calls", HELPERS, 10, VDSO),
    Row(".*", "edge", rf"({HELPERS}) -> ({HELPERS})", 10, VDSO),
    Row(".*", "own", CACHES, None, CPUID),
    Row(".*", "calls", CACHES, None, CPUID),
    Row(".*", "edge", rf"({CACHES}) -> ({CACHES})", None, CPUID),
    Row(".*", "own", r"tcache_init\S*|__libc_setup_tls", 300, REP),
    Row("libc", "own", "move_memory", None, REP),
    Row("libc", "inclusive", "main -> move_memory", None, REP),
    Row("signals", "own", "handle", None, REP),
    Row(".*", "own", r"_dl_aux_init|getenv|__libc_getenv|__tunables_init|_*strrchr_\w+", 200, AUXV),
    Row(".*", "edge", r"(getenv|__libc_getenv) -> \?\?\?", 2, AUXV),
    Row(".*", "own", "_Exit|_exit", 2, EXIT),
    Row(".*", "own", "(de)?register_tm_clones|frame_dummy", 20, NO_SIZE),
    Row(".*", "calls", "(de)?register_tm_clones", 1, NO_SIZE),
    Row(".*", "edge", "frame_dummy -> register_tm_clones", 1, NO_SIZE),
    Row("signals", "own", "touch", None, FAULT),
    Row("signals", "calls", "touch", 8, FAULT),
    Row("signals", "edge", "down -> touch", 8, FAULT),
    Row("signals", "own", r"__pthread_kill_implementation\S*", 40, AGAIN),
    Row("signals", "own", "__restore_rt", None, RETURN),
    Row("signals", "calls", "__restore_rt", None, RETURN),
    Row("signals", "edge", ".* -> __restore_rt", None, RETURN),
    Row("signals", "calls", HANDLERS, 16, HANDLER),
    Row("signals", "edge", rf".* -> ({HANDLERS})", 16, HANDLER),
    Row("signals", "calls", r"\[signal\]", {-48}, HANDLER),
    Row("signals", "edge", r"__pthread_kill_implementation\S* -> \[signal\]", {-40}, HANDLER),
    Row("signals", "edge", r"touch -> \[signal\]", {-8}, HANDLER),
    Row("threads", "own", WAITING, None, WAIT),
    Row("threads", "calls", WAITING, None, WAIT),
    Row("threads", "edge", rf"({WAITING}) -> .*|.* -> ({WAITING})", None, WAIT),
]

BLOCK = "QEMU counts a block when it begins: 8 faults, and 5 instructions behind each"
RETURNED = "a handler returns to what the kernel put there, not to a caller; the signal's frame goes on"

LOG = [
    Row("signals", "own", "touch", {-40}, BLOCK),
    Row("signals", "calls", r"__restore_rt|\?\?\?", {32}, RETURNED),
    Row("signals", "edge", r"returning -> (__restore_rt|\?\?\?)", {16}, RETURNED),
    Row("signals", "edge", r"(nesting|stacked) -> (__restore_rt|\?\?\?)", {8}, RETURNED),
    Row("signals", "own", r"\?\?\?", {64}, RETURNED),  # no symbol is there but on x86-64
    Row("signals", "own", r"\[signal\]", {-64}, RETURNED),
]


def allows(slack, difference):
    if slack is None:
        return True
    return difference in slack if isinstance(slack, set) else abs(difference) <= slack


def explanation(rows, program, kind, name, difference):
    """The reason why this function or edge may differ so much, or None; without a program nothing may."""
    for row in rows if program else ():
        if row.kind == kind and re.fullmatch(row.programs, program) and re.fullmatch(row.names, name) and \
                allows(row.slack, difference):
            return row.reason
    return None


def shared(name):
    """The name under which functions that share their code are compared."""
    for pattern, title in SHARED:
        match = re.fullmatch(pattern, name)
        if match:
            return match.expand(title)
    return name
