#!/usr/bin/env bash
# run.sh BUILD_DIR
# Installs BUILD_DIR's libraries into a temporary prefix, then builds and runs main.c, main.cpp and
# the documents' programs as a user would: by find_package, by add_subdirectory, by FetchContent, by
# pkg-config, and by pkg-config against static libraries.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cached() { sed -nE "s/^$1:[A-Z]+=//p" "$build/CMakeCache.txt"; }
cc=$(cached CMAKE_C_COMPILER)
cxx=$(cached CMAKE_CXX_COMPILER)
c_flags=(-std=c99 -O0 -Wall -Wextra -Wpedantic -Werror)
cxx_flags=(-std=c++20 -O0 -Wall -Wextra -Wpedantic -Werror)

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# What a step prints is of interest only where it fails.
quietly() {
    "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$*"; }
}

# In a few pieces, to save minutes: the build before has compiled each file by itself.
configure() { # source directory, build directory, further arguments
    quietly cmake -S "$1" -B "$2" -G "$(cached CMAKE_GENERATOR)" -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=20 \
        -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" \
        -DCMAKE_C_FLAGS="${c_flags[*]:1}" -DCMAKE_CXX_FLAGS="${cxx_flags[*]:1}" "${@:3}"
}

run() { # what it shows, command
    printf '%-26s ' "$1:"
    "${@:2}" || fail "$1"
}

says() { # what it is to print, what it shows, command
    local said
    said=$(run "${@:2}")
    echo "${said//$'\n'/, }"
    [[ $said == *" $1" ]] || fail "$2: not what the documents say"
}

