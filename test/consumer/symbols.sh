#!/bin/sh
# symbols.sh LIBRARY SONAME INCLUDE_DIR
# The shared library exports every function of the C headers and, beyond the C face, nothing that is
# not in namespace rtpsynth.
set -eu
library=$1 soname=$2 include=$3

# "T name@@RTPSYNTH_2"; the version node itself is the absolute symbol (A).
symbols=$(nm --dynamic --defined-only --format=posix "$library" | awk '$2 != "A" { sub(/@.*/, "", $1); print $1 }')
strangers=$(echo "$symbols" | grep -vE '^(rsynth|rtpjbuf|rtpplay|rtpaudio|rtpevent|rtpquality|rtpsdp|rtpreport|rtp_packet)_|^_Z(NK?|T[ISV]N)8rtpsynth' || true)
if [ -n "$strangers" ]; then
    echo "exported, but not ours to export:"
    echo "$strangers" | c++filt
    exit 1
fi

declared=$(sed -nE 's/.*\b((rsynth|rtpjbuf|rtpplay|rtpaudio|rtpevent|rtpquality|rtpsdp|rtpreport|rtp_packet)_[a-z0-9_]+)\(.*/\1/p' \
    "$include"/*.h "$include"/rtpsynth/base/version.h |
    grep -vE '_t$' | sort -u)
for name in $declared; do
    echo "$symbols" | grep -qx "$name" || { echo "declared, but not exported: $name"; exit 1; }
done

readelf --dynamic "$library" | grep -q "SONAME.*\[$soname\]" || { echo "soname is not $soname"; exit 1; }
echo "$(echo "$symbols" | wc -l) symbols, $(echo "$declared" | wc -l) of them the C face, soname $soname"
