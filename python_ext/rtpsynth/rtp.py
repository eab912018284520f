"""RTP packets: what they hold (RFC 3550, RFC 8285), and what else comes on their port (RFC 7983)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from . import _rtpsynth

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
else:  # for typing.get_type_hints; typing has no name for it before Python 3.12
    ReadableBuffer = bytes | bytearray | memoryview

__all__ = ["RtpPacket", "build_rtp", "classify", "parse_extension", "parse_rtp"]


class RtpPacket(NamedTuple):
    """The fields of a packet. Ranges are checked when a packet is built.

    payload_type       0..127
    seq                sequence number, 0..65535
    timestamp          in units of the stream's clock rate, 0..4294967295
    ssrc               0..4294967295
    payload            without padding
    marker             of audio: the first packet of a talkspurt
    csrcs              contributing sources, at most 15
    extension_profile  of the header extension, 0..65535; None: there is none
    extension          its body, a multiple of 4 bytes; see parse_extension()
    padding            bytes behind the payload, 0..255; 0: none
    """

    payload_type: int
    seq: int
    timestamp: int
    ssrc: int
    payload: bytes = b""
    marker: bool = False
    csrcs: tuple[int, ...] = ()
    extension_profile: int | None = None
    extension: bytes = b""
    padding: int = 0


def classify(
    datagram: ReadableBuffer,
) -> Literal["rtp", "rtcp", "stun", "zrtp", "dtls", "turn_channel", "unknown"]:
    """What a datagram on the port of RTP is, by its first two bytes: which parser it is for, not
    whether it is well formed.

    Raises TypeError if it is not bytes-like.
    """
    return _rtpsynth._classify(datagram)


def parse_rtp(packet: ReadableBuffer) -> RtpPacket:
    """Reads an RTP packet, bytes-like.

    Raises ValueError, which tells what is wrong, if it is not RTP.
    """
    return _rtpsynth._parse_rtp(packet, RtpPacket)


def build_rtp(packet: RtpPacket, elements: Iterable[tuple[int, ReadableBuffer]] = ()) -> bytes:
    """The bytes of a packet, at most 65507.

    elements: (id, data) of the header extension in place of packet.extension, for the profiles
    0xbede (ids 1..14, 1..16 bytes each) and 0x1000 to 0x100f (ids 1..255, 0..255 bytes each).

    Raises TypeError, and ValueError naming the field.
    """
    return _rtpsynth._build_rtp(*packet, elements)


def parse_extension(profile: int, extension: ReadableBuffer) -> list[tuple[int, bytes]]:
    """(id, data) of each element of a header extension (RFC 8285), in order; none if the profile has
    neither of its forms.

    Raises ValueError for a malformed element.
    """
    return _rtpsynth._parse_extension(profile, extension)
