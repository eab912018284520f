"""Packets from and to ffmpeg, which has an SRTP of its own (AES_CM only)."""
import base64
import os
import random
import shutil
import socket
import struct
import subprocess
import time

import pytest

FILTER = os.environ["SRTP_FILTER"]
# By the second one's name in SDP it has tags of 32 bits in RTCP, too, which RFC 3711 5.2 forbids; by
# that of DTLS-SRTP it has 80.
ITS_NAMES = {"AES_CM_128_HMAC_SHA1_80": "AES_CM_128_HMAC_SHA1_80",
             "AES_CM_128_HMAC_SHA1_32": "SRTP_AES128_CM_HMAC_SHA1_32"}
KEY = base64.b64encode(bytes(range(7, 37))).decode()
PACKETS = 60

pytestmark = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="no ffmpeg")


class Filter:
    def __init__(self, direction, suite):
        self.process = subprocess.Popen([FILTER, direction, f"1 {suite} inline:{KEY}"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, packet):
        self.process.stdin.write(struct.pack("!H", len(packet)) + packet)
        self.process.stdin.flush()
        size, = struct.unpack("!H", self.process.stdout.read(2))
        return self.process.stdout.read(size)

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0


@pytest.fixture
def make_filter():
    filters = []

    def make(*arguments):
        filters.append(Filter(*arguments))
        return filters[-1]

    yield make
    for each in filters:
        each.close()


def pair_of_ports():
    """A socket of an even port; RTCP goes to the next one."""
    while True:
        rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        rtp.bind(("127.0.0.1", 0))
        port = rtp.getsockname()[1]
        rtcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            if port % 2 == 0:
                rtcp.bind(("127.0.0.1", port + 1))
                return rtp, rtcp
        except OSError:
            pass
        rtp.close()
        rtcp.close()


@pytest.mark.parametrize("suite", ITS_NAMES)
def test_its_packets_are_unprotected(suite, make_filter, tmp_path):
    audio = random.Random(1).randbytes(160 * PACKETS)
    source = tmp_path / "audio.ul"
    source.write_bytes(audio)
    rtp, rtcp = pair_of_ports()
    with rtp, rtcp:
        rtp.settimeout(20)
        rtcp.settimeout(20)
        rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        port = rtp.getsockname()[1]
        command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-f", "mulaw", "-ar", "8000",
                   "-ac", "1", "-i", source, "-c", "copy", "-f", "rtp", "-srtp_out_suite",
                   ITS_NAMES[suite], "-srtp_out_params", KEY,
                   f"srtp://127.0.0.1:{port}?pkt_size=200"]
        unprotect = make_filter("unprotect", suite)
        subprocess.run(command, check=True, timeout=60)
        heard = b""
        while len(heard) < len(audio):
            wire = rtp.recv(2048)
            packet = unprotect(wire)
            assert packet[:12] == wire[:12] and len(packet) > 12
            heard += packet[12:]
        assert heard == audio
        report = unprotect(rtcp.recv(2048))
        assert report[1] == 200  # a sender report, whose SSRC is the stream's
        assert report[4:8] == packet[8:12]


@pytest.mark.parametrize("suite", ITS_NAMES)
def test_it_unprotects_ours(suite, make_filter, tmp_path):
    rtp, rtcp = pair_of_ports()
    port = rtp.getsockname()[1]
    rtp.close()
    rtcp.close()
    sdp = tmp_path / "call.sdp"
    sdp.write_text("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n"
                   f"m=audio {port} RTP/SAVP 0\na=crypto:1 {suite} inline:{KEY}\n")
    heard = tmp_path / "heard.ul"
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-protocol_whitelist",
               "file,udp,rtp,srtp,crypto", "-reorder_queue_size", "0", "-i", sdp, "-c", "copy",
               "-f", "mulaw", "-flush_packets", "1", "-t", "1", heard]
    protect = make_filter("protect", suite)
    # It says nowhere that it has begun to listen: packets of one byte repeated tell what it heard.
    with subprocess.Popen(command) as ffmpeg, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        deadline = time.monotonic() + 60
        sequence = 65500
        while ffmpeg.poll() is None and time.monotonic() < deadline:
            sequence += 1  # over the roll-over
            header = struct.pack("!BBHII", 0x80, 0, sequence % 65536, 160 * sequence, 7)
            out.sendto(protect(header + bytes([sequence % 256]) * 160), ("127.0.0.1", port))
            time.sleep(0.01)
        ffmpeg.kill()
    blocks = heard.read_bytes()
    assert len(blocks) >= 160 * 20
    numbers = [blocks[i] for i in range(0, len(blocks), 160)]
    for i, number in enumerate(numbers):
        assert blocks[160 * i:160 * i + 160] == bytes([number]) * len(blocks[160 * i:160 * i + 160])
    steps = [(b - a) % 256 for a, b in zip(numbers, numbers[1:])]
    assert all(0 < step < 20 for step in steps), steps
