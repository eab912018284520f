"""rtp_replay against tshark, its errors and its output."""
import json
import os
import pty
import re
import struct
import subprocess

import pytest

from replay_tools import (CAPTURES, RAW, REPLAY, SIP_TESTER, ethernet, ipv4, only_stream,
                          over_ethernet, pcap, replay, replay_json, rtp, speech, tshark_packets,
                          tshark_streams, udp)

RECORDED = sorted([*CAPTURES.glob("*.pcap"), *CAPTURES.glob("*.pcapng"),
                   *SIP_TESTER.glob("*.pcap")])


def key_of(stream):
    src, dst = stream["source"], stream["destination"]
    return src["address"], src["port"], dst["address"], dst["port"], stream["ssrc"]


def test_there_is_something_to_compare():
    assert sum(path.parent == SIP_TESTER for path in RECORDED) == 13
    assert sum(path.parent == CAPTURES for path in RECORDED) >= 3


# tshark counts up to the packet that came last, RFC 3550 up to the highest: they would differ in a
# capture whose very last packet came out of order. Both count a duplicate as a packet, and for tshark
# it makes up for one that is lost (RFC 3550 A.3); we tell what never came.
@pytest.mark.parametrize("path", RECORDED, ids=lambda p: p.name)
def test_agrees_with_tshark(path):
    theirs = tshark_streams(path)
    result, status = replay_json(path)
    assert status == 0
    ours = {key_of(s): s for s in result["streams"]}
    assert theirs and ours.keys() == theirs.keys()
    for key, (packets, lost, delta, jitter) in theirs.items():
        assert ours[key]["packets"] == packets
        assert ours[key]["lost"] - ours[key]["duplicates"] == lost
        assert ours[key]["max_delta_ms"] == pytest.approx(delta["max"], abs=0.002)
        if jitter["min"] < 0:  # it computes none without a clock rate; nor do we, of events
            assert ours[key]["mean_jitter_ms"] is None
            continue
        if ours[key]["reordered"]:  # tshark 4.4 leaves late packets out of its jitter
            continue
        # tshark leaves marked packets out of mean and maximum
        assert ours[key]["mean_jitter_ms"] == pytest.approx(jitter["mean"], rel=0.05, abs=0.001)
        assert ours[key]["max_jitter_ms"] == pytest.approx(jitter["max"], rel=0.05, abs=0.001)


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*_reorder.*")), ids=lambda p: p.name)
def test_jitter_of_reordered_packets_is_that_of_rfc_3550(path):
    stream = only_stream(path)
    assert stream["reordered"] > 0
    transits = [seconds - timestamp / stream["clock_rate"]
                for seconds, timestamp in tshark_packets(path)]
    jitter = [0]
    for before, transit in zip(transits, transits[1:]):
        jitter.append(jitter[-1] + (abs(transit - before) - jitter[-1]) / 16)
    mean = sum(jitter) / (len(jitter) - 1)
    assert stream["mean_jitter_ms"] == pytest.approx(1000 * mean, abs=0.001)
    assert stream["max_jitter_ms"] == pytest.approx(1000 * max(jitter), abs=0.001)


def test_captures_hold_what_their_names_say():
    def streams(name):
        return replay_json(CAPTURES / name)[0]["streams"]
    assert streams("ffmpeg_pcmu_loss.pcap")[0]["lost"] > 0
    assert streams("gst_pcma_reorder.pcapng")[0]["reordered"] > 0
    assert len({s["ssrc"] for s in streams("two_ssrc.pcap")}) == 2
    assert streams("gst_pcmu_wrap.pcap")[0]["duplicates"] > 0
    assert ":" in streams("ffmpeg_g722_ipv6.pcapng")[0]["source"]["address"]
    assert {s["codec"] for s in streams("sipp_call.pcapng")} == {"PCMA", "telephone-event"}


