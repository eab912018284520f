"""rtpsynth.rtcp: packets there and back, a session's participants, and receiver statistics."""

import pytest
from any_input import any_of
from hypothesis import strategies as st

from rtpsynth.rtcp import (Goodbye, OtherRtcp, ReceiverReport, ReceiverStats, ReportBlock,
                           RtpSession, SenderReport, SourceDescription, VoipMetrics, build_rtcp,
                           build_voip_metrics, parse_rtcp, parse_voip_metrics)
from rtpsynth.RtpSynth import RtpSynth

SECOND = 10**9
NOON = 1_800_000_000 * SECOND + 123_456_789  # of a day in 2027

u8, u16, u32 = (st.integers(0, 2**n - 1) for n in (8, 16, 32))
words = st.text(st.characters(blacklist_categories=["Cs"]), max_size=60)
blocks = st.builds(ReportBlock, u32, u8, st.integers(-(2**23), 2**23 - 1), u32, u32, u32, u32)
several = st.lists(blocks, max_size=31).map(tuple)
times = st.one_of(st.none(), st.integers(10**9, 4 * 10**18))
reports = st.one_of(st.builds(SenderReport, u32, times, u32, u32, u32, several),
                    st.builds(ReceiverReport, u32, several))
others = st.one_of(
    st.builds(SourceDescription, u32, words,
              st.lists(st.tuples(st.integers(2, 255), words), max_size=3).map(tuple)),
    st.builds(Goodbye, st.lists(u32, min_size=1, max_size=31).map(tuple), words),
    st.builds(OtherRtcp, st.integers(204, 223), st.integers(0, 31),
              st.integers(0, 5).flatmap(lambda n: st.binary(min_size=4 * n, max_size=4 * n))))
compounds = st.tuples(reports, st.lists(st.one_of(reports, others), max_size=5)).map(
    lambda parts: [parts[0], *parts[1]])


@any_of(compounds)
def test_there_and_back(packets):
    datagram = build_rtcp(packets)
    assert parse_rtcp(datagram) == packets
    assert parse_rtcp(memoryview(datagram), reduced_size=True) == packets


@any_of(st.binary(max_size=120))
def test_any_bytes(data):
    for reduced_size in (False, True):
        try:
            packets = parse_rtcp(data, reduced_size)
        except ValueError as e:
            assert str(e).startswith("datagram is not RTCP")
        else:
            assert packets is not None


@any_of(compounds, st.data())
def test_any_damage(packets, data):
    datagram = bytearray(build_rtcp(packets))
    for _ in range(data.draw(st.integers(1, 4))):
        datagram[data.draw(st.integers(0, len(datagram) - 1))] = data.draw(u8)
    try:
        parse_rtcp(datagram)
    except ValueError:
        pass


def test_reduced_size_and_ready_packets():
    bye = Goodbye((7,), "so long")
    assert parse_rtcp(build_rtcp([bye], reduced_size=True), reduced_size=True) == [bye]
    with pytest.raises(ValueError):
        build_rtcp([bye])
    with pytest.raises(ValueError):
        parse_rtcp(build_rtcp([bye], True))
    heard = VoipMetrics(5, loss_rate=3)
    datagram = build_rtcp([ReceiverReport(1), build_voip_metrics(1, [heard])])
    assert parse_voip_metrics(datagram) == [(1, heard)]
    assert [type(p) for p in parse_rtcp(datagram)] == [ReceiverReport, OtherRtcp]


def test_text_that_is_not_utf8():
    name, = parse_rtcp(build_rtcp([OtherRtcp(202, 1, b"\0\0\0\5\1\2\xff\xfe\0\0\0\0")], True), True)
    assert name == SourceDescription(5, "\ufffd\ufffd")


