#!/usr/bin/env bash
# python_package.sh installed|wheel BUILD_DIR PYTHON
# installed: `cmake --install` of BUILD_DIR into virtual environments and elsewhere.
# wheel:     sdist, wheel and installation of it, as `pip install .` does; 77 if the build backend
#            is neither in BUILD_DIR nor to be had from the package index.
# Then a user's program runs against each.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "$2" && pwd)
python=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" # not where an unfinished package could be imported from
export PYTHONDONTWRITEBYTECODE=1
unset PYTHONPATH VIRTUAL_ENV

cached() { sed -nE "s/^$1:[A-Z]+=//p" "$build/CMakeCache.txt"; }

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# What a step prints is of interest only where it fails.
quietly() {
    "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$*"; }
}

use() { # what it shows, command that runs a program of Python
    printf '%-34s ' "$1:"
    "${@:2}" "$here/python_package.py" || fail "$1"
}

new_environment() { quietly "$python" -m venv --without-pip "$1"; }

install_component() { # component, prefix
    quietly cmake --install "$build" --component "$1" --prefix "$2"
}

installed() {
    new_environment "$work/venv"
    install_component runtime "$work/venv"
    install_component opus "$work/venv"
    install_component srtp "$work/venv"
    install_component python "$work/venv"
    use "cmake --install, venv" "$work/venv/bin/python"

    # Moved: the package finds the library by where it lies.
    mkdir "$work/staged"
    install_component runtime "$work/staged"
    install_component opus "$work/staged"
    install_component srtp "$work/staged"
    install_component python "$work/staged"
    mv "$work/staged" "$work/prefix"
    local package
    package=$(cd "$work"/prefix/lib*/python*/ && find "$PWD" -name rtpsynth -type d)
    use "cmake --install, moved prefix" env PYTHONPATH="${package%/*}" "$python"

    # What README says: the prefix is known when installing, not before.
    quietly env DESTDIR="$work/root" \
        cmake --install "$build" --component python --prefix "$HOME/.local"
    package=$(find "$work/root" -name rtpsynth -type d)
    local user_site
    user_site=$("$python" -c 'import site; print(site.getusersitepackages())')
    if "$python" -c 'import site; exit(not site.check_enableusersite())'; then
        [ "$package" = "$work/root$user_site/rtpsynth" ] || fail "$package, not in $user_site"
    fi
}

# Compiling takes minutes, and BUILD_DIR has compiled the same sources: its objects are taken.
write_compiler() {
    cat >"$work/compiler" <<SH
#!/bin/sh
object= previous=
for argument; do
    [ "\$previous" = -o ] && object=\$argument
    previous=\$argument
done
[ -e "$build/\$object" ] && exec cp "$build/\$object" "\$object"
exec "\$@"
SH
    chmod +x "$work/compiler"
}

wheel() {
    local tools=$build/python_package_tools
    if ! "$tools/bin/python" -c 'import build, scikit_build_core' 2>/dev/null; then
        rm -rf "$tools"
        if ! { "$python" -m venv "$tools" &&
            "$tools/bin/pip" install --quiet --retries 1 build 'scikit-build-core>=0.11'
        } >"$work/log" 2>&1; then
            rm -rf "$tools"
            tail -n 3 "$work/log"
            echo "SKIPPED: no scikit-build-core; the package index could not be reached"
            exit 77
        fi
    fi
    write_compiler
    local definition
    local -a definitions=(-Ccmake.build-type="$(cached CMAKE_BUILD_TYPE)")
    # The objects of BUILD_DIR use opus and SRTP if that has them.
    for definition in CMAKE_C_COMPILER CMAKE_CXX_COMPILER CMAKE_C_FLAGS CMAKE_CXX_FLAGS \
        CMAKE_UNITY_BUILD RTPSYNTH_OPUS RTPSYNTH_SRTP; do
        definitions+=("-Ccmake.define.$definition=$(cached $definition)")
    done
    for definition in CMAKE_C_COMPILER_LAUNCHER CMAKE_CXX_COMPILER_LAUNCHER; do
        definitions+=("-Ccmake.define.$definition=$work/compiler")
    done

    # From the sdist, which holds what is needed and nothing else.
    quietly "$tools/bin/python" -m build --no-isolation --sdist --outdir "$work/dist" "$root"
    tar -xzf "$work"/dist/rtpsynth-*.tar.gz
    local -a strangers
    mapfile -t strangers < <(cd "$work"/rtpsynth-*/ && find . -type f |
        grep -vE -e '^\./(asio_server|cmake|docs|lib|python_ext)/' \
            -e '^\./(CMakeLists.txt|LICENSE|PKG-INFO|README.md|pyproject.toml)$')
    ((${#strangers[@]} == 0)) || fail "in the sdist: ${strangers[*]}"
    quietly "$tools/bin/python" -m build --no-isolation --wheel --outdir "$work/dist" \
        "${definitions[@]}" "$work"/rtpsynth-*/
    local -a wheels=("$work"/dist/rtpsynth-*.whl)
    mapfile -t strangers < <("$python" -m zipfile --list "${wheels[0]}" |
        awk 'NR > 1 { print $1 }' |
        grep -vE -e '^rtpsynth/([A-Za-z_]+\.pyi?|py\.typed|_rtpsynth\.[a-z0-9_-]+\.so)$' \
            -e '^rtpsynth-[0-9.]+\.dist-info/')
    ((${#strangers[@]} == 0)) || fail "in the wheel: ${strangers[*]}"

    new_environment "$work/venv"
    quietly "$tools/bin/pip" --python "$work/venv/bin/python" \
        install --no-index --no-deps "${wheels[0]}"
    use "wheel" env RTPSYNTH_VERSION="$(cached CMAKE_PROJECT_VERSION)" "$work/venv/bin/python"
    if readelf -d "$work"/venv/lib*/python*/site-packages/rtpsynth/_rtpsynth.*.so |
        grep -E 'librtpsynth|R(UN)?PATH'; then
        fail "the wheel's extension asks for a library of ours"
    fi

    local -a mypy=("$python" -m mypy)
    if "${mypy[@]}" --version >/dev/null 2>&1; then
        printf '%s\n' 'from rtpsynth.RtpSynth import RtpSynth' \
            'packet: bytes = RtpSynth(8000, 20).next_pkt(160, 0)' >"$work/typed.py"
        quietly "${mypy[@]}" --strict --cache-dir "$work/mypy" \
            --python-executable "$work/venv/bin/python" "$work/typed.py"
        echo "mypy --strict: what is installed is typed"
    fi
}

case $1 in
installed) installed ;;
wheel) wheel ;;
*) fail "unknown argument '$1'" ;;
esac