def test_counts_what_was_done_to_a_stream(write):
    packets = speech(100, lost=(40, 41, 42, 70))
    packets.insert(20, packets[19])
    packets[50], packets[51] = packets[51], packets[50]
    stream = only_stream(write(pcap(over_ethernet(packets))))
    assert stream["packets"] == 97 and stream["duplicates"] == 1 and stream["reordered"] == 1
    assert stream["missing"] == stream["lost"] == 4
    assert stream["erasures"] == 2 and stream["erased_packets"] == 4
    assert stream["dropped_packets"] == 1 and stream["duration_s"] == pytest.approx(1.981)


def test_a_restart_of_the_sender_is_no_loss(write):
    packets = [(1000 + 0.02 * i, rtp(i if i < 30 else 9000 + i, 160 * i)) for i in range(60)]
    stream = only_stream(write(pcap(over_ethernet(packets))))
    assert stream["packets"] == 60 and stream["restarts"] == 1 and stream["rejected"] == 1
    assert stream["lost"] == stream["missing"] == stream["erasures"] == 0


def test_a_gap_is_waited_for_no_longer_than_asked(write):
    packets = speech(60)
    packets.insert(20, packets.pop(10))  # comes 200 ms late
    path = write(pcap(over_ethernet([(1000 + 0.02 * i, p) for i, (_, p) in enumerate(packets)])))
    assert only_stream(path)["erasures"] == 0
    assert only_stream(path, "--max-delay", 100)["erasures"] == 1
    assert only_stream(path, "--capacity", 5)["erasures"] == 1


def test_three_packets_in_sequence_are_a_stream_and_two_need_a_port(write):
    three = write(pcap(over_ethernet(speech(3))))
    two = write(pcap(over_ethernet(speech(2))), "two.pcap")
    assert only_stream(three)["packets"] == 3
    assert replay_json(two)[1] == 1
    assert only_stream(two, "--port", 5004)["packets"] == 2
    assert only_stream(two, "-p", 1, "-p", 4000)["packets"] == 2
    run = replay(two, "--port", 1)
    assert run.returncode == 1 and "no RTP on the ports given" in run.stderr


def test_what_looks_like_rtp_but_is_not_in_sequence_is_no_stream(write):
    noise = [(1000 + i, rtp(i * 7919, i)) for i in range(200)]
    rtcp = [(1000 + i, rtp(i, i, pt=72, marker=True)) for i in range(200)]
    for packets in noise, rtcp:
        result, status = replay_json(write(pcap(over_ethernet(packets))))
        assert status == 1 and result["streams"] == [] and "--port" in result["error"]


def test_clock_rate_of_a_dynamic_payload_type(write):
    packets = [(1000 + 0.02 * i, rtp(i, 960 * i, pt=96)) for i in range(50)]
    path = write(pcap(over_ethernet(packets)))
    unknown, given = only_stream(path), only_stream(path, "--clock", "96=48000")
    assert unknown["clock_rate"] is unknown["max_jitter_ms"] is unknown["mean_jitter_ms"] is None
    table = replay(path).stdout
    assert "--clock 96=RATE" in table and re.search(r"PT 96 +50 +0 +0 +0 +- +- +0 ", table)
    assert given["clock_rate"] == 48000 and given["max_jitter_ms"] == 0


def test_table_of_real_speech():
    run = replay(SIP_TESTER / "g711a.pcap")
    assert run.returncode == 0 and run.stderr == ""
    assert run.stdout.splitlines()[1:] == [
        "",
        "                                                          Jitter (ms)",
        "SSRC        Codec  Packets  Lost  Duplicates  Reordered    max   mean  Erasures  Duration",
        "-" * 89,
        "10.1.3.143:5000 -> 10.1.6.18:2006",
        "0xDEE0EE8F  PCMA       236     0           0          0  0.829  0.350         0   7.050 s",
        "            MOS 4.41 (R 93.2), max delta 34.8 ms",
        ""]


