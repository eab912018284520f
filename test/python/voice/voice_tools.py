"""What the tests of rtpsynth.voice share."""

import array
import math
import queue
import struct
import threading

from server_tools import DEADLINE

from rtpsynth.voice import Audio, open_call

HOST = "127.0.0.1"


def tone(ms, rate=8000, hz=400):
    """So many ms of a tone, as bytes."""
    return array.array(
        "h", (round(8000 * math.sin(2 * math.pi * hz * n / rate)) for n in range(ms * rate // 1000))
    ).tobytes()


def power(pcm):
    """The mean square of samples."""
    samples = array.array("h", pcm)
    return sum(s * s for s in samples) / len(samples) if samples else 0


def rtp(seq, payload=b"\xa0" * 160, ssrc=7, pt=0, ts=None):
    ts = seq * 160 if ts is None else ts
    return struct.pack("!BBHII", 0x80, pt, seq & 0xFFFF, ts & 0xFFFFFFFF, ssrc) + payload


def open_silent(**options):
    """A call of asyncio that sends nothing by itself."""
    return open_call((HOST, 0), **{"idle": "nothing", **options})


def create_silent(server, on_event=None, **options):
    """The same of an RtpServer."""
    return server.create_call(on_event, HOST, **{"idle": "nothing", **options})


class Heard:
    """An on_event that keeps what it was called with."""

    def __init__(self):
        self.queue = queue.Queue()
        self.audio = []
        self.threads = set()

    def __call__(self, event):
        self.threads.add(threading.get_ident())
        if isinstance(event, Audio):
            self.audio.append(event)
        else:
            self.queue.put(event)

    def next(self):
        """The next event that is no Audio."""
        return self.queue.get(timeout=DEADLINE)

    def next_of(self, kind):
        while True:
            event = self.next()
            if isinstance(event, kind):
                return event


async def next_of(call, kind):
    while True:
        event = await call.next_event()
        if isinstance(event, kind):
            return event
