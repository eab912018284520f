"""parse_sdp: what C++ finds in a description, as Python's objects."""
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rtpsynth.media import Decoder
from rtpsynth.sdp import SdpDescription, SdpFormat, SdpMedia, fmtp_parameter, parse_sdp

HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
TELEPHONE = HEAD + """m=audio 5004 RTP/AVP 9 0 111 101 13 96
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=maxptime:60
a=sendonly
a=rtcp:5010 IN IP4 192.0.2.1
"""
FORMATS = (
    SdpFormat(9, "G722", 8000, 1, "", "G722/8000", "media"),
    SdpFormat(0, "PCMU", 8000, 1, "", "PCMU/8000", "media"),
    SdpFormat(111, "opus", 48000, 2, "minptime=10;useinbandfec=1", "opus/48000/2", "media"),
    SdpFormat(101, "telephone-event", 8000, 1, "0-16", "telephone-event/8000", "event"),
    SdpFormat(13, "CN", 8000, 1, "", "CN/8000", "comfort_noise"),
    SdpFormat(96, "", 0, 1, "", "", "unknown"),
)
SECURE_HEAD = HEAD.replace("t=0 0", "t=0 0\r\na=fingerprint:sha-256 AB")
BROWSER = SECURE_HEAD + """m=audio 9 UDP/TLS/RTP/SAVPF 0
c=IN IP6 2001:db8::7
a=rtcp-mux
a=recvonly
a=ptime:2.5
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc
a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:def
m=video 0 UDP/TLS/RTP/SAVPF 0
a=bundle-only
a=inactive
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
m=malformed
"""


def test_a_telephone_s_offer():
    media, = parse_sdp(TELEPHONE).media
    assert media == SdpMedia(
        type="audio", protocol="RTP/AVP", address="192.0.2.1", ipv6=False, port=5004,
        rtcp_port=5010, rtcp_mux=False, bundle_only=False, fingerprint=False,
        direction="sendonly", ptime_ns=20_000_000, maxptime_ns=60_000_000, cryptos=(),
        formats=FORMATS, is_rtp=True, is_secure=False)
    assert media.find(111) == FORMATS[2] and media.find(8) is None
    assert Decoder(media.find(9).encoding).audio_rate == 16000


def test_a_browser_s_offer():
    audio, video, data, malformed = parse_sdp(BROWSER).media
    assert audio == SdpMedia(
        type="audio", protocol="UDP/TLS/RTP/SAVPF", address="2001:db8::7", ipv6=True, port=9,
        rtcp_port=None, rtcp_mux=True, bundle_only=False, fingerprint=True,
        direction="recvonly", ptime_ns=2_500_000, maxptime_ns=None,
        cryptos=("1 AES_CM_128_HMAC_SHA1_80 inline:abc", "2 AES_CM_128_HMAC_SHA1_32 inline:def"),
        formats=(FORMATS[1],), is_rtp=True, is_secure=True)
    assert (video.type, video.port, video.bundle_only, video.direction) \
        == ("video", 0, True, "inactive")
    assert (data.type, data.is_rtp, data.is_secure, data.formats) \
        == ("application", False, False, ())
    assert (malformed.type, malformed.port, malformed.direction) == ("", 0, "sendrecv")


@pytest.mark.parametrize("kind", [str.encode, lambda s: bytearray(s, "ascii"),
                                  lambda s: memoryview(s.encode())])
def test_takes_what_is_like_bytes(kind):
    text = "SIP/2.0 200 OK\r\n\r\n" + TELEPHONE + "\r\nm=audio 1 RTP/AVP 0\r\n"
    assert parse_sdp(kind(text)) == parse_sdp(text) == parse_sdp(TELEPHONE)


def test_attributes_do_not_depend_on_each_other():
    media, = parse_sdp(HEAD + "m=audio 1 RTP/AVP 0\na=rtcp:9\na=rtcp-mux\na=maxptime:60\n").media
    assert (media.rtcp_port, media.rtcp_mux) == (9, True)
    assert (media.ptime_ns, media.maxptime_ns) == (None, 60_000_000)


