#!/usr/bin/env bash
# conan.sh static|shared BUILD_DIR
# Creates the Conan package of this checkout without a remote, Boost's recipe replaced by the system's
# headers, and builds and runs test_package against it. Conan comes from the package index; 77 if it
# can't be had.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(cd "$2" && pwd)/conan
mkdir -p "$work"
conan=$(command -v conan || echo "$work/tools/bin/conan")
if ! [ -x "$conan" ]; then
    rm -rf "$work/tools"
    if ! { python3 -m venv "$work/tools" &&
        "$work/tools/bin/pip" install --quiet --retries 1 'conan>=2.4'
    } >"$work/log" 2>&1; then
        tail -n 3 "$work/log"
        echo "SKIPPED: no conan; the package index could not be reached"
        exit 77
    fi
fi

export CONAN_HOME=$work/home_$1
rm -rf "$CONAN_HOME" "$work/test_$1"
"$conan" profile detect
"$conan" create "$here/conan_boost" --no-remote
"$conan" create "$root/cmake/packaging/conan" --no-remote -s compiler.cppstd=20 \
    -o shared="$([ "$1" = shared ] && echo True || echo False)" \
    -c tools.build:jobs="$(nproc)" -c tools.cmake.cmake_layout:test_folder="$work/test_$1"
