#!/usr/bin/env bash
# vcpkg.sh static|shared BUILD_DIR
# Runs vcpkg's port of this checkout and builds and runs a user's program against what it leaves. vcpkg
# itself has no release that a package index offers: vcpkg_stand_in.cmake has the functions that the
# port calls, as far as their documentation describes them, for a triplet that builds release only.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(cd "$2" && pwd)/vcpkg_$1
port=$root/cmake/packaging/vcpkg/rtpsynth

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

rm -rf "$work"
cmake -D WORK="$work" -D PORT_DIR="$port" -D LINKAGE="$1" -P "$here/vcpkg_stand_in.cmake"

version=$(sed -n 's/^#define RTPSYNTH_VERSION_[MP][A-Z]* //p' "$root/lib/include/rtpsynth/base/version.h" | paste -sd.)
grep -q "\"version\": \"$version\"" "$port/vcpkg.json" || fail "vcpkg.json gives another version than $version"

# What vcpkg itself looks for after a build.
cd "$work/packages"
[ -s share/rtpsynth/copyright ] && [ -s share/rtpsynth/usage ] || fail "no copyright, or no usage"
strangers=$(find . -empty -o -path '*/cmake/*' -o -type d -path './share/*' ! -path ./share/rtpsynth \
    -o -path './debug*')
[ -z "$strangers" ] || fail "should not be there: $strangers"
libraries=$(find . -name 'librtpsynth.*' | sort | paste -sd' ')
[ "$1" = shared ] || [ "$libraries" = ./lib/librtpsynth.a ] || fail "not static: $libraries"
grep -rl "$work" . && fail "names the directory that it was built in"

mv "$work/packages" "$work/installed" # as vcpkg does
cmake -S "$root/test/consumer/find_package" -B "$work/consumer" -G Ninja \
    -D CMAKE_PREFIX_PATH="$work/installed" -D SERVER_CPP="$root/docs/snippets/getting_started/3_network.cpp"
cmake --build "$work/consumer"
grep -q "^rtpsynth_DIR:PATH=$work/installed/share/rtpsynth\$" "$work/consumer/CMakeCache.txt" ||
    fail "another rtpsynth was found"
"$work/consumer/consumer"
"$work/consumer/server"