def test_a_stream_of_many_codecs_does_not_widen_the_table(write):
    types = [pt for pt in range(128) if not 72 <= pt < 77]
    packets = [(1000 + 0.02 * i, rtp(i, 160 * i, pt=pt)) for i, pt in enumerate([0, 0, *types])]
    path = write(pcap(over_ethernet(packets)))
    (row,) = [line for line in replay(path).stdout.splitlines() if line.startswith("0x1122")]
    assert f" +{len(types) - 4} more " in row and len(row) < 130
    assert len(only_stream(path)["payload_types"]) == len(types)
    (row,) = [line for line in replay(write(pcap(over_ethernet(packets[:4])))).stdout.splitlines()
              if line.startswith("0x1122")]
    assert "more" not in row


def test_any_file_name_is_valid_json(tmp_path):
    name = os.fsencode(tmp_path) + b'/"\\\n\xff\xc3\xa9\xed\xa0\x80.pcap'
    with open(name, "wb") as file:
        file.write(pcap(over_ethernet(speech(3))))
    run = subprocess.run([REPLAY, "--json", name], capture_output=True, check=True)
    assert json.loads(run.stdout)["file"].endswith('/"\\\n\ufffd\u00e9\ufffd\ufffd\ufffd.pcap')


@pytest.mark.parametrize("content, reason", [
    (b"", "not a capture"),
    (b"\xd4\xc3\xb2", "not a capture"),
    (b"root:x:0:0:root:/root:/bin/bash\n" * 9, "not a capture"),
    (b"\x28\xb5\x2f\xfd" + b"\0" * 99, "zstd -dc FILE | rtp_replay -"),
    (b"\xfd7zXZ\0" + b"\0" * 99, "xz -dc FILE | rtp_replay -"),
    (pcap([]), "holds no RTP"),
    (pcap([(0, b"\0" * 60)] * 9), "holds no RTP"),
], ids=["empty", "three bytes", "text", "zstd", "xz", "no frames", "no IP"])
def test_names_the_file_and_what_is_wrong(write, content, reason):
    path = write(content)
    run = replay(path)
    assert run.returncode == 1
    assert run.stderr.startswith(f"rtp_replay: {path}: ") and reason in run.stderr


def test_file_that_cannot_be_opened(tmp_path):
    assert "No such file" in replay(tmp_path / "none").stderr
    assert "is a directory" in replay(tmp_path).stderr
    assert replay(tmp_path).returncode == 1


def test_json_also_tells_that_the_file_cannot_be_opened(tmp_path):
    run = replay("--json", tmp_path / "none")
    assert run.returncode == 1 and "No such file" in run.stderr
    assert "No such file" in json.loads(run.stdout)["error"]


def test_truncated_capture_is_told_as_far_as_it_goes(write):
    whole = pcap(over_ethernet(speech(20)))
    size = (len(whole) - 24) // 20
    for cut in range(24, len(whole), 37):
        frames, left = divmod(cut - 24, size)
        result, status = replay_json(write(whole[:cut]))
        assert status == (0 if left == 0 and frames >= 3 else 1)
        assert result["frames"] == frames
        assert [s["packets"] for s in result["streams"]] == ([frames] if frames >= 3 else [])
        if left:
            assert f"ends early, after {frames} frames" in result["error"]


@pytest.mark.parametrize("arguments", [
    [], ["a", "b"], ["--bogus", "a"], ["--port", "0", "a"], ["--port", "65536", "a"],
    ["--port", "x", "a"], ["--clock", "96", "a"], ["--clock", "128=8000", "a"],
    ["--clock", "96=0", "a"], ["--capacity", "0", "a"], ["--capacity", "16384", "a"],
    ["--max-delay", "-1", "a"], ["--ssrc", "1", "a"], ["--wav", "w", "--ssrc", "0xg", "a"],
    ["--wav", "w", "-"]], ids=" ".join)
def test_usage_errors(arguments):
    run = replay(*arguments)
    assert run.returncode == 2 and run.stdout == "" and run.stderr.startswith("rtp_replay: ")


