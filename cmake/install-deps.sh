#!/bin/sh
# Installs what rtpsynth is built and tested with, on Debian 12. What is there already is left
# alone; with nothing missing it only looks and needs neither root nor a network.
#
#   cmake/install-deps.sh            compilers, libraries and tools of README's two commands
#   cmake/install-deps.sh --checks   and what .ci/run checks with beyond them
set -eu

packages="g++ cmake ninja-build pkg-config
    libboost1.81-dev libboost-program-options1.81-dev libboost-test1.81-dev
    libboost-python1.81-dev python3-dev
    zlib1g-dev libsndfile1-dev libbenchmark-dev
    python3 python3-venv python3-pytest python3-hypothesis
    tshark sip-tester ffmpeg
    gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good"

fail() {
    echo "install-deps.sh: $*" >&2
    exit 1
}

case "${1-}" in
"") ;;
--checks) packages="$packages clang-14 libclang-rt-14-dev llvm-14 clang-tidy-14 doxygen git
    abigail-tools shellcheck ca-certificates
    python3-sphinx python3-myst-parser python3-breathe python3-sphinx-copybutton furo" ;;
*) fail "unknown argument '$1'; usage: cmake/install-deps.sh [--checks]" ;;
esac

codename=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME-}") || codename=
if [ "$codename" != bookworm ] || ! command -v dpkg-query >/dev/null; then
    fail "made for Debian 12 (bookworm); elsewhere install the counterparts of these packages:" $packages
fi

missing=
for package in $packages; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || status=
    [ "$status" = installed ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
    echo "install-deps.sh: nothing to install"
    exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root="env"
elif command -v sudo >/dev/null; then
    as_root="sudo env"
else
    fail "run it as root, or install sudo; missing:$missing"
fi

# tshark asks a question where it can; --no-remove because Boost 1.81's -dev packages displace those
# of Debian's default Boost, which somebody may need.
apt_get() {
    $as_root DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null
}
echo "install-deps.sh: installing$missing"
apt_get update >/dev/null || echo "install-deps.sh: apt-get update failed; trying what is known" >&2
apt_get install -y --no-install-recommends --no-remove $missing >/dev/null ||
    fail "apt-get could not install them. If it would have to remove libboost1.74-dev," \
        "remove that first: the development packages of two Boosts cannot be installed together."
