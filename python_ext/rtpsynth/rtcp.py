"""RTCP (RFC 3550 section 6): packets, a session's participant, receiver statistics, and VoIP metrics
(RFC 3611 section 4.7), which tell how a stream sounds at its other end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from . import _rtpsynth
from ._rtpsynth import ReceiverStats, RtpSession

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
else:  # for typing.get_type_hints; typing has no name for it before Python 3.12
    ReadableBuffer = bytes | bytearray | memoryview

__all__ = [
    "Goodbye",
    "OtherRtcp",
    "ReceiverReport",
    "ReceiverStats",
    "ReportBlock",
    "RtcpPacket",
    "RtpSession",
    "RtpSource",
    "SenderReport",
    "SourceDescription",
    "VoipMetrics",
    "build_rtcp",
    "build_voip_metrics",
    "parse_rtcp",
    "parse_voip_metrics",
]


class ReportBlock(NamedTuple):
    """How one source arrives at whoever reports (RFC 3550 section 6.4.1).

    ssrc                  the source reported on, 0..4294967295
    fraction_lost         since the report before, 0..255 in 1/256
    cumulative_lost       packets, -8388608..8388607; negative: more duplicates than losses
    extended_highest_seq  cycles and highest sequence number, 0..4294967295
    jitter                in units of the source's clock rate, 0..4294967295
    last_sr               middle 32 bits of the NTP time of the source's last sender report; 0: none
    delay_since_last_sr   in 1/65536 s, 0..4294967295
    """

    ssrc: int
    fraction_lost: int = 0
    cumulative_lost: int = 0
    extended_highest_seq: int = 0
    jitter: int = 0
    last_sr: int = 0
    delay_since_last_sr: int = 0


class SenderReport(NamedTuple):
    """An SR: a report of a participant that sends.

    ssrc           of who reports, 0..4294967295
    wall_clock_ns  when, in ns since 1970; None: the reporter has no clock
    rtp_timestamp  the same instant on the clock of its media, 0..4294967295
    packet_count   packets sent, 0..4294967295; wraps
    octet_count    bytes of payload sent, 0..4294967295; wraps
    blocks         at most 31
    """

    ssrc: int
    wall_clock_ns: int | None = None
    rtp_timestamp: int = 0
    packet_count: int = 0
    octet_count: int = 0
    blocks: tuple[ReportBlock, ...] = ()


class ReceiverReport(NamedTuple):
    """An RR: a report of a participant that does not send.

    ssrc    of who reports, 0..4294967295
    blocks  at most 31
    """

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


class SourceDescription(NamedTuple):
    """An SDES chunk: what a source is called.

    ssrc    0..4294967295
    cname   at most 255 bytes of UTF-8; empty: not told
    others  (type, text) of the other items, such as (6, "a tool")
    """

    ssrc: int
    cname: str = ""
    others: tuple[tuple[int, str], ...] = ()


class Goodbye(NamedTuple):
    """A BYE: sources leave.

    ssrcs   1..31 of them to build, 0..31 when parsed
    reason  at most 255 bytes of UTF-8; empty: not told
    """

    ssrcs: tuple[int, ...]
    reason: str = ""


class OtherRtcp(NamedTuple):
    """A packet of another type, or one whose body is malformed.

    type     192..223: 204 APP, 205 and 206 feedback, 207 XR
    subtype  the five bits before it, 0..31: the subtype of APP, the format of feedback, a count
    body     behind the header of 4 bytes: a multiple of 4 bytes
    """

    type: int
    subtype: int
    body: bytes


RtcpPacket: TypeAlias = SenderReport | ReceiverReport | SourceDescription | Goodbye | OtherRtcp
"""A packet of RTCP."""


def parse_rtcp(datagram: ReadableBuffer, reduced_size: bool = False) -> list[RtcpPacket]:
    """The packets of an RTCP datagram, bytes-like. Each chunk of an SDES is one SourceDescription.

    reduced_size: any packet may be the first, and the only one (RFC 5506); else an SR or RR.

    Text that is not UTF-8 has U+FFFD. Raises ValueError if the datagram is no RTCP.
    """
    return _rtpsynth._parse_rtcp(datagram, reduced_size)


def build_rtcp(packets: Iterable[RtcpPacket | bytes], reduced_size: bool = False) -> bytes:
    """A datagram of RTCP, at most 65507 bytes. bytes are packets that are ready, such as those of
    build_voip_metrics().

    reduced_size: any packet may be the first (RFC 5506); else an SR or RR. A compound packet should
    have a SourceDescription with a cname.

    Raises TypeError, and ValueError naming the packet and field.
    """
    return _rtpsynth._build_rtcp(packets, reduced_size)


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


class RtpSource(NamedTuple):
    """What an RtpSession knows of a remote source. Times are by the clock of its caller.

    ssrc              0..4294967295
    cname             empty before it has told one
    is_sender         it has sent RTP within the last two intervals of RTCP
    left              it has sent a BYE, with this reason; it is removed 5 s later
    reason            of the BYE
    last_heard_ns     when its last RTP or RTCP arrived
    reception         of its packets, as ReceiverStats.stats has it
    sender_report     its last one, without blocks; None before the first
    sender_report_ns  when that arrived
    report            its last report on our packets; None before the first
    report_ns         when that arrived
    round_trip_ns     by that report; None: it refers to none of our last 8 sender reports
    metrics           its last VoIP metrics on our packets; None before the first
    """

    ssrc: int
    cname: str
    is_sender: bool
    left: bool
    reason: str
    last_heard_ns: int
    reception: dict[str, int]
    sender_report: SenderReport | None
    sender_report_ns: int | None
    report: ReportBlock | None
    report_ns: int | None
    round_trip_ns: int | None
    metrics: VoipMetrics | None
