# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# An environment to work in: . tools/env-example.sh
# Afterwards $OSINSTR_PLUGINS has the plugins of this tree, and osinstr, the QEMU that tools/demo fetched and
# a guest kernel are at hand:
#
#     qemu-system-aarch64 $OSINSTR_MACHINE -kernel "$OSINSTR_KERNEL" … -plugin "$OSINSTR_PLUGINS/sched.so,out=run"

OSINSTR_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export OSINSTR_TOP
export OSINSTR_PLUGINS=$OSINSTR_TOP/build/default/.libs
export OSINSTR_KERNEL=$OSINSTR_TOP/build/cache/guests/debian-6.1/Image
export OSINSTR_MACHINE="-M virt -cpu cortex-a72 -m 512 -nographic -net none -no-reboot"
# The newest fetched QEMU comes first; leave it out to use the machine's own.
export PATH="$OSINSTR_TOP/build/default:$OSINSTR_TOP/build/cache/qemu-10.0/bin:$PATH"
