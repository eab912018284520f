#!/bin/sh
# wine.sh BUILD_DIR PROGRAM [ARGUMENT...]
# Runs a Windows program that was built in BUILD_DIR. wine keeps its registry and its copies of the
# system's libraries there, 0.7 GB, and not in the user's home.
set -eu
build=$1
shift
export WINEPREFIX="$build/wine" WINEDEBUG="${WINEDEBUG:--all}" DISPLAY="" LC_ALL=C.UTF-8
export WINEDLLOVERRIDES="mscoree,mshtml,winemenubuilder.exe="
mkdir -p "$WINEPREFIX"
exec 9>"$WINEPREFIX/lock"
flock 9
if [ ! -e "$WINEPREFIX/ready" ]; then
    wine wineboot --init >"$WINEPREFIX/log" 2>&1 9>&-
    wineserver --wait
    touch "$WINEPREFIX/ready"
fi
# A server that ends while a program begins is taken for one that hangs: it waits for a minute for
# the next one. Windows' services begin with the first program and keep what is its output open, on
# whose end ctest waits; so that one is none of ours.
if wineserver --persistent=60 >/dev/null 2>&1 9>&-; then
    wine cmd /c exit >/dev/null 2>&1 9>&-
fi # else there is one already
exec 9>&-

# Where the compiler has its run-time libraries, and where ours is.
path="$build/lib"
for library in libstdc++-6.dll libgcc_s_seh-1.dll libwinpthread-1.dll; do
    path="$path;$(dirname "$(x86_64-w64-mingw32-g++-posix -print-file-name=$library)")"
done
WINEPATH=$(echo "$path" | sed 's,/,\\,g; s,\(^\|;\)\\,\1Z:\\,g')
export WINEPATH
exec wine "$@"
