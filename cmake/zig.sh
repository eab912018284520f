#!/bin/sh
# Makes a C and a C++ compiler, with the C and C++ libraries of their target, out of PyPI's ziglang.
#
#   cmake/zig.sh [FOLDER TARGET [OPTION...]]
#
# leaves zig-cc, zig-c++, zig-ar and zig-ranlib in FOLDER. TARGET is as zig has it, such as
# x86_64-linux-gnu.2.28, and each OPTION goes to both compilers. Without them ziglang is installed
# and nothing more: into build/zig, once, by PYTHON, or else python3. Exits with 77 without a network.
set -eu
version=0.17
venv=$(cd "$(dirname "$0")/.." && pwd)/build/zig

zig=$venv/ziglang/zig
case $("$zig" version 2>/dev/null) in
"$version".*) ;;
*)
    rm -rf "$venv"
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/pip" install --quiet --retries 1 "ziglang==$version.*" || {
        echo "skipped: the package index could not be reached"
        exit 77
    }
    ln -s "$("$venv/bin/python" -c 'if True:
        import os, ziglang
        print(os.path.dirname(ziglang.__file__))')" "$venv/ziglang"
    ;;
esac
[ $# -gt 0 ] || exit 0
folder=$1
target=$2
shift 2
mkdir -p "$folder"
for command in cc c++ ar ranlib; do
    case $command in
    cc | c++) options="-target $target $*" ;;
    *) options= ;;
    esac
    printf '#!/bin/sh\nexec "%s" %s %s "$@"\n' "$zig" "$command" "$options" \
        >"$folder/zig-$command"
    chmod +x "$folder/zig-$command"
done
