#!/bin/sh
# Installs what rtpsynth is built and tested with, on Debian, Ubuntu and what else has apt: the
# distribution's own Boost where it is new enough, otherwise a newer one beside it. What is there
# already is left alone; with nothing missing it only looks and needs neither root nor a network.
#
#   cmake/install-deps.sh            compilers, libraries and tools of README's two commands
#   cmake/install-deps.sh --checks   and what .ci/run checks with beyond them
#   cmake/install-deps.sh --elsewhere   and what .ci/elsewhere checks with beyond those
#   cmake/install-deps.sh --print    only lists the packages, here and for dnf, pacman and brew
set -eu

# A package, or alternatives of which the first that is installed, or else is on offer, counts.
# Boost 1.81 is the oldest that we build with. Python 3.13 has no audioop of its own any more.
packages="g++ cmake ninja-build pkg-config
    libboost-dev>=1.81|libboost1.81-dev
    libboost-program-options-dev>=1.81|libboost-program-options1.81-dev
    libboost-python-dev>=1.81|libboost-python1.81-dev
    zlib1g-dev libsndfile1-dev libopus-dev libsrtp2-dev libbenchmark-dev
    python3-dev python3 python3-venv python3-pytest python3-hypothesis
    python3<3.13|python3-audioop-lts python3-prometheus-client
    tshark sip-tester baresip-core ffmpeg
    gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good"
checks="clang-14|clang libclang-rt-14-dev|libclang-rt-dev llvm-14|llvm clang-tidy-14|clang-tidy
    doxygen git abigail-tools shellcheck ca-certificates ccache
    python3-sphinx python3-myst-parser python3-breathe python3-sphinx-copybutton furo"
elsewhere="libc++-14-dev|libc++-dev libc++abi-14-dev|libc++abi-dev
    g++-aarch64-linux-gnu g++-s390x-linux-gnu g++-arm-linux-gnueabihf qemu-user-static|qemu-user
    g++-mingw-w64-x86-64-posix|g++-mingw-w64-x86-64 wine wine64
    musl debootstrap dpkg-dev lintian"

fail() {
    echo "install-deps.sh: $*" >&2
    exit 1
}

print=
case "${1-}" in
"") ;;
--checks) packages="$packages $checks" ;;
--elsewhere) packages="$packages $checks $elsewhere" ;;
--print) print=1 ;;
*) fail "unknown argument '$1'; usage: cmake/install-deps.sh [--checks | --elsewhere | --print]" ;;
esac

other_systems() {
    cat <<'END'
dnf      gcc-c++ cmake ninja-build pkgconf-pkg-config boost-devel boost-python3-devel zlib-devel
         libsndfile-devel opus-devel libsrtp-devel google-benchmark-devel python3-devel
         python3-pytest python3-hypothesis python3-prometheus_client wireshark-cli sipp ffmpeg-free
         gstreamer1 gstreamer1-plugins-base gstreamer1-plugins-good
pacman   base-devel cmake ninja boost zlib libsndfile opus libsrtp benchmark python
         python-pytest python-hypothesis python-prometheus_client wireshark-cli ffmpeg gstreamer
         gst-plugins-base gst-plugins-good (sipp: from the AUR)
brew     cmake ninja pkgconf boost boost-python3 libsndfile opus srtp google-benchmark python
         wireshark sipp ffmpeg gstreamer (pytest, hypothesis and prometheus-client: from PyPI)
END
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    if [ -n "$print" ]; then
        other_systems
        exit 0
    fi
    missing=
    for command in c++ cmake ninja pkg-config python3 tshark sipp ffmpeg gst-launch-1.0; do
        command -v "$command" >/dev/null || missing="$missing $command"
    done
    echo "install-deps.sh: there is no apt here. Programs that are missing:${missing:- none}." \
        "Install the packages of your system, and run CMake by itself:" >&2
    other_systems >&2
    exit 1
fi

# Whether a version, empty if there is none, is what "name", "name>=V" or "name<V" asks for.
fits() { # version, alternative
    [ -n "$1" ] || return 1
    case "$2" in
    *">="*) dpkg --compare-versions "$1" ge "${2#*>=}" ;;
    *"<"*) dpkg --compare-versions "$1" lt "${2#*<}" ;;
    esac
}

installed() { # name, of which a foreign architecture may have another
    dpkg-query --show --showformat='${db:Status-Status} ${Version}' "$1" 2>/dev/null |
        sed -n 's/^installed //p' | head -n 1
}

offered() { # name
    LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n '/(none)/d; s/^ *Candidate: //p' | head -n 1
}

# Sets `chosen` to the name of the alternative that counts, empty if there is none.
choose() { # alternatives, installed|offered
    chosen=
    old_ifs=$IFS
    IFS="|"
    for alternative in $1; do
        IFS=$old_ifs
        name=${alternative%%[<>]*}
        if fits "$("$2" "$name")" "$alternative"; then
            chosen=$name
            return
        fi
    done
    IFS=$old_ifs
}

missing=
for package in $packages; do
    choose "$package" installed
    [ -n "$chosen" ] || missing="$missing $package"
done
if [ -n "$print" ]; then
    all=
    for package in $packages; do
        choose "$package" installed
        [ -n "$chosen" ] || choose "$package" offered
        all="$all ${chosen:-$package}"
    done
    echo "apt     $all" | fold -s -w 96 | sed 's, *$,,; 2,$s/^/         /'
    other_systems
    exit 0
fi
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
# of Debian 12's default Boost, which somebody may need.
apt_get() {
    $as_root DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null
}
apt_get update >/dev/null || echo "install-deps.sh: apt-get update failed; trying what is known" >&2
wanted=
for package in $missing; do
    choose "$package" offered
    [ -n "$chosen" ] || fail "this system offers none of: $(echo "$package" | sed 's/|/, /g')"
    wanted="$wanted $chosen"
done
echo "install-deps.sh: installing$wanted"
apt_get install -y --no-install-recommends --no-remove $wanted >/dev/null ||
    fail "apt-get could not install them. If it would have to remove libboost1.74-dev," \
        "remove that first: the development packages of two Boosts cannot be installed together."
