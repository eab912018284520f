#!/usr/bin/env bash
# debian.sh lint|install BUILD_DIR
# lint:    what lintian says of BUILD_DIR's packages; 77 without lintian.
# install: installs them into a fresh system of the suite that this one is, where a user's programs
#          are built and run, the tools and the Python package are used, and all of it is purged; 77
#          where .ci/chroot cannot make that system.
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

((${#packages[@]} == 5)) || fail "there should be five packages: ${packages[*]}"

lint() {
    command -v lintian >/dev/null || skip "no lintian here"
    # CPack calls ldconfig from scripts of its own beside our trigger; there are no manual pages yet.
    lintian --allow-root --fail-on error,warning \
        --suppress-tags maintscript-calls-ldconfig,no-manual-page "${packages[@]}"
    echo "lintian: nothing to say of ${#packages[@]} packages"
}

install() {
    local suite
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME") # the packages fit no other
    system=$(mktemp -d "$build/system.XXXXXX")
    trap 'rm -rf "$system"' EXIT
    cp "${packages[@]}" "$system"
    cp -r "$root/test/consumer" "$root/examples/rtp_echo/demo.sh" "$here/in_debian.sh" \
        "$root/test/captures/two_ssrc.pcap" "$root/docs/snippets/getting_started/3_network.cpp" \
        "$system"
    "$root/.ci/chroot" "$suite" "bash in_debian.sh" "$system"
}

case $1 in
lint) lint ;;
install) install ;;
*) fail "unknown argument '$1'" ;;
esac
