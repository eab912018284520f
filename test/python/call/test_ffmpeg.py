"""A recorder, a bot and a relay with ffmpeg: what was heard on the other side, and our reports."""
import shutil
import signal
import subprocess
import time

import pytest

from call_tools import (LIMIT, PACKET, WHOLE, Side, is_bound, missing, read_wav, rtp_ports, speech, wait_for,
                        write_wav)
from network import Network

pytestmark = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="no ffmpeg")

FFMPEG = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y"]
SPEECH = speech(5)


def send(path, port, local):
    """It sends a WAV file at its own pace, and says BYE."""
    write_wav(path, SPEECH)
    subprocess.run([*FFMPEG, "-re", "-i", path, "-c:a", "pcm_mulaw", "-f", "rtp", "-rtpflags",
                    "send_bye", f"rtp://127.0.0.1:{port}?localrtpport={local}&pkt_size=172"],
                   check=True, timeout=LIMIT)


def receive(tmp_path, port):
    """It writes what it hears to heard.wav until it is stopped. (It sent no report in 700 KB.)"""
    sdp = tmp_path / "call.sdp"
    sdp.write_text("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n"
                   f"m=audio {port} RTP/AVP 0\n")
    heard = tmp_path / "heard.wav"
    process = subprocess.Popen([*FFMPEG, "-protocol_whitelist", "file,udp,rtp", "-i", sdp,
                                "-c:a", "pcm_s16le", "-flush_packets", "1", heard])
    wait_for(lambda: is_bound(port), "ffmpeg")
    return process, heard


def stop(process):
    process.send_signal(signal.SIGINT)
    process.wait(LIMIT)


@pytest.fixture
def raw(tmp_path):
    path = tmp_path / "speech.raw"
    path.write_bytes(SPEECH.tobytes())
    return path


def hear(side, path):
    """All that is played comes out."""
    side.play()
    wait_for(lambda: path.exists() and len(read_wav(path)) >= 2 * len(SPEECH), "audio")


def test_recorder(tmp_path):
    ours, its = rtp_ports(2)
    recording = tmp_path / "recording.raw"
    with Side("stream", ours, its, "-", recording) as side:
        send(tmp_path / "speech.wav", ours, its)
        time.sleep(1.5)  # playout's delay
        stats = side.end()
    assert stats["received"] >= len(SPEECH) / PACKET and stats["malformed"] == 0
    assert stats["rtcp"] > 0 and stats["sources_left"] == 1  # its BYE
    # It sends six packets at once, and those of the start too early: playout moves.
    assert len(missing(SPEECH, recording.read_bytes())) <= 1 + 2 * stats["changed"] < 10


def test_bot(tmp_path, raw):
    ours, its = rtp_ports(2)
    process, heard = receive(tmp_path, its)
    with Side("stream", ours, its, raw, "-") as side:
        hear(side, heard)
        stats = side.end()
    stop(process)
    assert stats["sent"] >= len(SPEECH) / PACKET
    assert missing(SPEECH, read_wav(heard)) in WHOLE


def test_relay(tmp_path):
    a, its_a, b, its_b = rtp_ports(4)
    process, heard = receive(tmp_path, its_b)
    with Side("relay", a, its_a, b, its_b) as side:
        send(tmp_path / "speech.wav", a, its_a)
        wait_for(lambda: heard.exists() and len(read_wav(heard)) >= 2 * len(SPEECH), "audio")
        stats = side.end()
    stop(process)
    assert stats["a"]["received"] == stats["a"]["forwarded"] >= len(SPEECH) / PACKET
    assert stats["a"]["rtcp_received"] == stats["a"]["rtcp_forwarded"] > 0
    assert missing(SPEECH, read_wav(heard)) in WHOLE


def test_reports_about_it(tmp_path):
    ours, its, here, there = rtp_ports(4)
    with Network(here, ours, there, its) as net, Side("stream", ours, here, "-", "-") as side:
        send(tmp_path / "speech.wav", there, its)
        side.end()
    reports = net.reports["b"]
    print(*reports, sep="\n")
    assert reports and all(each.lost == each.true_lost for each in reports)
