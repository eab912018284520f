"""Networks of the quality book: for each packet of 20 ms when it arrived, in ms, or None if it is lost.

Packet n is sent at 20 (n + 1) ms by the sender's clock. Everything is drawn by `Draw.uniform`, so that a seed gives
the same trace with any version of Python.
"""

import collections.abc
import dataclasses
import math
import random

Arrivals = list[float | None]
PTIME = 20


class Draw:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        return low + (high - low) * self._random.random()

    def exponential(self, mean: float) -> float:
        return -mean * math.log(1 - self.uniform())

    def normal(self, deviation: float) -> float:
        angle = self.uniform(0, 2 * math.pi)
        return deviation * math.sqrt(-2 * math.log(1 - self.uniform())) * math.cos(angle)


def lost(draw: Draw, count: int, share: float, burst: float) -> list[bool]:
    """Gilbert and Elliott: `share` of the packets, in bursts of `burst` packets on average. With a burst of 1, each
    packet for itself."""
    if burst <= 1:
        return [draw.uniform() < share for _ in range(count)]
    made, is_bad = [], False
    for _ in range(count):
        is_bad = draw.uniform() >= 1 / burst if is_bad else draw.uniform() < share / (1 - share) / burst
        made.append(is_bad)
    return made


@dataclasses.dataclass
class Network:
    base: float = 27  # of the way, ms; nothing depends on it
    jitter: collections.abc.Callable[[Draw], float] = lambda draw: draw.uniform(0, 1)
    loss: float = 0
    burst: float = 1
    drift_ppm: float = 0  # of the sender's clock: above 0 it is slow, and packets come ever later
    group: int = 1  # packets that are sent together, when the last of them could have been
    spike_every: float = 0  # s, on average; then nothing comes through for a time
    spike: tuple[float, float] = (0, 0)  # ms, from and to
    spike_loss: float = 0  # of the packets of that time
    late_share: float = 0  # of packets that go another way
    late: tuple[float, float] = (0, 0)  # ms that they take longer
    step: tuple[float, float, float] = (0, 0, 0)  # from and to, s: the way is so many ms longer
    keeps_order: bool = True

    def arrivals(self, seed: int, count: int) -> Arrivals:
        draw = Draw(seed)
        gone = lost(draw, count, self.loss, self.burst)
        spike_end, newest = -1.0, -1.0
        made: Arrivals = []
        for n in range(count):
            sent = PTIME * (n + 1)
            if self.group > 1:
                sent = PTIME * (n // self.group + 1) * self.group
            sent *= 1 + self.drift_ppm / 1e6
            if self.spike_every and draw.uniform() < PTIME / 1000 / self.spike_every and sent > spike_end:
                spike_end = sent + draw.uniform(*self.spike)
            at = sent + self.base + self.jitter(draw)
            if self.step[0] * 1000 <= sent < self.step[1] * 1000:
                at += self.step[2]
            if sent < spike_end:
                at = max(at, spike_end + self.base + draw.uniform(0, 2))
                gone[n] = gone[n] or draw.uniform() < self.spike_loss
            if draw.uniform() < self.late_share:
                at += draw.uniform(*self.late)
            elif self.keeps_order:
                newest = at = max(at, newest)
            made.append(None if gone[n] else at)
        return made


def wifi(mean: float) -> collections.abc.Callable[[Draw], float]:
    """Waits for the medium: mostly short, one packet in 25 for a retransmission or a beacon."""
    return lambda draw: draw.exponential(mean) + (draw.uniform(10, 12 * mean) if draw.uniform() < 0.04 else 0)


def lte(draw: Draw) -> float:
    """A scheduling grant, up to 10 ms, and retransmissions of 8 ms each, of which one packet in 10 needs one."""
    wait = draw.uniform(0, 10)
    while draw.uniform() < 0.1:
        wait += 8
    return wait


def exponential(mean: float) -> collections.abc.Callable[[Draw], float]:
    return lambda draw: draw.exponential(mean)


# Name, and what it is in a table.
TRACES: dict[str, tuple[str, Network]] = {
    "steady": ("steady, jitter of 1 ms", Network()),
    "ethernet": ("office network, normal jitter of 4 ms", Network(jitter=lambda draw: abs(draw.normal(4)))),
    "wifi": ("Wi-Fi, jitter of 4 ms, 4 % up to 48 ms more", Network(jitter=wifi(4))),
    "wifi-busy": (
        "busy Wi-Fi, jitter of 10 ms, scans of 80–160 ms every 8 s, 1 % lost",
        Network(jitter=wifi(10), spike_every=8, spike=(80, 160), loss=0.01),
    ),
    "lte": ("LTE, grants and retransmissions", Network(jitter=lte)),
    "lte-handover": (
        "LTE, handovers of 60–200 ms every 6 s, a fifth of them lost",
        Network(jitter=lte, spike_every=6, spike=(60, 200), spike_loss=0.2),
    ),
    "tts": ("text-to-speech that sends 100 ms at once", Network(group=5, jitter=exponential(2))),
    "drift-slow": ("sender's clock 500 ppm slow, jitter of 3 ms", Network(drift_ppm=500, jitter=exponential(3))),
    "drift-fast": ("sender's clock 500 ppm fast, jitter of 3 ms", Network(drift_ppm=-500, jitter=exponential(3))),
    "spikes": ("spikes of 100–250 ms every 5 s", Network(jitter=exponential(2), spike_every=5, spike=(100, 250))),
    "reordering": (
        "5 % of the packets 25–60 ms late, out of order",
        Network(jitter=exponential(3), late_share=0.05, late=(25, 60)),
    ),
    "route": ("a route that is 100 ms longer from 12 to 24 s", Network(jitter=exponential(4), step=(12, 24, 100))),
    "loss-1": ("1 % lost at random, jitter of 4 ms", Network(jitter=exponential(4), loss=0.01)),
    "loss-5": ("5 % lost at random, jitter of 6 ms", Network(jitter=exponential(6), loss=0.05)),
    "loss-10": ("10 % lost in bursts of 3, jitter of 6 ms", Network(jitter=exponential(6), loss=0.10, burst=3)),
    "loss-20": ("20 % lost at random, jitter of 4 ms", Network(jitter=exponential(4), loss=0.20)),
}


def make(name: str, count: int) -> Arrivals:
    return TRACES[name][1].arrivals(sum(name.encode()), count)
