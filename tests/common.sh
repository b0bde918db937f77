# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests that run a guest: where things are, how a guest is booted, how results are said.
#
# A result is a line "ok - WHAT" or "not ok - WHAT". A test whose guest or QEMU has not been fetched
# says so and ends with 77 (skipped), or fails when OSINSTR_COMPLETE=1, as tools/check sets it.

set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${abs_builddir:-$PWD}
cache=${OSINSTR_CACHE:-$top/build/cache}
plugins=$build/.libs
osinstr=$build/tools/osinstr
[ -x "$osinstr" ] || osinstr=$build/osinstr
failures=0

work=$(mktemp -d "${TMPDIR:-/tmp}/osinstr-test.XXXXXX")
trap 'rm -rf "$work"' EXIT

ok() { echo "ok - $*"; }
not_ok() { echo "not ok - $*"; failures=$((failures + 1)); }
check() { local what=$1; shift; if "$@"; then ok "$what"; else not_ok "$what"; fi; }
finish() { [ "$failures" = 0 ]; exit; }

missing() {
    if [ "${OSINSTR_COMPLETE:-0}" = 1 ]; then
        echo "not ok - $1 is missing"
        exit 1
    fi
    echo "SKIP: $1 is missing; tools/check fetches it"
    exit 77
}

# need_qemu VERSION: sets $qemu
need_qemu() {
    qemu=$cache/qemu-$1/bin/qemu-system-aarch64
    [ -x "$qemu" ] || missing "QEMU $1"
}

# need_kernel NAME: sets $kernel
need_kernel() {
    kernel=$cache/guests/$1/Image
    [ -e "$kernel" ] || missing "guest kernel $1"
}

# bare_guest NAME: builds tests/guests/NAME.c, and NAME.S if there is one, sets $bare
bare_guest() {
    local sources=("$top/tests/guests/start.S" "$top/tests/guests/$1.c")
    [ ! -e "$top/tests/guests/$1.S" ] || sources+=("$top/tests/guests/$1.S")
    bare=$work/$1.elf
    command -v aarch64-linux-gnu-gcc >/dev/null || missing "aarch64-linux-gnu-gcc"
    aarch64-linux-gnu-gcc -O2 -ffreestanding -nostdlib -mgeneral-regs-only -fno-pic -static \
        -Wall -Wextra -Wl,--no-warn-rwx-segments,-T,"$top/tests/guests/guest.ld" \
        "${sources[@]}" -o "$bare" || exit 1
}

# boot LOG QEMU-ARGUMENT...: runs $qemu to its end, console in LOG, stderr in LOG.err.
# MACHINE, CPU, MEMORY, BOOT_TIMEOUT: what to boot, if not the default.
boot() {
    local log=$1
    shift
    timeout "${BOOT_TIMEOUT:-300}" "$qemu" -M "${MACHINE:-virt}" -cpu "${CPU:-cortex-a72}" -m "${MEMORY:-512}" \
        -nographic -net none -no-reboot "$@" </dev/null >"$log" 2>"$log.err"
}

# linux_boot LOG INITRD QEMU-ARGUMENT...
linux_boot() {
    local log=$1 initrd=$2
    shift 2
    boot "$log" -kernel "$kernel" -initrd "$initrd" -append "console=ttyAMA0 quiet ${APPEND:-}" "$@"
}
