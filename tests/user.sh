# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests that run programs in QEMU's user mode: building them, running them, what they must say.
# shellcheck source=tests/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
qemu_user=$cache/qemu-user/bin
isas=(x86_64 aarch64 riscv64)
counter=$plugins/insn-count.so
hotpath=$plugins/hotpath.so

# The C library picks its string functions by the processor. Without AVX valgrind's processor and QEMU's Haswell get the
# same, whatever machine the test runs on; without long string instructions both count the same. Without the last comma
# glibc 2.36 would read on behind the end, where the stack has something else each time.
tunables=GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=100000000:glibc.cpu.x86_rep_stosb_threshold=100000000
tunables+=:glibc.cpu.hwcaps=-AVX,-AVX2,-AVX_Fast_Unaligned_Load,-ERMS,
environment=("$tunables")

tool_of() { if [ "$1" = x86_64 ]; then echo "$2"; else echo "$1-linux-gnu-$2"; fi; }

status_of() {
    case $1 in
        sort) echo 7 ;; jumps) echo 3 ;; libc) echo 0 ;; signals) echo 5 ;; threads) echo 9 ;;
        shared) echo 4 ;; forks) echo 6 ;; aborts) echo 134 ;;
    esac
}

need_qemu_user() {
    local isa
    for isa in "${isas[@]}"; do
        [ -x "$qemu_user/qemu-$isa" ] || missing "QEMU's user mode"
        command -v "$(tool_of "$isa" gcc)" >/dev/null || missing "$(tool_of "$isa" gcc)"
    done
}

# build_program ISA PROGRAM LINKING [NAME]
build_program() {
    "$(tool_of "$1" gcc)" -std=gnu11 -O2 -foptimize-sibling-calls -g "$3" -pthread -Wall -Wextra -Werror \
        -Wno-array-bounds "$top/tests/programs/$2.c" -o "$work/${4:-$2.$1}" || exit 1
}

# run ISA PROGRAM NAME QEMU-ARGUMENT...: output in NAME.out, exit status in NAME.status. QEMU turns the environment's
# order around.
run() {
    local isa=$1 program=$2 name=$3 cpu=()
    shift 3
    [ "$isa" != x86_64 ] || cpu=(-cpu Haswell-noTSX)
    { (cd "$work" && timeout 300 env -i "${environment[@]}" "$qemu_user/qemu-$isa" "${cpu[@]}" "$@" "./$program.$isa" \
        </dev/null >"$name.out" 2>"$name.err"); } 2>/dev/null   # bash need not say that it was aborted
    echo $? >"$work/$name.status"
}

total() { sed -n 's/^total //p' "$work/$1"; }

# instructions FOLDER: what hotpath says that ran
instructions() { /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["instructions"])' "$work/$1/summary.json"; }

# as_ever PROGRAM NAME: that run printed what the program prints, and ended as it ends
as_ever() {
    [ "$(cat "$work/$2.status")" = "$(status_of "$1")" ] && cmp "$work/$1.expected" "$work/$2.out" && [ ! -s "$work/$2.err" ] ||
        { echo "# status $(cat "$work/$2.status")"; head -n 5 "$work/$2.err" | sed 's/^/# /'; return 1; }
}
