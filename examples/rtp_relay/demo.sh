#!/bin/sh
# demo.sh RTP_ECHO RTP_RELAY RTP_LOAD
# A relayed call: RTP_LOAD speaks through RTP_RELAY to RTP_ECHO, and hears itself. What a SIP proxy
# would tell the relay is told by this script.
set -eu
echo_program=$1
relay_program=$2
load_program=$3
caller=127.0.0.1
caller_port=$(python3 -c 'import socket
with socket.socket(type=socket.SOCK_DGRAM) as free:
    free.bind(("127.0.0.1", 0))
    print(free.getsockname()[1])')

# The programs are ended with this script, or otherwise by their timeouts.
work=$(mktemp -d)
echo_pid=
relay_pid=
finish() {
    trap - EXIT
    for pid in $echo_pid $relay_pid; do kill -INT "$pid" 2>/dev/null || true; done
    rm -r "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

mkfifo "$work/echo" "$work/relay"
command="rtp_echo --bind 127.0.0.1:0"
printf '$ %s &\n' "$command"
timeout --signal=INT 60 "$echo_program" ${command#rtp_echo } >"$work/echo" &
echo_pid=$!
exec 3<"$work/echo"
read -r ready <&3 || exit 1 # rtp_echo has said why
echo "$ready"
callee=${ready#listening on }

command="rtp_relay --listen 127.0.0.1 --ports 30000-30999"
printf '\n$ %s --control unix:%s &\n' "$command" "$work/control"
timeout --signal=INT 60 "$relay_program" ${command#rtp_relay } --control "unix:$work/control" \
    >"$work/relay" &
relay_pid=$!
exec 4<"$work/relay"
for _ in commands media; do
    read -r ready <&4 || exit 1 # rtp_relay has said why
    echo "$ready"
done

# A command of a proxy; prints the answer.
tell() {
    printf '\n> %s\n' "$1"
    answer=$(python3 -c 'import socket, sys
with socket.socket(socket.AF_UNIX) as control:
    control.connect(sys.argv[1])
    control.sendall(sys.argv[2].encode())
    print(control.recv(200).decode().strip())' "$work/control" "$1")
    echo "< $answer"
    case $answer in E*) exit 1 ;; esac
}
tell "Uc0 call $caller $caller_port from;1"
tell "Lc0 call ${callee%:*} ${callee##*:} from;1 to;1"
target="${answer#* }:${answer%% *}"

command="rtp_load --streams 1 --duration 5 --source-port $caller_port --target $target"
printf '\n$ %s\n' "$command"
status=0
"$load_program" ${command#rtp_load } || status=$?

tell "Q call from;1 to;1"
tell "D call from to"
printf '\n$ kill -INT %%1 %%2\n'
kill -INT "$echo_pid" "$relay_pid"
cat <&4
wait "$relay_pid" || status=$?
wait "$echo_pid" || status=$?
echo_pid=
relay_pid=
exit "$status"
