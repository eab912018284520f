#!/usr/bin/env bash
# exports.sh DLL OBJDUMP ELF_BUILD_DIR
# The DLL exports exactly what the shared library of this machine does, which is built for that.
set -euo pipefail
dll=$1 objdump=$2 build=$3
root=$(cd "$(dirname "$0")/../../.." && pwd)

mkdir -p "$build"
{
    cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_UNITY_BUILD=ON -DBUILD_SHARED_LIBS=ON -DRTPSYNTH_BUILD_TESTS=OFF \
        -DRTPSYNTH_BUILD_EXAMPLES=OFF -DRTPSYNTH_BUILD_PYTHON=OFF &&
        cmake --build "$build" --target rtpsynth
} >"$build/log" 2>&1 || { cat "$build/log"; exit 1; }

# MinGW keeps the name in a class's type information, _ZTS, to itself.
# std::size_t, std::int64_t and the like are `long long` in one system and `long` in the other.
plain() {
    c++filt | sed -E 's/\<long long\>/long/g; s/\<([0-9]+u?)ll?\>/\1/g' | sort
}
nm --dynamic --defined-only --format=posix "$build/lib/librtpsynth.so" |
    awk '$2 != "A" && $1 !~ /^_ZTS/ { sub(/@.*/, "", $1); print $1 }' | plain >"$build/elf.txt"
"$objdump" --private-headers "$dll" | sed -n '/^\[Ordinal\/Name Pointer\] Table/,/^$/p' |
    sed -nE 's/^.*\[ *[0-9]+\] (.*)$/\1/p' | plain >"$build/dll.txt"
count=$(wc -l <"$build/elf.txt")
((count > 0)) || { echo "no exports were found"; exit 1; }
diff "$build/elf.txt" "$build/dll.txt" || { echo "< only the ELF library's, > only the DLL's"; exit 1; }
echo "$count symbols, the same in both"
