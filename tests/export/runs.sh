# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of exports of kernel traces: runs to export, and each export beside the same events as JSON.
# export_as is the format. All is made in the current folder: a run NAME gives NAME.$export_as and NAME.json.
# shellcheck source=tests/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

# two_runs: a boot with sched and irq-latency at once, in the folders sched and irq
two_runs() {
    need_qemu 10.0
    need_kernel debian-6.12
    [ -e "$cache/guests/busybox/busybox" ] || missing "guest busybox"
    "$top/tools/make-initramfs" initrd.gz "$cache/guests/busybox/busybox" "$top/tests/truth/boot-init" || exit 1
    linux_boot console initrd.gz -smp 2 -plugin "$plugins/sched.so,out=sched" -plugin "$plugins/irq-latency.so,out=irq"
    [ -d irq ] || { tail -n 5 console.err; not_ok "boot a guest with sched and irq-latency"; finish; }
}

# strange_runs: traces that no guest gives
strange_runs() {
    local kind writer=$build/tests/unit/test-tool-writer
    for kind in plain killed insn; do
        "$writer" $kind $kind || { not_ok "write the trace $kind"; finish; }
    done
    for kind in odd none lost; do
        "$build/tests/unit/test-export-writer" $kind $kind >$kind.said 2>$kind.err || { not_ok "write the trace $kind"; finish; }
    done
}

# both RUN OUTPUT OPTION...: exports in $export_as and as JSON
both() {
    local run=$1 output=$2 to
    shift 2
    rm -rf "$output.$export_as" "$output.json"
    for to in "$export_as" json; do
        "$osinstr" export "$to" "$@" "$run" -o "$output.$to" >"$output.$to.said" 2>"$output.$to.err" ||
            { sed 's/^/# /' "$output.$to.err"; return 1; }
    done
}

# damage RUN: a copy of it without the end of one stream, and with changed bytes inside the other
damage() {
    local size
    cp -r "$1" damaged
    size=$(stat -c %s damaged/cpu0.trace)
    truncate -s $((size * 3 / 4)) damaged/cpu0.trace
    printf 'never was an event' | dd of=damaged/cpu1.trace bs=1 seek=$((size / 3)) conv=notrunc status=none
}
