#!/usr/bin/env bash
# find_package.sh BUILD_DIR
# Installs BUILD_DIR's libraries into a temporary prefix, then builds C and C++ programs as a user's
# project with the same compiler would, beside the DLL, and runs them.
set -euo pipefail
build=$(cd "$1" && pwd)
consumer=$(cd "$(dirname "$0")/.." && pwd)
root=$(cd "$consumer/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cached() { sed -nE "s/^$1:[A-Z]+=//p" "$build/CMakeCache.txt"; }

quietly() {
    "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; echo "FAILED: $*" >&2; exit 1; }
}

quietly cmake --install "$build" --prefix "$work/prefix"
for file in bin/librtpsynth-2.dll lib/librtpsynth.dll.a; do
    [[ -f $work/prefix/$file ]] || { echo "not installed: $file"; exit 1; }
done

run() { # program; what it prints
    "$root/cmake/toolchains/wine.sh" "$build" "$work/prefix/bin/$1.exe" | tr -d '\r' || {
        echo "FAILED: $1.exe" >&2
        exit 1
    }
}

for project in find_package_c find_package; do
    quietly cmake -S "$consumer/$project" -B "$work/$project" -G Ninja \
        "-DCMAKE_TOOLCHAIN_FILE=$(cached CMAKE_TOOLCHAIN_FILE)" "-DBoost_DIR=$(cached Boost_DIR)" \
        "-Drtpsynth_DIR=$work/prefix/lib/cmake/rtpsynth" \
        "-DCMAKE_RUNTIME_OUTPUT_DIRECTORY=$work/prefix/bin" \
        "-DSERVER_CPP=$root/docs/snippets/getting_started/3_network.cpp"
    quietly cmake --build "$work/$project"
    run consumer
done
said=$(run server)
echo "${said//$'\n'/, }"
[[ $said == $'play 160 bytes\nplay 160 bytes\nplay 160 bytes\nconceal 20 ms\nplay 160 bytes' ]]
