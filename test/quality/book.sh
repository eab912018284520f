#!/bin/sh
# Makes the tables and pictures of docs/quality.md anew: builds the programs in build/quality, scores them beside other
# libraries, and writes into docs. Debian's packages of these and of the speech:
#     apt-get install asterisk-core-sounds-en-wav asterisk-core-sounds-en-g722 libspandsp-dev libtgowt-dev \
#         libgstreamer1.0-dev gstreamer1.0-plugins-good
set -eu
cd "$(dirname "$0")/../.."
build=build/quality
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DRTPSYNTH_QUALITY_BOOK=ON -DRTPSYNTH_BUILD_TESTS=OFF \
    -DRTPSYNTH_BUILD_PYTHON=OFF -DRTPSYNTH_BUILD_EXAMPLES=OFF >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
cmake --build "$build" --target quality_concealment quality_playout -- -j2
if [ ! -x "$build/venv/bin/python" ]; then
    /usr/bin/python3 -m venv "$build/venv"
    "$build/venv/bin/pip" install --quiet numpy==2.4.6 pesq==0.0.4 aiortc==1.16.0 av==18.1.0
fi
exec "$build/venv/bin/python" test/quality/book.py "$build/test/quality" docs
