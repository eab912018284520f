"""Plays a call through aiortc's JitterBuffer.

As in aiortc's RTCRtpReceiver, a frame leaves the buffer when a packet comes in, and waits in a queue for whoever
plays it. Every tick a frame is taken from the queue and played. Where its timestamp says that others are missing
before it, they are silence, since aiortc conceals nothing; where the queue is empty there is silence, and all that
follows is heard later. The setting is `prefetch`, which aiortc sets to 4.
"""

import collections

import numpy as np
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket

PACKET, TICK = 160, 20_000  # samples, microseconds


def play(
    setting: int, speech: np.ndarray, arrivals: list[tuple[int, int]]
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """`arrivals` are microseconds and sequence numbers, in order. Returns what is heard, and for each packet that is
    its number and when it is pulled."""
    buffer = JitterBuffer(capacity=16, prefetch=setting)
    queue: collections.deque[int] = collections.deque()
    out: list[np.ndarray] = []
    heard: list[tuple[int, int]] = []
    due, expected = 0, None
    silence = np.zeros(PACKET, np.int16)
    for now in range(0, arrivals[-1][0] + 2_000_000, TICK):
        while due < len(arrivals) and arrivals[due][0] <= now:
            seq = arrivals[due][1]
            packet = RtpPacket(payload_type=0, sequence_number=seq, timestamp=seq * PACKET, ssrc=1)
            packet._data = b""  # type: ignore[attr-defined]
            _, frame = buffer.add(packet)
            if frame is not None:
                queue.append(frame.timestamp // PACKET)
            due += 1
        if queue and (expected is None or queue[0] <= expected):
            seq = queue.popleft()
            heard.append((seq, now))
            out.append(speech[seq * PACKET : (seq + 1) * PACKET])
            expected = seq + 1
        else:
            out.append(silence)
            if queue and expected is not None:
                expected += 1
    return np.concatenate(out), heard
