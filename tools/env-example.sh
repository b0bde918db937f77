# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# An environment for the commands of examples/commands.md: source it from the top of the tree, or copy and change it.
#
#     . tools/env-example.sh
#
# What is set already is kept, so one line changes one thing:  QEMU=~/qemu-11.1/bin/qemu-system-aarch64 . tools/env-example.sh
# The fallbacks are the files that tools/demo fetches and builds.

_cache=${OSINSTR_CACHE:-$PWD/build/cache}

# The QEMU to use: 9.2 or later, and built with plugins, as Debian's is.
if [ -z "${QEMU:-}" ]; then
    QEMU=$_cache/qemu-10.0/bin/qemu-system-aarch64
    [ -x "$QEMU" ] || QEMU=qemu-system-aarch64
fi

# Where the plugins and the osinstr program are: installed, else as built by tools/demo.
if [ -z "${PLUGINS:-}" ]; then
    if PLUGINS=$(pkg-config --variable=plugindir osinstr 2>/dev/null) && [ -d "$PLUGINS" ]; then
        PATH=$(pkg-config --variable=exec_prefix osinstr)/bin:$PATH
    else
        PLUGINS=$PWD/build/default/.libs
        PATH=$PWD/build/default:$PATH
    fi
fi

# The guest: an uncompressed arm64 kernel, and a file system for it.
KERNEL=${KERNEL:-$_cache/guests/debian-6.1/Image}
INITRD=${INITRD:-$_cache/demo.cpio.gz}

# UEFI for guests that boot from a disk: part of the fetched QEMU, or Debian's package qemu-efi-aarch64.
if [ -z "${FIRMWARE:-}" ]; then
    FIRMWARE=$_cache/qemu-10.0/root/usr/share/AAVMF/AAVMF_CODE.fd
    [ -r "$FIRMWARE" ] || FIRMWARE=/usr/share/AAVMF/AAVMF_CODE.fd
fi

# Where runs are kept; one directory per run, the one before is renamed.
RUNS=${RUNS:-$PWD/build/runs}

unset _cache
export QEMU PLUGINS PATH KERNEL INITRD FIRMWARE RUNS