def test_help_names_every_option():
    run = replay("--help")
    assert run.returncode == 0
    for option in ("--port", "--clock", "--json", "--wav", "--ssrc", "--capacity", "--max-delay"):
        assert option in run.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["--json"], []], ids=str)
def test_output_that_cannot_be_written(arguments):
    path = [] if arguments in (["--help"], ["--version"]) else [SIP_TESTER / "g711a.pcap"]
    with open("/dev/full", "w") as full:
        run = subprocess.run([REPLAY, *arguments, *path], stdout=full, stderr=subprocess.PIPE)
    assert run.returncode == 1 and b"cannot write to standard output" in run.stderr


def test_standard_input():
    with open(SIP_TESTER / "g711a.pcap", "rb") as file:
        run = replay("--json", "-", stdin=file)
    assert json.loads(run.stdout)["streams"][0]["packets"] == 236


def test_progress_bar_on_a_terminal_and_nowhere_else(write):
    filler = (1000, ethernet(ipv4(udp(b"\0" * 1400))))
    path = write(pcap([filler] * 12000 + over_ethernet(speech(5))))  # above 16 MB
    assert replay(path).stderr == ""
    terminal, other_end = pty.openpty()
    try:
        run = subprocess.Popen([REPLAY, path], stdout=subprocess.DEVNULL, stderr=other_end)
        os.close(other_end)
        shown = b""
        while True:
            try:
                part = os.read(terminal, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
        assert run.wait() == 0
    finally:
        os.close(terminal)
    assert re.search(rb"\[#+\.*\]\s+\d+ %", shown) and shown.endswith(b"\r\x1b[K")


def test_keys_chosen_to_collide_cost_no_more_than_others(write):
    # SSRC and ports that fall into one of libstdc++'s 172933 buckets under a linear hash that was
    # in use once: looking them up would take minutes.
    step = 172933 * pow(0x9e3779b97f4a7c15, -2, 2**64)
    frames = []
    for i in range(150_000):
        key = i * step % 2**64
        frames.append((1000, ipv4(udp(rtp(1, 1, b"", ssrc=key % 2**32), key >> 48,
                                      key >> 32 & 0xffff))))
    result, status = replay_json(write(pcap(frames, RAW)))
    assert status == 1 and result["udp_packets"] == 150_000 and result["streams"] == []


def garbage_and_candidates():
    for i in range(1200):
        yield rtp(1, 1, b"", first=0xa0)  # P is set, and the last byte counts no padding
        yield rtp(1, 1, b"", ssrc=i)


def streams_with_a_gap():
    for i in range(60):
        for seq in (1, 2, 3, *range(5, 20)):
            yield rtp(seq, 160 * seq, b"", ssrc=i)


@pytest.mark.parametrize("packets", [garbage_and_candidates, streams_with_a_gap])
def test_memory_does_not_grow_with_what_waits(tmp_path, packets):
    # Of each big datagram only the headers are there, which leave its size to the capture; the rest
    # is a hole in the file.
    path = tmp_path / "capture"
    headers = ipv4(udp(b""))
    headers = headers[:2] + b"\0\0" + headers[4:24] + b"\0\0" + headers[26:]
    with open(path, "wb") as file:
        file.write(pcap([], RAW, snaplen=262144))
        for i, packet in enumerate(packets()):
            frame = headers + packet
            big = packets is streams_with_a_gap or i % 2 == 0
            size = 250_000 if big else len(frame)
            file.write(struct.pack("<IIII", 1000, i, size, size) + frame)
            file.seek(size - len(frame), os.SEEK_CUR)
        file.truncate()
    assert path.stat().st_size > 250e6
    run = subprocess.Popen([REPLAY, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(run.pid, 0)
    run.returncode = 0  # it has been waited for
    assert usage.ru_maxrss < 200_000  # kB, in which this process counts before it became the other
