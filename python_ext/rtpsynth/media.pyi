from array import array
from typing import Literal, SupportsFloat, SupportsIndex

from typing_extensions import Buffer, disjoint_base

__all__ = [
    "CallQuality",
    "ComfortNoise",
    "TelephoneEventReceiver",
    "TelephoneEventSender",
    "comfort_noise_payload",
    "digit_of",
    "event_of",
    "mos_of",
    "noise_level",
    "r_factor",
]

_Change = tuple[Literal["began", "ended"], int, int]

@disjoint_base
class TelephoneEventSender:
    def __init__(self, clock_rate: SupportsIndex) -> None: ...
    @property
    def queued(self) -> int: ...
    @property
    def busy(self) -> bool: ...
    def queue(
        self,
        digits: str,
        on_ms: SupportsIndex = 100,
        off_ms: SupportsIndex = 60,
        volume: SupportsIndex = 10,
    ) -> None: ...
    def queue_event(
        self,
        event: SupportsIndex,
        on_ms: SupportsIndex = 100,
        off_ms: SupportsIndex = 60,
        volume: SupportsIndex = 10,
    ) -> None: ...
    def press(
        self, event: SupportsIndex, off_ms: SupportsIndex = 60, volume: SupportsIndex = 10
    ) -> None: ...
    def release(self) -> None: ...
    def clear(self) -> None: ...
    def next(
        self, timestamp: SupportsIndex, units: SupportsIndex
    ) -> tuple[bool, int, bytes] | None: ...

@disjoint_base
class TelephoneEventReceiver:
    def __init__(self, clock_rate: SupportsIndex) -> None: ...
    @property
    def next_deadline_ns(self) -> int | None: ...
    @property
    def pressed(self) -> int | None: ...
    def receive(self, packet: Buffer, now_ns: SupportsIndex) -> list[_Change]: ...
    def expire(self, now_ns: SupportsIndex) -> list[_Change]: ...
    def finish(self) -> list[_Change]: ...

def digit_of(event: SupportsIndex) -> str | None: ...
def event_of(digit: str) -> int | None: ...
@disjoint_base
class ComfortNoise:
    def __init__(self, seed: SupportsIndex = 0) -> None: ...
    def set(self, payload: Buffer) -> None: ...
    def generate(self, samples: SupportsIndex) -> array[int]: ...

def comfort_noise_payload(level: SupportsIndex, coefficients: Buffer = b"") -> bytes: ...
def noise_level(pcm16: Buffer) -> int: ...
@disjoint_base
class CallQuality:
    def __init__(self, codec: str = "PCMU", concealed: object = True) -> None: ...
    @property
    def r(self) -> float | None: ...
    @property
    def mos(self) -> float | None: ...
    @property
    def listening_mos(self) -> float | None: ...
    @property
    def loss_percent(self) -> float: ...
    @property
    def burst_ratio(self) -> float: ...
    @property
    def expected(self) -> int: ...
    def received(self, packets: SupportsIndex = 1) -> None: ...
    def lost(self, packets: SupportsIndex = 1) -> None: ...
    def discarded(self, packets: SupportsIndex = 1) -> None: ...
    def set_codec(self, codec: str, concealed: object = True) -> None: ...
    def set_delay(
        self,
        round_trip_ns: SupportsIndex,
        end_system_ns: SupportsIndex,
        remote_end_system_ns: SupportsIndex | None = None,
    ) -> None: ...

def r_factor(
    slr: SupportsFloat = 8,
    rlr: SupportsFloat = 2,
    stmr: SupportsFloat = 15,
    lstr: SupportsFloat = 18,
    ds: SupportsFloat = 3,
    telr: SupportsFloat = 65,
    wepl: SupportsFloat = 110,
    t: SupportsFloat = 0,
    tr: SupportsFloat = 0,
    ta: SupportsFloat = 0,
    qdu: SupportsFloat = 1,
    ie: SupportsFloat = 0,
    bpl: SupportsFloat = 4.3,
    ppl: SupportsFloat = 0,
    burst_r: SupportsFloat = 1,
    nc: SupportsFloat = -70,
    nfor: SupportsFloat = -64,
    ps: SupportsFloat = 35,
    pr: SupportsFloat = 35,
    advantage: SupportsFloat = 0,
    st: SupportsFloat = 1,
    mt: SupportsFloat = 100,
) -> float: ...
def mos_of(r: SupportsFloat) -> float: ...
