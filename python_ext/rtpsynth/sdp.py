"""Session descriptions (SDP), which tell the addresses, payload types and codecs of a call, and keys
of SRTP for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from . import _rtpsynth

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
else:  # for typing.get_type_hints; typing has no name for it before Python 3.12
    ReadableBuffer = bytes | bytearray | memoryview

__all__ = ["SdpDescription", "SdpFormat", "SdpMedia", "fmtp_parameter", "generate_crypto", "parse_sdp"]


class SdpFormat(NamedTuple):
    """A payload type of a medium.

    payload_type  0..127
    name          from a=rtpmap or, for a static payload type, from RFC 3551; empty if neither knows
    clock_rate    Hz; 0 if the name is not known
    channels      of audio, 1..255
    fmtp          what a=fmtp says; see fmtp_parameter()
    encoding      "PCMU/8000", "opus/48000/2": what Encoder, Decoder and Playout want; empty if not
                  known
    kind          media, telephone events (RFC 4733), comfort noise (RFC 3389), or unknown
    """

    payload_type: int
    name: str
    clock_rate: int
    channels: int
    fmtp: str
    encoding: str
    kind: Literal["unknown", "media", "event", "comfort_noise"]


class SdpMedia(NamedTuple):
    """A media description: an m= line and what belongs to it (RFC 8866 section 5.14).

    type         "audio", "video", ...
    protocol     "RTP/AVP", "UDP/TLS/RTP/SAVPF", ...
    address      from c=, as written: an IP address or a host name; empty if there is none
    ipv6         c= says IP6
    port         0: refused, or bundled with another medium (bundle_only)
    rtcp_port    of a=rtcp (RFC 3605); None: RTCP is at port + 1, or muxed
    rtcp_mux     RTP and RTCP share a port (RFC 5761)
    bundle_only  the medium is to be bundled with another (RFC 9143)
    fingerprint  there is one here or for the session: DTLS-SRTP is offered
    direction    who sends, as the description's author sees it
    ptime_ns     media in a packet, positive; None: not said
    maxptime_ns  media in a packet at most, positive; None: not said
    cryptos      the values of a=crypto (RFC 4568)
    formats      the preferred one first, each payload type once; empty unless is_rtp
    is_rtp       the protocol is one over RTP
    is_secure    the protocol demands SRTP: RTP/SAVP, RTP/SAVPF, UDP/TLS/RTP/SAVPF
    """

    type: str
    protocol: str
    address: str
    ipv6: bool
    port: int
    rtcp_port: int | None
    rtcp_mux: bool
    bundle_only: bool
    fingerprint: bool
    direction: Literal["sendrecv", "sendonly", "recvonly", "inactive"]
    ptime_ns: int | None
    maxptime_ns: int | None
    cryptos: tuple[str, ...]
    formats: tuple[SdpFormat, ...]
    is_rtp: bool
    is_secure: bool

    def find(self, payload_type: int) -> SdpFormat | None:
        """The format of a payload type, or None."""
        return next((f for f in self.formats if f.payload_type == payload_type), None)


class SdpDescription(NamedTuple):
    """What parse_sdp() found.

    media  in their order, which an answer has to keep. A malformed m= line has its place, too: a
           medium of port 0 without a type, to be refused.
    """

    media: tuple[SdpMedia, ...]


def parse_sdp(text: str | ReadableBuffer) -> SdpDescription:
    """Reads the first session description (RFC 8866) in a text, a str or bytes-like.

    It begins with its v=0. Other things may stand before and after it, as in multipart/mixed. Lines
    end in CRLF or LF. What is malformed or not known is ignored, and so is what is beyond 64 media,
    128 formats or 16 cryptos of a medium, or 1024 bytes of a value. Bytes that are not UTF-8 become
    U+FFFD.

    Raises ValueError if there is no v=0, TypeError for another type.
    """
    return _rtpsynth._parse_sdp(text, SdpDescription, SdpMedia, SdpFormat)


def fmtp_parameter(fmtp: str, name: str) -> str | None:
    """The value of a parameter in an SdpFormat's fmtp: a list of name=value, semicolons between.

    Empty for a name without a value, None if it is not there. The first of several counts; case
    does not matter in names.
    """
    return _rtpsynth._fmtp_parameter(fmtp, name)


def generate_crypto(suite: str = "AES_CM_128_HMAC_SHA1_80", tag: int = 1) -> str:
    """A new key of SRTP, as the value of an a=crypto (RFC 4568): "1 AES_CM_128_HMAC_SHA1_80 inline:…".

    suite: AES_CM_128_HMAC_SHA1_80, AES_CM_128_HMAC_SHA1_32, AEAD_AES_128_GCM or AEAD_AES_256_GCM.
    tag: 0..999999999; an answer repeats that of the offer's key which it accepts.

    Raises ValueError for a suite that is not known or that this libsrtp2 does not have, RuntimeError
    if the package was built without SRTP.
    """
    return _rtpsynth._generate_crypto(suite, tag)
