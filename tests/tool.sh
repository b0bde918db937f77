# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of the tool: what a command prints, how it ends. Its output is in the files out and err.

# gives WHAT EXPECTED COMMAND…: success, nothing on stderr, exactly this output
gives() {
    local what=$1 expected=$2
    shift 2
    "$@" >out 2>err
    local rc=$?
    if [ $rc != 0 ] || [ -s err ] || ! diff <(echo "$expected") out; then
        echo "# status $rc: $(cat err)"
        not_ok "$what"
    else
        ok "$what"
    fi
}

# refuses WHAT PATTERN COMMAND…: status 2, nothing on stdout, one line on stderr that matches
refuses() {
    local what=$1 pattern=$2
    shift 2
    "$@" >out 2>err
    local rc=$?
    if [ $rc != 2 ] || [ -s out ] || [ "$(wc -l <err)" != 1 ] || ! grep -q -- "$pattern" err; then
        echo "# status $rc: $(cat err)"
        not_ok "$what"
    else
        ok "$what"
    fi
}

# ends WHAT STATUS COMMAND…
ends() {
    local what=$1 status=$2
    shift 2
    "$@" >out 2>err
    local rc=$?
    [ $rc = "$status" ] || echo "# status $rc, expected $status: $(cat err)"
    check "$what" [ $rc = "$status" ]
}

# unread COMMAND…: standard output is a pipe that nobody reads any more
unread() {
    /usr/bin/python3 -c '
import os, subprocess, sys
reader, writer = os.pipe()
os.close(reader)
sys.exit(subprocess.call(sys.argv[1:], stdout=writer))' "$@"
}

has() { grep -q -- "$1" "${2:-out}" || { echo "# no '$1' in"; sed 's/^/# /' "${2:-out}"; return 1; }; }

# damage FILE OFFSET: turns over the bits of one byte
damage() {
    /usr/bin/python3 - "$1" "$2" <<'PY'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2])); b = f.read(1)
    f.seek(int(sys.argv[2])); f.write(bytes([b[0] ^ 255]))
PY
}