# README's program in a language, and the server of Getting started.
readme_block() { # language
    awk -v fence="\`\`\`$1" '
        $0 == fence { inside = 1; next }
        /^```$/ { inside = 0 }
        inside' "$root/README.md"
}
readme_block c >"$work/readme.c"
readme_block cpp >"$work/readme.cpp"
cp "$root/docs/snippets/getting_started/3_network.cpp" "$work/server.cpp"

run_server() { # what it shows, command
    says $'play 160 bytes\nplay 160 bytes\nplay 160 bytes\nconceal 20 ms\nplay 160 bytes' "$@"
}

# The prefix is moved after the installation: nothing installed may name its own place.
for component in runtime opus srtp development; do
    quietly cmake --install "$build" --prefix "$work/installed" --component "$component"
done
mv "$work/installed" "$work/prefix"
grep -rlF -e "$work/installed" -e "$build" -e "$root" --include='*.cmake' --include='*.pc' \
    "$work/prefix" && fail "installed files name the build's directories"
[ -e "$work/prefix/share/doc/rtpsynth/LICENSE" ] || fail "no licence installed"

# The headers of the C face, each on its own, by the oldest C and C++ that they promise to be.
for header in "$work"/prefix/include/*.h; do
    quietly "$cc" "${c_flags[@]}" -fsyntax-only -x c -I"$work/prefix/include" "$header"
    quietly "$cxx" -std=c++11 "${cxx_flags[@]:1}" -fsyntax-only -x c++ \
        -I"$work/prefix/include" "$header"
done

for language in "" _c; do
    configure "$here/find_package$language" "$work/find_package$language" \
        -DCMAKE_PREFIX_PATH="$work/prefix" -DSERVER_CPP="$work/server.cpp"
    quietly cmake --build "$work/find_package$language"
    run "find_package$language" "$work/find_package$language/consumer"
done
run_server "find_package, server" "$work/find_package/server"

# A version that is not ours is refused.
sed 's/find_package(rtpsynth 2.0/find_package(rtpsynth 1.3/' "$here/find_package/CMakeLists.txt" \
    >"$work/CMakeLists.txt"
if (configure "$work" "$work/other_version" -DCMAKE_PREFIX_PATH="$work/prefix") 2>/dev/null; then
    fail "find_package(rtpsynth 1.3) was satisfied"
fi
grep -q 'requested version "1.3"' "$work/log" || fail "find_package(rtpsynth 1.3) failed otherwise"

# As a subproject the library is static unless the parent says otherwise, and installs only if asked.
configure "$here/add_subdirectory" "$work/add_subdirectory" -DRTPSYNTH_SOURCE_DIR="$root" \
    -DSERVER_CPP="$work/server.cpp"
quietly cmake --build "$work/add_subdirectory"
run "add_subdirectory, C" "$work/add_subdirectory/consumer_c"
run "add_subdirectory, C++" "$work/add_subdirectory/consumer_cpp"
run_server "add_subdirectory, server" "$work/add_subdirectory/server"
quietly cmake --install "$work/add_subdirectory" --prefix "$work/static"
[ ! -e "$work/static" ] || fail "a subproject installed something unasked"
quietly cmake -DRTPSYNTH_INSTALL=ON "$work/add_subdirectory"
quietly cmake --install "$work/add_subdirectory" --prefix "$work/static"
[ -e "$work/static/$(cached CMAKE_INSTALL_LIBDIR)/librtpsynth.a" ] || fail "no static library installed"

# A static library leaves it to its user to link libopus and libsrtp2.
for part in opus srtp; do
    [ -e "$work/prefix/$(cached CMAKE_INSTALL_LIBDIR)/pkgconfig/rtpsynth_$part.pc" ] || continue
    for prefix in prefix static; do
        configure "$here/find_package_$part" "$work/${part}_$prefix" \
            -DCMAKE_PREFIX_PATH="$work/$prefix"
        quietly cmake --build "$work/${part}_$prefix"
        run "find_package, $part, $prefix" "$work/${part}_$prefix/consumer"
    done
done

# FetchContent takes what find_package() finds, and otherwise downloads: here this checkout.
tar -cz -C "$root" --exclude=./build --exclude='./build-*' --exclude=./.git --exclude=__pycache__ . \
    >"$work/rtpsynth.tar.gz"
for prefix in prefix none; do
    configure "$here/fetch_content" "$work/fetch_$prefix" -DCMAKE_PREFIX_PATH="$work/$prefix" \
        -DRTPSYNTH_URL="file://$work/rtpsynth.tar.gz"
    quietly cmake --build "$work/fetch_$prefix" --target consumer_c consumer_cpp
    run "FetchContent, $prefix, C" "$work/fetch_$prefix/consumer_c"
    run "FetchContent, $prefix, C++" "$work/fetch_$prefix/consumer_cpp"
done
[ ! -e "$work/fetch_prefix/_deps/rtpsynth-src" ] || fail "fetched what was installed"
[ -e "$work/fetch_none/_deps/rtpsynth-src" ] || fail "fetched nothing"

pkg_config() { # prefix, arguments
    PKG_CONFIG_PATH=$1/$(cached CMAKE_INSTALL_LIBDIR)/pkgconfig pkg-config "${@:2}"
}
read -ra shared <<<"$(pkg_config "$work/prefix" --cflags --libs rtpsynth)"
read -ra static <<<"$(pkg_config "$work/static" --static --cflags --libs rtpsynth)"
read -ra server_shared <<<"$(pkg_config "$work/prefix" --cflags --libs rtpsynth_asio_server)"
read -ra server_static <<<"$(pkg_config "$work/static" --static --cflags --libs rtpsynth_asio_server)"
LD_LIBRARY_PATH=$work/prefix/$(cached CMAKE_INSTALL_LIBDIR)
export LD_LIBRARY_PATH
quietly "$cc" "${c_flags[@]}" "$here/main.c" "${shared[@]}" -o "$work/main-c"
run "pkg-config, C" "$work/main-c"
quietly "$cxx" "${cxx_flags[@]}" "$here/main.cpp" "${shared[@]}" -o "$work/main-cpp"
run "pkg-config, C++" "$work/main-cpp"
quietly "$cc" "${c_flags[@]}" "$work/readme.c" "${shared[@]}" -o "$work/readme-c"
says $'packet 0: 160 samples\npacket 1: 160 samples\npacket 2: 160 samples\npacket 3: 160 samples' \
    "README, C" "$work/readme-c"
quietly "$cxx" "${cxx_flags[@]}" "$work/readme.cpp" "${shared[@]}" -o "$work/readme-cpp"
says $'play\nconceal\nplay\nplay' "README, C++" "$work/readme-cpp"
quietly "$cxx" "${cxx_flags[@]}" "$work/server.cpp" "${server_shared[@]}" -o "$work/server-shared"
run_server "pkg-config, server" "$work/server-shared"
unset LD_LIBRARY_PATH
quietly "$cc" "${c_flags[@]}" "$here/main.c" "${static[@]}" -o "$work/static-c"
run "pkg-config --static, C" "$work/static-c"
quietly "$cxx" "${cxx_flags[@]}" "$here/main.cpp" "${static[@]}" -o "$work/static-cpp"
run "pkg-config --static, C++" "$work/static-cpp"
quietly "$cxx" "${cxx_flags[@]}" "$work/server.cpp" "${server_static[@]}" -o "$work/static-server"
run_server "pkg-config --static, server" "$work/static-server"
