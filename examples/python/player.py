#!/usr/bin/env python3
"""Plays a tone or a WAV file (16 bits, any rate) to an RTP receiver as G.711.

    player.py 127.0.0.1:5004 --tone 440 --seconds 10
    player.py 127.0.0.1:5004 --wav speech.wav --codec pcma

Ends after the tone or the file, or at Ctrl-C.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
import threading
import wave
from array import array
from collections.abc import Callable

from rtpsynth.RtpProc import RtpProc
from rtpsynth.RtpServer import RtpServer
from rtpsynth.RtpSynth import RtpSynth
from rtpsynth.RtpUtils import RtpUtils

RATE = 8000
CODECS: dict[str, tuple[int, Callable[[array[int]], bytes]]] = {
    "pcmu": (0, RtpUtils.linear2ulaw),
    "pcma": (8, RtpUtils.linear2alaw),
}


def tone(hertz: float, seconds: float) -> array[int]:
    step = 2 * math.pi * hertz / RATE
    return array("h", (round(10000 * math.sin(step * n)) for n in range(round(seconds * RATE))))


def read_wav(path: str) -> array[int]:
    """The file's samples at 8000 Hz; of several channels, their mean."""
    with wave.open(path, "rb") as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path} has {8 * file.getsampwidth()} bits a sample, not 16")
        channels, rate = file.getnchannels(), file.getframerate()
        samples = array("h", file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    if channels > 1:
        tracks = [samples[n::channels] for n in range(channels)]
        samples = array("h", (sum(frame) // channels for frame in zip(*tracks)))
    return RtpUtils.resample_linear(samples, rate, RATE)


def endpoint(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not 0 < int(port) < 65536:
        raise ValueError
    return host.strip("[]"), int(port)


def positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise ValueError
    return number


class Player:
    """Sends a packet each ptime ms. Every deadline is the one before plus ptime, whatever time it
    is by then: that is how it keeps pace and does not drift."""

    def __init__(self, samples: array[int], codec: str, ptime: int) -> None:
        self.payload_type, encode = CODECS[codec]
        self.size = RATE * ptime // 1000
        self.step_ns = ptime * 1_000_000
        silence = array("h", bytes(2 * (-len(samples) % self.size)))
        self.media = memoryview(encode(samples + silence))
        self.synth = RtpSynth(RATE, ptime)
        self.sent = 0
        self.ended = threading.Event()
        self.server = RtpServer(tick_hz=None)
        self.channel = self.server.create_channel(lambda data, sender, rtime_ns: None)

    def next_packet(self, now_ns: int, deadline_ns: int) -> int | None:
        start = self.sent * self.size
        if start >= len(self.media):
            self.ended.set()
            return None
        payload = self.media[start : start + self.size]
        self.channel.send_pkt(self.synth.next_pkt(self.size, self.payload_type, payload))
        self.sent += 1
        return (deadline_ns or now_ns) + self.step_ns

    def guarded(self, now_ns: int, deadline_ns: int) -> int | None:
        try:
            return self.next_packet(now_ns, deadline_ns)
        except BaseException:
            self.ended.set()  # close() tells why
            raise

    def play(self) -> None:
        with self.server:
            with RtpProc() as proc:
                schedule = proc.create_channel(self.guarded)
                self.ended.wait()
                schedule.close()
            self.channel.close()  # sends what waits


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", type=endpoint, metavar="HOST:PORT")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--wav", metavar="FILE", help="what to play")
    what.add_argument("--tone", type=positive, default=440, metavar="HZ", help="default: 440")
    parser.add_argument("--seconds", type=positive, default=5, help="of a tone; default: 5")
    parser.add_argument("--codec", choices=CODECS, default="pcmu", help="default: pcmu")
    parser.add_argument("--ptime", type=int, choices=range(10, 101, 10), default=20,
                        metavar="MS", help="10, 20 .. 100; default: 20")
    args = parser.parse_args()

    try:
        samples = read_wav(args.wav) if args.wav else tone(args.tone, args.seconds)
        player = Player(samples, args.codec, args.ptime)
        player.channel.set_target(*args.target)
    except (OSError, EOFError, ValueError, wave.Error) as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: player.ended.set())
    player.play()
    print(f"sent {player.sent} packets, {player.sent * args.ptime / 1000:g} s", flush=True)


if __name__ == "__main__":
    main()
