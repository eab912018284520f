"""A recorder, a bot and a relay with GStreamer: what was heard on the other side."""
import shutil
import subprocess
import time

import pytest

from call_tools import LIMIT, PACKET, WHOLE, Side, is_bound, missing, rtp_ports, speech, wait_for, write_wav

pytestmark = pytest.mark.skipif(not shutil.which("gst-launch-1.0"), reason="no GStreamer")

SPEECH = speech(5)
CAPS = "caps=application/x-rtp,media=audio,clock-rate=8000,encoding-name=PCMU,payload=0"


def send(tmp_path, port):
    """It sends speech in packets of 20 ms."""
    wav = tmp_path / "speech.wav"
    write_wav(wav, SPEECH)
    subprocess.run(["gst-launch-1.0", "-q", "filesrc", f"location={wav}", "!", "wavparse", "!",
                    "mulawenc", "!", "rtppcmupay", "min-ptime=20000000", "max-ptime=20000000", "!",
                    "udpsink", "host=127.0.0.1", f"port={port}"], check=True, timeout=LIMIT)


class Listener:
    """It writes what it hears to a file, through a jitter buffer of 200 ms."""

    def __init__(self, tmp_path, port):
        self.path = tmp_path / "heard.raw"
        self.process = subprocess.Popen(
            ["gst-launch-1.0", "-q", "udpsrc", "address=127.0.0.1", f"port={port}", CAPS, "!",
             "rtpjitterbuffer", "latency=200", "!", "rtppcmudepay", "!", "mulawdec", "!",
             "filesink", f"location={self.path}", "buffer-mode=unbuffered", "sync=false"])
        wait_for(lambda: is_bound(port), "GStreamer")

    def heard(self):
        wait_for(lambda: self.path.exists() and self.path.stat().st_size >= 2 * len(SPEECH), "audio")
        return self.path.read_bytes()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def test_recorder(tmp_path):
    ours, its = rtp_ports(2)
    recording = tmp_path / "recording.raw"
    with Side("stream", ours, its, "-", recording) as side:
        send(tmp_path, ours)
        time.sleep(1.5)  # playout's delay
        stats = side.end()
    assert stats["received"] == len(SPEECH) / PACKET and stats["malformed"] == 0
    assert missing(SPEECH, recording.read_bytes()) in WHOLE


def test_bot(tmp_path):
    ours, its = rtp_ports(2)
    raw = tmp_path / "speech.raw"
    raw.write_bytes(SPEECH.tobytes())
    with Listener(tmp_path, its) as listener, Side("stream", ours, its, raw, "-") as side:
        side.play()
        heard = listener.heard()
        stats = side.end()
    assert stats["sent"] >= len(SPEECH) / PACKET
    assert missing(SPEECH, heard) in WHOLE


def test_relay(tmp_path):
    a, its_a, b, its_b = rtp_ports(4)
    with Listener(tmp_path, its_b) as listener, Side("relay", a, its_a, b, its_b) as side:
        send(tmp_path, a)
        heard = listener.heard()
        stats = side.end()
    assert stats["a"]["received"] == stats["a"]["forwarded"] == len(SPEECH) / PACKET
    assert missing(SPEECH, heard) == []
