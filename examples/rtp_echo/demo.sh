#!/bin/sh
# demo.sh RTP_ECHO RTP_LOAD PLOT
# Sends a hundred streams for five seconds from RTP_LOAD to RTP_ECHO and prints both reports.
set -eu
echo_program=$1
load_program=$2
plot=$3
streams=100

# rtp_echo is ended with this script, or otherwise by its timeout.
work=$(mktemp -d)
echo_pid=
finish() {
    trap - EXIT
    [ -z "$echo_pid" ] || kill -INT "$echo_pid" 2>/dev/null || true
    rm -r "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

mkfifo "$work/said"
command="rtp_echo --bind 127.0.0.1:0 --channels $streams"
printf '$ %s &\n' "$command"
timeout --signal=INT 60 "$echo_program" ${command#rtp_echo } >"$work/said" &
echo_pid=$!
exec 3<"$work/said"
read -r ready <&3 || exit 1 # rtp_echo has said why
echo "$ready"
target=${ready#listening on }
target=${target%% *}

command="rtp_load --streams $streams --duration 5 --target $target"
printf '\n$ %s --plot %s\n' "$command" "$plot"
status=0
"$load_program" ${command#rtp_load } --plot "$plot" || status=$?

printf '\n$ kill -INT %%1\n'
kill -INT "$echo_pid"
cat <&3
wait "$echo_pid" || status=$?
echo_pid=
[ "$status" -eq 0 ] || exit "$status"
printf '\nThe plot: %s\n' "$plot"
