"""What rtp_replay learns from the SDP in a capture's SIP."""
import pytest

from replay_tools import (ETHERNET, ethernet, expect, ipv4, ipv6, only_stream, paced, pcap, press,
                          replay, replay_json, rtp, srtp, udp)

CALLER, CALLEE = "192.0.2.1", "192.0.2.2"  # as replay_tools.ipv4 has them: src=1, dst=2


def sdp(*lines, address=CALLEE, port=5004, types="111", profile="RTP/AVP", session=True):
    connection = [f"c=IN IP{6 if ':' in address else 4} {address}"]
    return "\r\n".join(["v=0", f"o=- 1 1 IN IP4 {address}", "s=-", *(connection * session), "t=0 0",
                        f"m=audio {port} {profile} {types}", *(connection * (not session)),
                        *lines, ""]).encode()


OPUS = sdp("a=rtpmap:111 opus/48000/2")


def sip(body, start=b"INVITE sip:b@example.com SIP/2.0", headers=(b"Content-Type: application/sdp",),
        length=b"Content-Length: %d", end=b"\r\n"):
    lines = [start, b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1", b"CSeq: 1 INVITE", *headers]
    if length:
        lines.append(length % len(body))
    return end.join([*lines, b"", body])


def over_udp(when, message):
    return when, ethernet(ipv4(udp(message, 5060, 5060)))


def media(packets, **ports):
    return [(when, ethernet(ipv4(udp(packet, **ports)))) for when, packet in packets]


@pytest.fixture
def write(tmp_path):
    def write(frames, link=ETHERNET):
        path = tmp_path / "capture.pcap"
        path.write_bytes(pcap(sorted(frames, key=lambda f: f[0]), link))
        return path
    return write


def opus(count=100, start=1000.0, **kwargs):
    return media(paced(count, start=start, step=960, pt=111, **kwargs))


def with_sip(*messages, when=999.0):
    return [over_udp(when + 0.01 * i, m) for i, m in enumerate(messages)]


MULTIPART = b"\r\n".join([
    b"--frontier", b"Content-Type: text/plain", b"", b"c=IN IP4 9.9.9.9", b"no m= line of ours", b"",
    b"--frontier", b"Content-Type: application/sdp", b"", OPUS + b"--frontier--", b""])


@pytest.mark.parametrize("message", [
    sip(OPUS),
    sip(OPUS, b"SIP/2.0 200 OK"),
    sip(OPUS, b"SIP/2.0 183 Session Progress", [b"c: application/sdp"], b"l: %d"),
    sip(OPUS, length=b"l:%d  "),
    sip(OPUS, length=b"CONTENT-LENGTH : %d"),
    sip(OPUS, length=b""),
    sip(OPUS.replace(b"\r\n", b"\n"), end=b"\n"),
    sip(MULTIPART, headers=[b"Content-Type: multipart/mixed;boundary=frontier"]),
    sip(sdp("a=rtpmap:111 opus/48000/2", session=False)),
    sip(sdp("a=rtpmap:111 OPUS/48000", "a=unknown", "b=AS:64", "a=fmtp:111 x=1", "a=sendrecv")),
    sip(sdp("a=rtpmap:0 PCMU/8000", "a=rtpmap:111 opus/48000/2", types="0 111", port="5004/2")),
    sip(sdp("a=rtpmap:111 opus/48000/2") + b"m=video 6000 RTP/AVP 111\r\na=rtpmap:111 VP8/90000\r\n"),
    sip(sdp("a=rtpmap:96 VP8/90000", port=6000, types="96") +
        b"m=audio 5004 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n"),
    sip(sdp("a=rtpmap:111 VP8/90000", address="192.0.2.77") +
        b"m=audio 5004 RTP/AVP 111\r\nc=IN IP4 192.0.2.2\r\na=rtpmap:111 opus/48000/2\r\n"),
    sip(sdp("a=rtpmap:111 opus/48000/2", address=CALLER, port=4000)),  # by the sender's alone
], ids=["offer", "answer", "compact", "spaces", "capitals", "no length", "LF", "multipart",
        "address of the medium", "other lines", "several types", "first of two media",
        "second of two media", "both addresses", "sender's"])
def test_clock_rates_come_from_sdp(write, message):
    expect(only_stream(write(with_sip(message) + opus())), packets=100, clock_rate=48000)


@pytest.mark.parametrize("message", [
    sip(sdp("a=rtpmap:111 opus/48000/2", port=5006)),
    sip(sdp("a=rtpmap:111 opus/48000/2", address="192.0.2.77")),
    sip(sdp("a=rtpmap:111 opus/48000/2", address="0.0.0.0")),
    sip(sdp("a=rtpmap:111 opus/48000/2", address="pbx.example.com")),
    sip(sdp("a=rtpmap:112 opus/48000/2")),
    sip(sdp("a=rtpmap:111 opus/0")),
    sip(sdp("a=rtpmap:111 opus")),
    sip(sdp("a=rtpmap:111 o\x1bpus/48000")),
    sip(sdp("a=rtpmap:999 opus/48000")),
    sip(sdp("a=rtpmap:111 " + "x" * 65 + "/48000")),
    sip(sdp("a=rtpmap:111 opus/48000/2", port=0)),
    sip(sdp("a=rtpmap:111 opus/48000/2", profile="udp")),
    sip(OPUS, b"INVITE sip:b@example.com HTTP/1.1"),
    sip(b""), b"INVITE sip:b@example.com SIP/2.0\r\n", b"SIP/2.0 200 OK",
], ids=range(16))
def test_sdp_of_other_streams_changes_nothing(write, message):
    stream = only_stream(write(with_sip(message) + opus()))
    assert stream["clock_rate"] is stream["max_jitter_ms"] is None
    assert stream["codec"] == "PT 111" and stream["packets"] == 100


def test_the_receiver_decides_what_its_payload_types_are(write):
    messages = [sip(sdp("a=rtpmap:111 speex/16000", address=CALLER, port=4000)),
                sip(OPUS, b"SIP/2.0 200 OK")]
    expect(only_stream(write(with_sip(*messages) + opus())), codec="opus", clock_rate=48000)


def test_sdp_may_come_after_the_stream_has_begun(write):
    path = write(opus() + [over_udp(1001.0, sip(OPUS, b"SIP/2.0 200 OK"))])
    expect(only_stream(path), packets=100, clock_rate=48000, codec="opus")
    with open(path, "rb") as file:  # from where it can be read once, as far as it is possible
        run = replay("--json", "-", stdin=file)
    assert run.returncode == 0 and '"clock_rate": 48000' in run.stdout


@pytest.mark.parametrize("when", [900.0, 1002.5], ids=["appended", "later"])
def test_sdp_may_come_after_the_last_packet(tmp_path, when):
    path = tmp_path / "capture.pcap"
    path.write_bytes(pcap(opus() + [over_udp(when, sip(OPUS))]))  # in this order in the file
    expect(only_stream(path), packets=100, clock_rate=48000, codec="opus")
    with open(path, "rb") as file:  # cannot be read again: nothing has been measured
        run = replay("--json", "-", stdin=file)
    assert '"codec": "opus"' in run.stdout and '"max_jitter_ms": null' in run.stdout


def test_media_may_share_an_address(write):
    body = sdp("a=rtpmap:111 opus/48000/2", "a=ptime:20") + \
        b"m=video 5004 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"
    packets = opus() + media(paced(100, step=1800, pt=96, ssrc=2))
    result, _ = replay_json(write(with_sip(sip(body)) + packets))
    assert sorted((s["codec"], s["clock_rate"], s["max_jitter_ms"], s["ptime_ms"])
                  for s in result["streams"]) == [("VP8", 90000, 0, None), ("opus", 48000, 0, 20)]


def test_a_payload_type_may_become_another(write):
    again = sip(sdp("a=rtpmap:111 L16/16000"))
    packets = opus(100) + [over_udp(1002.0, again)] + \
        media(paced(100, 100, 96000, start=1002.01, step=320, pt=111))
    expect(only_stream(write(with_sip(sip(OPUS)) + packets)), packets=200)


def test_the_same_port_may_be_used_by_another_call(write):
    second = sip(sdp("a=rtpmap:111 AMR/8000"))
    packets = opus(ssrc=1) + [over_udp(1100, second)] + \
        media(paced(100, start=1101.0, step=160, pt=111, ssrc=2)) + \
        media(paced(100, start=1101.0, step=960, pt=111, ssrc=3), dport=6004) + \
        [over_udp(1102, sip(sdp("a=rtpmap:111 opus/48000", port=6004)))]  # late: read once more
    result, _ = replay_json(write(with_sip(sip(OPUS)) + packets))
    assert [(s["codec"], s["max_jitter_ms"]) for s in result["streams"]] == \
        [("opus", 0), ("AMR", 0), ("opus", 0)]


def test_the_command_line_comes_first(write):
    stream = only_stream(write(with_sip(sip(OPUS)) + opus()), "--clock", "111=16000")
    assert stream["clock_rate"] == 16000 and stream["max_jitter_ms"] > 1


def test_telephone_events_are_what_sdp_says(write):
    body = sdp("a=rtpmap:101 telephone-event/8000", "a=ptime:20", types="0 101")
    events = [(1001 + 0.02 * i, rtp(50 + i, 8000, b"\1\x0a\0\xa0", pt=101)) for i in range(10)]
    audio = paced(50, pt=0) + events + paced(50, 60, 9600, 1001.2, pt=0)
    stream = only_stream(write(with_sip(sip(body)) + media(audio)))
    expect(stream, codec="PCMU+telephone-event", ptime_ms=20)
    other = sdp("a=rtpmap:101 SILK/8000", types="101")
    stream = only_stream(write(with_sip(sip(other)) + media(press(0, 0, 1000.0))))
    assert stream["codec"] == "SILK" and stream["clock_rate"] == 8000


def test_comfort_noise_of_a_dynamic_type_makes_no_jitter(write):
    body = sdp("a=rtpmap:98 cn/16000", "a=rtpmap:99 L16/16000", types="99 98")
    noise = [(1001 + 0.3 * i, rtp(50 + i, 16000 + 999 * i, b"\x40", pt=98)) for i in range(5)]
    packets = paced(50, step=320, pt=99) + noise + paced(50, 55, 40000, 1002.5, step=320, pt=99)
    expect(only_stream(write(with_sip(sip(body)) + media(packets))), packets=105, codec="L16+cn")


@pytest.mark.parametrize("profile", ["RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVPF"])
def test_srtp_is_told_by_its_profile(write, profile):
    body = sdp("a=rtpmap:108 H264/90000", types="108", profile=profile)
    stream = only_stream(write(with_sip(sip(body)) + media(srtp(300, every=100))))
    expect(stream, packets=300, encrypted=True, codec="H264", clock_rate=90000)


AVP, SAVP, CRYPTO = "RTP/AVP", "RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x"


def second(port, profile):
    return f"m=audio {port} {profile} 0"


@pytest.mark.parametrize("caller, callee, encrypted", [
    ((SAVP,), (SAVP,), True),
    ((AVP,), (AVP,), False),
    ((SAVP, second(4000, AVP)), (AVP, second(0, SAVP)), False),
    ((AVP, second(4000, SAVP)), (AVP, second(0, SAVP)), False),
    ((AVP, second(4000, SAVP)), (SAVP, second(0, AVP)), True),
    ((SAVP,), (AVP,), False),
    ((AVP, CRYPTO), (AVP, CRYPTO), True),
    ((AVP, CRYPTO), (AVP,), False),
    ((AVP, CRYPTO), (SAVP, CRYPTO), True),
    ((AVP, "a=fingerprint:sha-256 00:11"), (AVP, "a=fingerprint:sha-256 22:33"), True),
    ((AVP, CRYPTO), None, False),
    ((AVP, second(4000, SAVP)), None, False),
    ((SAVP,), None, True),
    (None, (SAVP,), True),
], ids=["SAVP", "AVP", "both, AVP taken", "both the other way round, AVP taken",
        "both, SAVP taken", "SAVP refused", "keys of both sides", "keys of one", "keys, SAVP taken",
        "DTLS", "keys offered", "both offered", "SAVP offered", "SAVP of the callee"])
def test_srtp_is_what_both_sides_agree_on(write, caller, callee, encrypted):
    messages = []
    if caller:
        messages.append(sip(sdp(*caller[1:], address=CALLER, port=4000, types="0",
                                profile=caller[0])))
    if callee:
        messages.append(sip(sdp(*callee[1:], types="0", profile=callee[0]), b"SIP/2.0 200 OK"))
    there = media(paced(50, pt=0))
    back = [(when, ethernet(ipv4(udp(p, 5004, 4000), src=2, dst=1)))
            for when, p in paced(50, pt=0, ssrc=2)]
    result, _ = replay_json(write(with_sip(*messages) + there + back))
    assert [s["encrypted"] for s in result["streams"]] == [encrypted] * 2


def test_an_answer_that_refuses_srtp_may_come_after_the_first_packets(write):
    offer = sip(sdp(address=CALLER, port=4000, types="0", profile=SAVP))
    answer = sip(sdp(types="0"), b"SIP/2.0 200 OK")
    path = write(with_sip(offer) + media(paced(50, pt=0)) + [over_udp(1000.5, answer)])
    expect(only_stream(path), packets=50, encrypted=False)


def test_encrypted_speech_is_not_written_as_wav(write, tmp_path):
    body = sdp(types="0", profile="RTP/SAVP")
    run = replay(write(with_sip(sip(body)) + media(paced(50, pt=0))), "--wav", tmp_path / "o.wav")
    assert run.returncode == 1 and "no unencrypted stream of PCMU, PCMA, " in run.stderr


def test_ipv6(write):
    body = sdp("a=rtpmap:111 opus/48000/2", address="2001:db8::2")
    frames = [(when, ethernet(ipv6(udp(p)), 0x86dd)) for when, p in
              paced(100, step=960, pt=111)]
    expect(only_stream(write(with_sip(sip(body)) + frames)), clock_rate=48000)


def test_more_sdp_than_there_is_room_for_is_counted(write):
    def types(i):
        return [f"a=rtpmap:{t} X{i}/8000" for t in range(128)]
    messages = [sip(sdp(*types(i), port=6000 + i % 3000)) for i in range(1700)]
    result, status = replay_json(write(with_sip(*messages, when=900.0) + opus()))
    assert status == 0 and 0 < result["sdp_left_out"] < 300


def test_sip_that_was_cut_short_is_read_as_far_as_it_goes(tmp_path):
    path = tmp_path / "capture.pcap"
    message = over_udp(999, sip(OPUS + b"a=x\r\n" * 100))
    path.write_bytes(pcap([message] + opus(), snaplen=420))
    expect(only_stream(path), clock_rate=48000)