def test_text_that_is_not_ascii():
    found, = parse_sdp("v=0\nm=äudio 1 RTP/AVP 0\na=fmtp:0 ☎\n").media
    assert (found.type, found.formats[0].fmtp) == ("äudio", "☎")
    found, = parse_sdp(b"v=0\nm=\xffudio 1 RTP/AVP 0\n").media
    assert found.type == "\ufffdudio"


def test_results_are_immutable_values():
    description = parse_sdp(TELEPHONE)
    assert isinstance(description, SdpDescription)
    assert hash(description) == hash(parse_sdp(TELEPHONE))
    assert pickle.loads(pickle.dumps(description)) == description
    with pytest.raises(AttributeError):
        description.media[0].port = 1
    assert "encoding='opus/48000/2'" in repr(description)


def test_errors():
    for nothing in ("", b"", "m=audio 5004 RTP/AVP 0\r\n", "v=1\r\n"):
        with pytest.raises(ValueError, match="v=0"):
            parse_sdp(nothing)
    for other in (None, 7, ["v=0"]):
        with pytest.raises(TypeError, match="text must be a str or a bytes-like object, not"):
            parse_sdp(other)
    with pytest.raises(UnicodeEncodeError):
        parse_sdp("v=0\n\ud800")
    with pytest.raises(BufferError):
        parse_sdp(memoryview(b"v=0\n")[::2])
    with pytest.raises(TypeError, match="fmtp must be a str"):
        fmtp_parameter(b"", "mode")
    with pytest.raises(TypeError, match="name must be a str"):
        fmtp_parameter("", 0)


def test_parameters_of_fmtp():
    fmtp = FORMATS[2].fmtp + ";cbr"
    assert fmtp_parameter(fmtp, "useinbandfec") == "1"
    assert fmtp_parameter(fmtp, "MinPtime") == "10"
    assert fmtp_parameter(fmtp, "cbr") == ""
    assert fmtp_parameter(fmtp, "stereo") is None


def test_limits_of_what_is_kept():
    assert len(parse_sdp(HEAD + "m=audio 1 RTP/AVP 0\n" * 100).media) == 64
    crypto = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc\n"
    assert len(parse_sdp(HEAD + "m=audio 1 RTP/SAVP 0\n" + crypto * 20).media[0].cryptos) == 16


SETTINGS = settings(max_examples=300, deadline=None, derandomize=True, database=None)
LINES = st.sampled_from(TELEPHONE.splitlines() + BROWSER.splitlines())
PIECES = st.one_of(LINES, LINES.map(lambda line: line[: len(line) // 2]),
                   st.text(max_size=20))


def check(description):
    for media in description.media:
        assert 0 <= media.port <= 65535 and (media.rtcp_port is None or media.rtcp_port <= 65535)
        assert media.ptime_ns is None or media.ptime_ns > 0
        assert media.maxptime_ns is None or media.maxptime_ns > 0
        assert len({f.payload_type for f in media.formats}) == len(media.formats)
        for f in media.formats:
            assert media.is_rtp and media.find(f.payload_type) is f and f.payload_type <= 127
            assert bool(f.name) == bool(f.encoding) == bool(f.clock_rate) == (f.kind != "unknown")


@SETTINGS
@given(st.lists(PIECES, max_size=30))
def test_any_lines(lines):
    text = "\n".join(["v=0", *lines])
    assert parse_sdp(text) == parse_sdp(text.encode())
    check(parse_sdp(text))


@SETTINGS
@given(st.binary(max_size=200))
def test_any_bytes(data):
    check(parse_sdp(b"v=0\nm=audio 1 RTP/AVP 0\n" + data))
    try:
        check(parse_sdp(data))
    except ValueError:
        assert not data.startswith(b"v=0\n")