def test_errors_of_packets():
    block = ReportBlock(1)
    for packets, error, words_ in (
        (5, TypeError, "iterable"),
        ([5], TypeError, r"packets\[0\] must be a packet of rtpsynth.rtcp or bytes, not int"),
        ([ReceiverReport(-1)], ValueError, r"packets\[0\].ssrc must be 0..4294967295"),
        ([ReceiverReport(1, 5)], TypeError, "iterable"),
        ([ReceiverReport(1, [5])], TypeError, r"blocks\[0\] must be a ReportBlock"),
        ([ReceiverReport(1, [block] * 32)], ValueError, "blocks must be at most 31"),
        ([ReceiverReport(1, [block._replace(cumulative_lost=2**23)])], ValueError,
         r"packets\[0\].blocks\[0\].cumulative_lost"),
        ([SenderReport(1, wall_clock_ns=-1)], ValueError, "wall_clock_ns"),
        ([SenderReport(1, rtp_timestamp="x")], TypeError, "rtp_timestamp"),
        ([ReceiverReport(1), SourceDescription(1, "x" * 256)], ValueError,
         r"packets\[1\].cname must be at most 255"),
        ([ReceiverReport(1), SourceDescription(1, "x", [5])], TypeError, "others must hold"),
        ([ReceiverReport(1), SourceDescription(1, "x", [(0, "")])], ValueError, "1..255"),
        ([ReceiverReport(1), Goodbye(())], ValueError, r"packets\[1\]"),
        ([ReceiverReport(1), Goodbye(range(32))], ValueError, r"packets\[1\]"),
        ([ReceiverReport(1), Goodbye((1,), "x" * 256)], ValueError, "reason"),
        ([ReceiverReport(1), OtherRtcp(191, 0, b"")], ValueError, "192..223"),
        ([ReceiverReport(1), OtherRtcp(204, 32, b"")], ValueError, "subtype"),
        ([ReceiverReport(1), OtherRtcp(204, 0, b"123")], ValueError, r"packets\[1\]"),
        ([ReceiverReport(1), b"x"], ValueError, r"packets\[1\]"),
        ([ReceiverReport(1), *[OtherRtcp(204, 0, bytes(60000))] * 2], ValueError, r"packets\[2\]"),
    ):
        with pytest.raises(error, match=words_):
            build_rtcp(packets)
    assert build_rtcp([]) == b""
    with pytest.raises(TypeError, match="bytes-like"):
        parse_rtcp("x")


class Party:
    """A participant with a clock and a stream."""

    def __init__(self, name, ssrc, **options):
        self.session = RtpSession(name, ssrc=ssrc, seed=ssrc, **options)
        self.synth = RtpSynth(8000, 20)
        self.synth.resync(0, 0)
        self.addr = ("192.0.2.1", 4000 + ssrc)

    def packet(self):
        packet = self.synth.next_pkt(160, 0)
        return packet[:8] + self.session.ssrc.to_bytes(4, "big") + packet[12:]


def talk(a, b, seconds, lose=lambda i: False, begin=0):
    """Both send; what is due of RTCP arrives 10 ms later. Returns when it ends."""
    tick = 20_000_000
    now = begin
    for i in range(seconds * 50):
        now = begin + i * tick
        for sender, receiver in ((a, b), (b, a)):
            packet = sender.packet()
            sender.session.sent(packet, now)
            if not lose(i):
                receiver.session.receive_rtp(packet, now, sender.addr)
            due = sender.session.next_rtcp_ns
            if due is not None and due <= now:
                datagram = sender.session.make_rtcp(now, NOON + now)
                if datagram:
                    assert (receiver.session.receive_rtcp(datagram, now + 10_000_000, sender.addr)
                            == "accepted")
    return now


def test_two_parties():
    a, b = Party("a@x", 1), Party("b@x", 2)
    assert a.session.next_rtcp_ns is None and a.session.sources == ()
    now = talk(a, b, 30, lose=lambda i: i % 10 == 5)
    source, = a.session.sources
    assert source == a.session.find(2) and a.session.find(3) is None
    assert (source.ssrc, source.cname, source.is_sender, source.left) == (2, "b@x", True, False)
    assert source.reception["missing"] == pytest.approx(150, abs=2)
    assert source.last_heard_ns == pytest.approx(now, abs=SECOND)
    assert source.sender_report.wall_clock_ns == NOON + source.sender_report_ns - 10_000_000
    assert source.sender_report.packet_count > 0
    assert source.report.ssrc == 1 and 20 < source.report.fraction_lost < 32  # of 256
    assert 0 <= source.round_trip_ns < 30_000_000
    assert source.metrics is None
    assert (a.session.members, a.session.senders) == (2, 2)
    assert a.session.stats["rtp_accepted"] + a.session.stats["rtp_probation"] == 1350


def test_bye():
    a, b = Party("a@x", 1), Party("b@x", 2)
    now = talk(a, b, 10)
    a.session.leave(now, "so long")
    while not (bye := a.session.make_rtcp(now)):
        now = a.session.next_rtcp_ns
    assert parse_rtcp(bye)[-1] == Goodbye((1,), "so long")
    assert b.session.receive_rtcp(bye, now, a.addr) == "accepted"
    assert b.session.sources[0].left and b.session.sources[0].reason == "so long"
    assert b.session.receive_rtp(a.packet(), now, a.addr) == "left"


def test_conflict_and_collision():
    a, b = Party("a@x", 1), Party("b@x", 2)
    now = talk(a, b, 10)
    assert a.session.receive_rtp(b.packet(), now, ("192.0.2.9", 9)) == "conflict"
    a.session.source_moved(2, ("192.0.2.9", 9))
    assert a.session.receive_rtp(b.packet(), now, ("192.0.2.9", 9)) == "accepted"
    assert a.session.receive_rtp(a.packet(), now, ("192.0.2.7", 7)) == "collision"
    assert a.session.ssrc != 1 and a.session.stats["collisions"] == 1
    assert a.session.receive_rtcp(b"\x80", now) == "malformed"


