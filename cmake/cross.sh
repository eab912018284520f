#!/bin/sh
# Builds library and server for other machines, or with another standard library, and runs their
# tests: by qemu where the processor is another, by wine for Windows. Nothing here runs macOS's.
#
#   cmake/cross.sh PRESET...     arm64, arm64-portable, s390x, armhf, windows, musl, macos, libcxx,
#                                libcxx-portable; with -lib behind it the library alone, as in:
#                                cmake/cross.sh arm64-lib s390x-lib
#
# Ends with 77 where a compiler or an emulator is missing. cmake/install-deps.sh --elsewhere installs
# them; for musl and macOS, cmake/zig.sh takes the compiler from PyPI.
set -eu
cd "$(dirname "$0")/.."

lack() {
    echo "cross.sh: $1"
    exit 77
}

need() { # programs
    for program; do
        command -v "$program" >/dev/null ||
            lack "no $program here; cmake/install-deps.sh --elsewhere installs it"
    done
}

emulator() { # processor
    command -v "qemu-$1-static" >/dev/null || need "qemu-$1"
}

libcxx() {
    need clang++-14
    echo '#include <version>' | clang++-14 -stdlib=libc++ -x c++ -E - >/dev/null 2>&1 ||
        lack "no libc++ here; cmake/install-deps.sh --elsewhere installs it"
}

[ $# -gt 0 ] || {
    echo "usage: cmake/cross.sh PRESET..." >&2
    exit 2
}
for name; do
    preset=${name%-lib}
    case $preset in
    arm64 | arm64-portable) need aarch64-linux-gnu-g++ && emulator aarch64 ;;
    s390x) need s390x-linux-gnu-g++ && emulator s390x ;;
    armhf) need arm-linux-gnueabihf-g++ && emulator arm ;;
    windows) need x86_64-w64-mingw32-g++-posix wine ;;
    musl)
        [ -e /lib/ld-musl-x86_64.so.1 ] ||
            lack "no musl here; cmake/install-deps.sh --elsewhere installs it"
        cmake/zig.sh
        ;;
    macos) cmake/zig.sh ;;
    libcxx | libcxx-portable) libcxx ;;
    *)
        echo "cross.sh: '$name' is no such preset" >&2
        exit 2
        ;;
    esac
    cmake --preset "$preset"
    if [ "$name" = "$preset" ]; then
        cmake --build --preset "$preset"
        set -- # all of its tests
    else
        cmake --build --preset "$preset" --target lib_tests
        set -- --tests-regex '^(unit[.](base|rtp|rtcp|jitter|audio)|capi)[.]|^dll[.]exports$'
    fi
    [ "$preset" = macos ] || ctest --preset "$preset" "$@"
done
