#!/bin/sh
# Builds the libraries for other machines and runs their tests, by qemu where the processor is another,
# by wine for Windows.
#
#   cmake/cross.sh PRESET...     each in turn, as in: cmake/cross.sh arm64-lib s390x-lib armhf-lib
#   cmake/cross.sh --list        the presets
#
# Ends with 77 where a compiler or an emulator is missing: cmake/install-deps.sh --elsewhere installs those
# of Debian; ziglang, for musl, glibc-* and macos-*, comes from the package index by itself.
set -eu
cd "$(dirname "$0")/.."

lack() {
    echo "cross.sh: $1"
    exit 77
}

need() { # programs
    for program; do
        command -v "$program" >/dev/null || lack "no $program here; cmake/install-deps.sh --elsewhere installs it"
    done
}

emulator() { # processor
    command -v "qemu-$1-static" >/dev/null || need "qemu-$1"
}

zig() {
    [ -x build/ziglang/bin/python-zig ] || {
        python3 -m venv build/ziglang && build/ziglang/bin/pip install --quiet ziglang==0.17.1
    } || lack "ziglang could not be installed from the package index"
}

[ $# -gt 0 ] || set -- --list
for preset; do
    case $preset in
    --list)
        cmake --list-presets=workflow
        continue
        ;;
    arm64 | arm64-*) need aarch64-linux-gnu-g++ && emulator aarch64 ;;
    s390x | s390x-*) need s390x-linux-gnu-g++ && emulator s390x ;;
    armhf | armhf-*) need arm-linux-gnueabihf-g++ && emulator arm ;;
    windows | windows-*) need x86_64-w64-mingw32-g++-posix wine ;;
    musl | glibc-* | macos-*) zig ;;
    esac
    cmake --workflow --preset "$preset"
done