def test_metrics_and_formats():
    a, b = Party("a@x", 1), Party("b@x", 2)
    now = talk(a, b, 3)
    a.session.set_format(101, 8000, "event")
    heard = VoipMetrics(2, loss_rate=9)
    while not (report := a.session.make_rtcp(now, metrics=[heard])):
        now = a.session.next_rtcp_ns
    assert b.session.receive_rtcp(report, now, a.addr) == "accepted"
    # What is on another source is not kept.
    assert parse_voip_metrics(report) == [(1, heard)]
    assert b.session.find(1).metrics == heard


def test_arguments_of_sessions():
    for arguments, error, words_ in (
        ({}, TypeError, "cname"),
        ({"cname": ""}, ValueError, "cname must be 1..255 bytes"),
        ({"cname": "x" * 256}, ValueError, "cname"),
        ({"cname": "x", "ssrc": -1}, ValueError, "ssrc"),
        ({"cname": "x", "clock_rate": 0}, ValueError, "clock_rate"),
        ({"cname": "x", "bandwidth": -1}, ValueError, "bandwidth must be 0..1000000000000"),
        ({"cname": "x", "bandwidth": float("nan")}, ValueError, "bandwidth"),
        ({"cname": "x", "bandwidth": "x"}, TypeError, "float|real"),
        ({"cname": "x", "max_sources": 0}, ValueError, "max_sources"),
        ({"cname": "x", "seed": -1}, ValueError, "seed"),
    ):
        with pytest.raises(error, match=words_):
            RtpSession(**arguments)
    session = RtpSession("x")
    assert RtpSession("x", seed=5).ssrc == RtpSession("x", seed=5).ssrc
    for use, error, words_ in (
        (lambda: session.receive_rtp(b"", 0), ValueError, "packet is not RTP"),
        (lambda: session.receive_rtp(RtpSynth(8000, 20).next_pkt(160, 0), -1), ValueError, "now_ns"),
        (lambda: session.receive_rtcp(b"", 0, []), TypeError, "unhashable"),
        (lambda: session.sent(b"", 0), ValueError, "packet is not RTP"),
        (lambda: session.make_rtcp(0, max_size=10), ValueError, "max_size must be"),
        (lambda: session.make_rtcp(0, -1), ValueError, "wall_clock_ns"),
        (lambda: session.make_rtcp(0, metrics=[5]), TypeError, r"metrics\[0\]"),
        (lambda: session.set_format(128, 8000), ValueError, "payload_type"),
        (lambda: session.set_format(1, 0), ValueError, "clock_rate"),
        (lambda: session.set_format(1, 8000, "x"), ValueError, "kind must be"),
        (lambda: session.leave(0, 5), TypeError, "reason"),
        (lambda: RtpSession.__new__(RtpSession).ssrc, TypeError, "not initialised"),
    ):
        with pytest.raises(error, match=words_):
            use()


def test_an_address_that_closes_the_session():
    """Its __hash__ begins the session anew."""
    session = RtpSession("x", ssrc=1)

    class Address:
        def __hash__(self):
            session.__init__("y", ssrc=2)
            return 5

    for packet in RtpSynth(8000, 20).next_pkts(3, 160, 0):
        assert session.receive_rtp(packet, 0, Address()) == "probation"
    assert session.ssrc == 2


def test_receiver_stats():
    stats = ReceiverStats()
    packets = RtpSynth(8000, 20).next_pkts(100, 160, 0)
    outcomes = [stats.update(p, i * 20_000_000) for i, p in enumerate(packets) if i not in (50, 51)]
    assert outcomes[:3] == ["probation", "in_order", "in_order"] or outcomes[0] == "in_order"
    assert stats.valid
    assert stats.update(packets[51], 2 * SECOND) == "reordered"
    assert stats.update(packets[99], 2 * SECOND) == "duplicate"
    counted = stats.stats
    assert (counted["missing"], counted["reordered"], counted["duplicates"]) == (1, 1, 1)
    assert counted["max_jitter_ns"] >= counted["jitter_ns"] > 0
    stats.sender_report_received(NOON, 2 * SECOND)
    report = stats.make_report(5, 3 * SECOND)
    assert (report.ssrc, report.delay_since_last_sr) == (5, 65536)
    assert stats.make_report(5, 3 * SECOND).fraction_lost == 0
    assert not ReceiverStats(8000, min_sequential=5).valid
    stats.set_format(96, 16000, "media")


def test_errors_of_receiver_stats():
    for arguments, words_ in (((0,), "clock_rate"), ((8000, -1), "min_sequential"),
                              ((8000, 2, 1), "max_dropout"), ((8000, 2, 2, -1), "max_misorder")):
        with pytest.raises(ValueError, match=words_):
            ReceiverStats(*arguments)
    with pytest.raises(TypeError, match="not initialised"):
        ReceiverStats.__new__(ReceiverStats).stats
    with pytest.raises(ValueError, match="packet is not RTP"):
        ReceiverStats().update(b"x", 0)
