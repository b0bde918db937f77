# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Shell functions that the scripts in tools/ share: messages, installing packages, and downloads from any Debian suite.
#
# A download uses a private apt configuration below the cache folder: the machine's own sources, dpkg status and foreign
# architectures stay as they are, and apt verifies every file against the archive's keys.

osi_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
osi_cache=${OSINSTR_CACHE:-$osi_top/build/cache}

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$*"; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "needs root for: $* (run as root, or install sudo)"; fi
}

# package_list SECTION: the names in one section of tools/packages
package_list() {
    awk -v section="[$1]" '
        { sub(/#.*/, "") }
        /^\[/ { on = $1 == section; seen += on; next }
        on && NF { print $1 }
        END { exit !seen }' "$osi_top/tools/packages" || die "tools/packages has no section $1"
}

# missing_packages NAME...: those that are not installed
missing_packages() {
    local name
    for name; do
        dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || echo "$name"
    done
}

# install_packages SECTION...: installs what the sections name and the machine lacks
install_packages() {
    local names=() section list
    for section; do
        list=$(package_list "$section") || exit 1
        mapfile -t -O "${#names[@]}" names <<<"$list"
    done
    mapfile -t names < <(missing_packages "${names[@]}")
    [ ${#names[@]} -gt 0 ] || return 0
    say "installing ${names[*]}"
    local install=(apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "${names[@]}")
    apt-get install -s --no-install-recommends "${names[@]}" >/dev/null 2>&1 &&
        as_root env DEBIAN_FRONTEND=noninteractive "${install[@]}" >/dev/null && return
    say "refreshing the package lists"       # absent (a fresh container) or stale
    as_root apt-get update -qq >/dev/null || die "cannot refresh the package lists"
    as_root env DEBIAN_FRONTEND=noninteractive "${install[@]}" >/dev/null || die "cannot install ${names[*]}"
}

host_codename() { (. /etc/os-release && echo "${VERSION_CODENAME:-unknown}"); }

# debian_main: "URI FILE:INDEX" of this machine's own source of the Debian main archive, as apt parsed it
debian_main() {
    local filter=('Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' "Codename: $(host_codename)")
    # shellcheck disable=SC2016  # apt expands these
    local show=(indextargets --format '$(REPO_URI) $(SOURCESENTRY)') found lists=$osi_cache/apt/own
    found=$(apt-get "${show[@]}" "${filter[@]}" | head -n 1)
    if [ -z "$found" ]; then                # no lists on this machine yet: fetch them into the cache
        mkdir -p "$lists/partial"
        local own=(-o "Dir::State::lists=$lists" -o APT::Sandbox::User=root)
        apt-get "${own[@]}" update -q >&2 || return 1
        found=$(apt-get "${own[@]}" "${show[@]}" "${filter[@]}" | head -n 1)
    fi
    [ -n "$found" ] && echo "$found"
}

# signed_by FILE INDEX: the value of Signed-By (may have more lines) in entry INDEX of an apt source file, if any
signed_by() {
    case $1 in
        *.sources) sed '/^#/d' "$1" | awk -v n="$2" '
            BEGIN { RS = "" }
            NR == n { count = split($0, line, "\n")
                for (i = 1; i <= count; i++)
                    if (line[i] ~ /^[Ss]igned-[Bb]y:/) { on = 1; sub(/^[^:]*: */, "", line[i]); print line[i] }
                    else if (on && line[i] ~ /^[ \t]/) print line[i]
                    else on = 0 }' ;;
        *) sed -n "$2s/.*\[.*signed-by=\([^] ]*\).*/\1/p" "$1" ;;
    esac
}

# suite_source SUITE [TYPES]: a deb822 stanza for SUITE, from where this machine gets its own Debian and with the same keys
suite_source() {
    local uri entry keys
    read -r uri entry < <(debian_main) || die "no source of the Debian main archive among this machine's apt sources"
    keys=$(signed_by "${entry%:*}" "${entry##*:}")
    printf 'Types: %s\nURIs: %s\nSuites: %s\nComponents: main\n' "${2:-deb}" "$uri" "$1"
    [ -z "$keys" ] || printf 'Signed-By: %s\n' "$keys"
    echo
}

# private_apt SUITE ARCH [TYPES]: prints the path of an apt configuration for it, with fresh lists; for apt-get -c and
# apt-cache -c. TYPES: "deb deb-src" if sources are wanted too.
private_apt() {
    local dir=$osi_cache/apt/$1-$2 suite types=${3:-deb}
    mkdir -p "$dir/lists/partial" "$dir/archives/partial"
    : >"$dir/status"
    : >"$dir/suite.sources"
    for suite in "${1%-backports}" "$1"; do
        suite_source "$suite" "$types" >>"$dir/suite.sources" || exit 1
        [ "$suite" != "$1" ] || break
    done
    cat >"$dir/apt.conf" <<EOF
Dir::Etc { sourcelist "$dir/suite.sources"; sourceparts "/dev/null"; preferences "/dev/null"; preferencesparts "/dev/null"; };
Dir::State "$dir"; Dir::State::status "$dir/status"; Dir::State::lists "$dir/lists/"; Dir::Cache "$dir";
#clear APT::Architectures;
#clear APT::Update;
APT::Architecture "$2"; APT::Architectures { "$2"; };
APT::Default-Release "$1"; APT::Install-Recommends "0"; APT::Sandbox::User "root"; Acquire::Languages "none";
EOF
    apt-get -c "$dir/apt.conf" update -q=2 >&2 || die "cannot read the package lists of $1 for $2"
    echo "$dir/apt.conf"
}

# closure APTCONF PACKAGE...: the names of these packages and of all that they depend on
closure() {
    apt-get -c "$1" install -s -q=2 "${@:2}" | sed -n 's/^Inst \([^ ]*\).*/\1/p'
}

# download APTCONF PACKAGE...: downloads these packages (not what they depend on) unless cached, and prints the files' paths
download() {
    local archives=${1%/*}/archives list deb sum
    # Elsewhere, because apt does not name what lies in the folder it runs in.
    list=$(cd / && apt-get -c "$1" download -q=2 --print-uris "${@:2}") || die "no such packages: ${*:2}"
    while read -r _ deb _ sum; do           # apt takes a file that is there for good: keep only what is whole
        echo "${sum#SHA256:}  $archives/$deb" | sha256sum --status -c 2>/dev/null || rm -f "$archives/$deb"
    done <<<"$list"
    (cd "$archives" && apt-get -c "$1" download -q=2 "${@:2}" >&2) || die "cannot download ${*:2}"
    while read -r _ deb _; do
        echo "$archives/$deb"
    done <<<"$list"
}

# unpack TREE: unpacks the packages whose paths come on stdin
unpack() {
    local deb
    mkdir -p "$1"
    while read -r deb; do
        dpkg-deb -x "$deb" "$1" || die "cannot unpack $deb"
    done
}

# build_default: configures once and builds the tree in build/default; sets osi_build
osi_build=$osi_top/build/default
build_default() {
    [ -x "$osi_top/configure" ] || "$osi_top/autogen.sh" >/dev/null 2>&1 || die "autoreconf failed: run ./autogen.sh"
    mkdir -p "$osi_build"
    if [ ! -e "$osi_build/config.status" ]; then
        (cd "$osi_build" && ../../configure -q >/dev/null) || die "configure failed: see $osi_build/config.log"
    fi
    make -s -C "$osi_build" -j"$(nproc)"
}
