#!/usr/bin/env bash
# debian.sh lint|install BUILD_DIR
# lint:    what lintian says of BUILD_DIR's packages; 77 without lintian.
# install: installs them into a fresh system of the suite that this one is, where a user's programs
#          are built and run, the tools and the Python package are used, and all of it is purged; 77
#          without root, debootstrap or the archive.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "$2" && pwd)
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:[A-Z]*=//p' "$build/CMakeCache.txt")
packages=("$build"/*_"$version"-*.deb)

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

skip() {
    echo "SKIPPED: $*"
    exit 77
}

((${#packages[@]} == 4)) || fail "there should be four packages: ${packages[*]}"

lint() {
    command -v lintian >/dev/null || skip "no lintian here"
    # CPack calls ldconfig from scripts of its own beside our trigger; there are no manual pages yet.
    lintian --allow-root --fail-on error,warning \
        --suppress-tags maintscript-calls-ldconfig,no-manual-page "${packages[@]}"
    echo "lintian: nothing to say of ${#packages[@]} packages"
}

install() {
    [ "$(id -u)" -eq 0 ] || skip "a fresh system needs root"
    command -v debootstrap >/dev/null || skip "no debootstrap here"
    local suite mirror=${RTPSYNTH_DEBIAN_MIRROR:-http://deb.debian.org/debian}
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME") # the packages fit no other
    system=$(mktemp -d "$build/system.XXXXXX")
    # Nothing is mounted there but by the namespace below, which has ended by then.
    trap 'rm -rf --one-file-system "$system"' EXIT
    debootstrap --variant=minbase --include=g++,cmake,make,pkg-config "$suite" "$system" "$mirror" \
        >"$build/debootstrap.log" 2>&1 ||
        { tail -n 3 "$build/debootstrap.log"; skip "debootstrap could not make a system"; }

    mkdir "$system/rtpsynth"
    cp "${packages[@]}" "$system/rtpsynth"
    cp -r "$root/test/consumer" "$root/examples/rtp_echo/demo.sh" "$here/in_debian.sh" \
        "$root/test/captures/two_ssrc.pcap" "$root/docs/snippets/getting_started/3_network.cpp" \
        "$system/rtpsynth"
    unshare --mount sh -c "mount -t proc proc '$system/proc' &&
        exec chroot '$system' /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
            bash /rtpsynth/in_debian.sh"
}

case $1 in
lint) lint ;;
install) install ;;
*) fail "unknown argument '$1'" ;;
esac
