"""VoIP metrics of RTCP (RFC 3611 section 4.7): what the ends of a stream report to each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from . import _rtpsynth

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
else:  # for typing.get_type_hints; typing has no name for it before Python 3.12
    ReadableBuffer = bytes | bytearray | memoryview

__all__ = ["VoipMetrics", "build_voip_metrics", "parse_voip_metrics"]


class VoipMetrics(NamedTuple):
    """How a stream arrives and sounds, in the units of the packet. None: not known.

    CallQuality.metrics() makes one. Ranges are checked when a packet is built.

    ssrc                   the source reported on, 0..4294967295
    loss_rate              lost on the way, 0..255 in 1/256
    discard_rate           came too late or too early, 0..255 in 1/256
    burst_density          not played within bursts, 0..255 in 1/256
    gap_density            not played within gaps, 0..255 in 1/256
    burst_duration_ms      mean, 0..65535
    gap_duration_ms        mean, 0..65535
    round_trip_delay_ms    between the RTP interfaces, 0..65535; 0 is sent as None is, and read so
    end_system_delay_ms    of the reporter's side, both ways, 0..65535; 0 likewise
    signal_level           of speech, -128..126 dBm0
    noise_level            in pauses, -128..126 dBm0
    rerl                   residual echo return loss, 0..126 dB
    gmin                   packets received in a row that end a burst, 0..255
    r_factor               of this segment, 0..100
    ext_r_factor           of what lies beyond, such as a gateway's, 0..100
    mos_lq                 listening quality: 10 times the MOS, 10..50
    mos_cq                 conversational quality, which delay lowers: 10..50
    concealment            what is in the place of lost packets: silence (disabled), interpolation
                           (enhanced), or what was heard last, fading (standard)
    buffer                 whether the jitter buffer adapts
    buffer_rate            how fast an adaptive one adapts, 0..15
    buffer_nominal_ms      delay of a packet that is on time, 0..65535
    buffer_maximum_ms      delay of the earliest packet not discarded, 0..65535
    buffer_abs_maximum_ms  the most that buffer_maximum_ms can become, 0..65535
    """

    ssrc: int
    loss_rate: int = 0
    discard_rate: int = 0
    burst_density: int = 0
    gap_density: int = 0
    burst_duration_ms: int = 0
    gap_duration_ms: int = 0
    round_trip_delay_ms: int | None = None
    end_system_delay_ms: int | None = None
    signal_level: int | None = None
    noise_level: int | None = None
    rerl: int | None = None
    gmin: int = 16
    r_factor: int | None = None
    ext_r_factor: int | None = None
    mos_lq: int | None = None
    mos_cq: int | None = None
    concealment: Literal["unspecified", "disabled", "enhanced", "standard"] = "unspecified"
    buffer: Literal["unknown", "reserved", "fixed", "adaptive"] = "unknown"
    buffer_rate: int = 0
    buffer_nominal_ms: int = 0
    buffer_maximum_ms: int = 0
    buffer_abs_maximum_ms: int = 0


def build_voip_metrics(ssrc: int, metrics: Iterable[VoipMetrics]) -> bytes:
    """An XR packet of RTCP with a block for each of at most 31 metrics.

    ssrc: of who reports, 0..4294967295. A compound packet has it after an SR or RR; alone it is a
    reduced-size packet (RFC 5506).

    Raises TypeError, and ValueError naming the field and its range.
    """
    return _rtpsynth._build_voip_metrics(ssrc, metrics, VoipMetrics)


def parse_voip_metrics(datagram: ReadableBuffer) -> list[tuple[int, VoipMetrics]]:
    """All VoIP metrics in a datagram of RTCP, compound or reduced-size, each behind the SSRC of who
    reports.

    A malformed packet or block in it is skipped. A value that RFC 3611 has no meaning for, such as
    an R factor of 110, is None.

    Raises ValueError if the datagram is no RTCP, TypeError if it is not bytes-like.
    """
    return _rtpsynth._parse_voip_metrics(datagram, VoipMetrics)
