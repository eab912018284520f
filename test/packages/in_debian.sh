#!/usr/bin/env bash
# Run by debian.sh in a fresh system, in a directory that has the packages and users' programs.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

quietly() {
    "$@" >log 2>&1 || { cat log >&2; fail "$*"; }
}

run() { # what it shows, command
    printf '%-24s ' "$1:"
    "${@:2}" || fail "$1"
}

line() { # what it has in it, command
    "${@:2}" >log 2>&1 && grep -m 1 -e "$1" log || { cat log >&2; return 1; }
}

files() { find /usr /etc /opt /var/lib -path /var/lib/dpkg -prune -o -path /var/lib/apt -prune -o -print | sort; }

quietly apt-get -q update
quietly apt-get -q install -y --no-install-recommends g++ cmake make pkg-config
names=()
for package in *.deb; do names+=("${package%%_*}"); done
# With the packages' own dependencies in place, what is new is ours.
quietly apt-get -q install -y --no-install-recommends ./*.deb
dpkg-query --show --showformat='${Package} ${Version}: ${Depends}\n' "${names[@]}"
quietly apt-get -q purge -y "${names[@]}"
files >before
quietly apt-get -q install -y --no-install-recommends ./*.deb
files >installed
! diff -q before installed >/dev/null || fail "nothing was installed"

for kind in "" _c _opus _srtp; do
    quietly cmake -S "consumer/find_package$kind" -B "build$kind" -DSERVER_CPP="$PWD/3_network.cpp"
    quietly cmake --build "build$kind"
    run "find_package$kind" "build$kind/consumer"
done
run "find_package, server" line conceal build/server
read -ra flags <<<"$(pkg-config --cflags --libs rtpsynth)"
quietly cc consumer/main.c "${flags[@]}" -o main-c
run "pkg-config, C" ./main-c
read -ra flags <<<"$(pkg-config --cflags --libs rtpsynth_asio_server)"
quietly c++ -std=c++20 3_network.cpp "${flags[@]}" -o server
run "pkg-config, server" line conceal ./server
read -ra flags <<<"$(pkg-config --cflags --libs rtpsynth_opus)"
quietly c++ -std=c++20 consumer/opus.cpp "${flags[@]}" -o opus
run "pkg-config, opus" ./opus
read -ra flags <<<"$(pkg-config --cflags --libs rtpsynth_srtp)"
quietly c++ -std=c++20 consumer/srtp.cpp "${flags[@]}" -o srtp
run "pkg-config, srtp" ./srtp
libraries=$(ldd build/consumer)
[[ $libraries == *' => /lib/'*/librtpsynth.so.2\ * ]] || fail "another library is used: $libraries"

run "rtp_replay" line "2 RTP streams" rtp_replay two_ssrc.pcap
run "rtp_load, rtp_echo" line "100 echoed" sh demo.sh rtp_echo rtp_load plot.svg
run "Python" env PYTHONPATH= python3 consumer/python_package.py
run "Python, opus" python3 -c \
    'from rtpsynth.media import Encoder; print(Encoder("opus/48000/2"))'
[ -d /usr/lib/python3/dist-packages/rtpsynth/__pycache__ ] || fail "postinst compiled nothing"

quietly apt-get -q purge -y "${names[@]}"
files >after
diff before after || fail "purging left something behind"
quietly apt-get -q autoremove -y --purge
left=$(find / -xdev -path "$PWD" -prune -o -path /proc -prune -o \( -name '*rtpsynth*' -o -name 'rtp_*' \) -print |
    grep -v '^/var/cache/' || true)
[ -z "$left" ] || fail "left behind: $left"
echo "purged: $(comm -13 before installed | wc -l) files and directories, none left"
