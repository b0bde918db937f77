#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# From a checkout to ./configure.
set -e
cd "$(dirname "$0")"
mkdir -p m4 build-aux
exec autoreconf --install --force "$@"
