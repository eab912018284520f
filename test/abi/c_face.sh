#!/bin/sh
# Compares the C face of a library with the one that programs were linked with, recorded in
# c_face.xml. What was added is fine, anything removed or changed is not.
#
#   test/abi/c_face.sh LIBRARY             exit status 77 without abidiff, or not on x86-64
#   test/abi/c_face.sh LIBRARY --record    writes c_face.xml anew (docs/versioning.md says when)
set -eu
library=$1
here=$(cd "$(dirname "$0")" && pwd)

command -v abidiff >/dev/null || { echo "skipped: no abidiff (Debian: abigail-tools)"; exit 77; }
[ "$(uname -m)" = x86_64 ] || { echo "skipped: c_face.xml is of x86-64"; exit 77; }

record() { # file; nothing in it depends on the place or the lines of the sources
    abidw --suppressions "$here/c_face.suppr" --exported-interfaces-only --no-corpus-path \
        --headers-dir "$here/../../lib/include" --drop-private-types \
        --no-comp-dir-path --no-show-locs --no-elf-needed --no-parameter-names \
        --type-id-style hash --out-file "$1" "$library"
}

if [ "${2-}" = --record ]; then
    record "$here/c_face.xml"
    exit
fi

now=$(mktemp)
trap 'rm -f "$now"' EXIT
record "$now"
# Without types there would be nothing to compare.
grep -q '<class-decl' "$now" || { echo "$library has no debug information (-g)"; exit 1; }
abidiff --harmless --suppressions "$here/c_face.suppr" --no-added-syms "$here/c_face.xml" "$now"
