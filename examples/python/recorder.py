#!/usr/bin/env python3
"""Records a G.711 stream to a WAV file (8000 Hz, 16 bits), packets put in order, gaps as silence.

    recorder.py call.wav --bind 0.0.0.0:5004 --seconds 60 --idle 5

Ends when it has recorded --seconds of audio, when after the first nothing has come for --idle
seconds, or at Ctrl-C.
"""

from __future__ import annotations

import argparse
import queue
import signal
import sys
import threading
import wave
from array import array
from collections.abc import Callable
from types import FrameType

from rtpsynth.RtpJBuf import ERSFrame, FrameWrapper
from rtpsynth.RtpServer import RtpServer
from rtpsynth.RtpUtils import RtpUtils

RATE = 8000
# by payload type
DECODERS: dict[int, Callable[[bytes], array[int]]] = {
    0: RtpUtils.ulaw2linear,
    8: RtpUtils.alaw2linear,
}


def endpoint(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not 0 <= int(port) < 65536:
        raise ValueError
    return host.strip("[]"), int(port)


def positive(text: str) -> float:
    number = float(text)
    if not 0 < number < threading.TIMEOUT_MAX:
        raise ValueError
    return number


class Recording:
    def __init__(self, file: wave.Wave_write, seconds: float | None) -> None:
        self.file = file
        self.room = None if seconds is None else round(seconds * RATE)
        self.samples = self.packets = self.lost = self.skipped = 0
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)

    @property
    def full(self) -> bool:
        return self.room is not None and self.samples >= self.room

    def add(self, item: FrameWrapper) -> None:
        content = item.content
        if isinstance(content, ERSFrame):
            if not content.restart:
                self.lost += content.lseq_end - content.lseq_start + 1
            self.write(array("h", bytes(2 * content.ts_diff)))
            return
        decode = DECODERS.get(content.frame.rtp.info.pt)
        if decode is None or item.rtp_data is None:
            self.skipped += 1
            return
        self.packets += 1
        self.write(decode(item.rtp_data))

    def write(self, samples: array[int]) -> None:
        if self.room is not None:
            samples = samples[: self.room - self.samples]
        self.samples += len(samples)
        if sys.byteorder == "big":
            samples.byteswap()
        self.file.writeframes(samples.tobytes())


def record(recording: Recording, frames: queue.SimpleQueue[list[FrameWrapper]],
           idle: float) -> None:
    """Until the recording is full, or idle for too long, or an empty list comes."""
    patience = None
    while not recording.full:
        try:
            batch = frames.get(timeout=patience)
        except queue.Empty:
            return
        if not batch:
            return
        for item in batch:
            recording.add(item)
        patience = idle


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", metavar="FILE.wav")
    parser.add_argument("--bind", type=endpoint, default=("0.0.0.0", 5004), metavar="HOST:PORT",
                        help="port 0: any; default: 0.0.0.0:5004")
    parser.add_argument("--seconds", type=positive, help="of audio; default: no limit")
    parser.add_argument("--idle", type=positive, default=5, metavar="SECONDS", help="default: 5")
    parser.add_argument("--delay", type=positive, default=100, metavar="MS",
                        help="wait so long for a missing packet; default: 100")
    args = parser.parse_args()

    frames: queue.SimpleQueue[list[FrameWrapper]] = queue.SimpleQueue()

    def end(number: int, frame: FrameType | None) -> None:
        frames.put([])

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with RtpServer(tick_hz=None) as server:
        try:
            channel = server.create_channel(
                frames_in=frames.put,
                bind_host=args.bind[0],
                bind_port=args.bind[1],
                jitter_buffer={"capacity": 256, "max_delay_ns": round(args.delay * 1e6)},
            )
            file = open(args.file, "wb")
        except (OSError, ValueError) as error:
            parser.exit(1, f"{parser.prog}: {error}\n")
        with file, wave.open(file, "wb") as wav:
            recording = Recording(wav, args.seconds)
            print("listening on {}:{}".format(*channel.local_addr), flush=True)
            record(recording, frames, args.idle)
    print(
        f"recorded {recording.samples / RATE:g} s: {recording.packets} packets, "
        f"{recording.lost} lost, {recording.skipped} of another codec",
        flush=True,
    )


if __name__ == "__main__":
    main()
