#!/bin/bash
# Makes the captures of this folder anew, in the current directory. Needs root (tcpdump, SIPp's
# packet player) and the packages that README.md names.
# Usage: make.sh [NAME]...
set -eu
here=$(cd "$(dirname "$0")" && pwd)
impair() { python3 "$here/impair.py" "$@"; }

# record_with TOOL FILE FILTER COMMAND...: records the loopback interface while the command runs.
record_with() {
    local tool=$1 file=$2 filter=$3
    shift 3
    rm -f "$file"
    case $tool in
    tcpdump) tcpdump -i lo -U -q -w "$file" $filter 2>/dev/null & ;;
    tcpdump-any) tcpdump -i any -U -q -w "$file" $filter 2>/dev/null & ;;
    tcpdump-short) tcpdump -i lo -U -q -s 80 -w "$file" $filter 2>/dev/null & ;;
    tshark) tshark -i lo -q -w "$file" -f "$filter" 2>/dev/null & ;;
    esac
    local recorder=$!
    sleep 2
    "$@" || echo "$file: the sender failed" >&2
    sleep 1
    kill -INT $recorder
    wait $recorder || true
}

ff_audio() { # CODEC SECONDS URL [OPTION]...
    ffmpeg -nostdin -loglevel error -re -f lavfi -i "sine=frequency=440:sample_rate=${5:-8000}" \
        -t "$2" -ac 1 -ar "${5:-8000}" -c:a "$1" ${4:-} -f rtp "$3" >/dev/null
}
gst_audio() { # ENCODER PAYLOADER BUFFERS PORT
    gst-launch-1.0 -q audiotestsrc is-live=true samplesperbuffer=160 num-buffers="$3" \
        ! audio/x-raw,rate=8000,channels=1 ! $1 ! $2 min-ptime=20000000 max-ptime=20000000 \
        ! udpsink host=127.0.0.1 port="$4" sync=true
}

ffmpeg_pcmu_loss() {
    impair --listen 40001 --to 40000 --seed 1 --loss 0.05 &
    ff_audio pcm_mulaw 8 'rtp://127.0.0.1:40001?pkt_size=172'
    wait $!
}
gst_pcma_reorder() {
    impair --listen 40003 --to 40002 --seed 2 --late 0.02 --late-ms 70 --jitter-ms 15 &
    local relay=$!
    gst_audio alawenc 'rtppcmapay' 400 40003
    wait $relay
}
two_ssrc() {
    impair --listen 40005 --to 40004 --seed 3 --loss 0.01 &
    local relay=$!
    gst_audio mulawenc 'rtppcmupay ssrc=287454020' 150 40005 &
    ff_audio pcm_alaw 4 'rtp://127.0.0.1:40005?pkt_size=172' '-ssrc 1432778632'
    wait $relay
}
ffmpeg_g722_ipv6() {
    ff_audio g722 4 'rtp://[::1]:40006?pkt_size=172' '' 16000
}
gst_pcmu_wrap() {
    impair --listen 40009 --to 40008 --seed 4 --loss 0.03 --duplicate 0.03 --jitter-ms 5 &
    local relay=$!
    gst_audio mulawenc 'rtppcmupay seqnum-offset=65400 timestamp-offset=4294950000' 300 40009
    wait $relay
}
ffmpeg_mpv_reorder() {
    impair --listen 40011 --to 40010 --seed 5 --late 0.04 --late-ms 3 --loss 0.01 &
    local relay=$!
    ffmpeg -nostdin -loglevel error -re -f lavfi -i testsrc2=size=352x288:rate=25 -t 5 \
        -c:v mpeg1video -bf 0 -b:v 800k -f rtp 'rtp://127.0.0.1:40011?pkt_size=400' >/dev/null
    wait $relay
}
gst_pcma_any() {
    gst_audio alawenc rtppcmapay 150 40012
}
sipp_call() {
    local work
    work=$(mktemp -d)
    ln -s /usr/share/sip-tester "$work/pcap"
    (
        cd "$work"
        sipp -sn uas -i 127.0.0.1 -p 5070 -m 1 -bg >/dev/null 2>&1 || true
        sipp -sn uac_pcap -i 127.0.0.1 -p 5071 -mi 127.0.0.1 -m 1 127.0.0.1:5070 </dev/null >sipp.log 2>&1 || cat sipp.log
    )
    rm -r "$work"
}

make_ffmpeg_pcmu_loss() { record_with tcpdump ffmpeg_pcmu_loss.pcap 'udp port 40000' ffmpeg_pcmu_loss; }
make_gst_pcma_reorder() { record_with tshark gst_pcma_reorder.pcapng 'udp port 40002' gst_pcma_reorder; }
make_two_ssrc() { record_with tcpdump two_ssrc.pcap 'udp port 40004' two_ssrc; }
make_ffmpeg_g722_ipv6() { record_with tshark ffmpeg_g722_ipv6.pcapng 'udp port 40006 or udp port 40007' ffmpeg_g722_ipv6; }
make_gst_pcmu_wrap() { record_with tcpdump gst_pcmu_wrap.pcap 'udp port 40008' gst_pcmu_wrap; }
make_ffmpeg_mpv_reorder() { record_with tcpdump-short ffmpeg_mpv_reorder.pcap 'udp port 40010' ffmpeg_mpv_reorder; }
make_gst_pcma_any() { record_with tcpdump-any gst_pcma_any.pcap 'udp port 40012' gst_pcma_any; }
make_sipp_call() { record_with tshark sipp_call.pcapng 'udp' sipp_call; }

if [ $# -eq 0 ]; then
    set -- ffmpeg_pcmu_loss gst_pcma_reorder two_ssrc ffmpeg_g722_ipv6 gst_pcmu_wrap \
        ffmpeg_mpv_reorder gst_pcma_any sipp_call
fi
for name in "$@"; do
    echo "$name"
    "make_$name"
done
ls -l -- *.pcap *.pcapng
