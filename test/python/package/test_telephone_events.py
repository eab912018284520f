"""Telephone events: what the sender sends, the receiver tells; and captures of SIPp's."""
import inspect
import random
import shutil
import struct
from pathlib import Path

import pytest
from rtpsynth.media import (TelephoneEventReceiver, TelephoneEventSender, digit_of, event_of)

SIP_TESTER = Path("/usr/share/sip-tester")
MS = 1_000_000


def packet(seq, timestamp, marker, payload, pt=101):
    return struct.pack("!BBHII", 0x80, pt | marker << 7, seq & 0xffff, timestamp & 0xffffffff, 9) \
        + payload


def report(event, end, duration):
    return struct.pack("!BBH", event, end << 7 | 10, duration)


def sent(digits, **timing):
    """The packets of digits, and when they are sent in ms; audio between them is not."""
    sender = TelephoneEventSender(8000)
    sender.queue(digits, **timing)
    tick = 0
    while sender.busy:
        due = sender.next(1000 + tick * 160, 160)
        if due is not None:
            yield tick * 20, packet(tick, due[1], due[0], due[2])
        tick += 1


def told(packets):
    """Digits with the ms each lasted."""
    receiver = TelephoneEventReceiver(8000)
    changes = []
    for ms, data in packets:
        changes += receiver.receive(data, ms * MS)
    changes += receiver.finish()
    assert [kind for kind, _, _ in changes] == ["began", "ended"] * (len(changes) // 2)
    assert all(began[1] == ended[1] and began[2] == 0
               for began, ended in zip(changes[::2], changes[1::2]))
    return [(digit_of(event), ns // MS) for kind, event, ns in changes if kind == "ended"]


def test_what_is_sent_is_told():
    assert told(sent("12#1*ABCD0")) == [(digit, 100) for digit in "12#1*ABCD0"]
    assert told(sent("55", on_ms=70, off_ms=0)) == [("5", 70), ("5", 70)]


def test_a_digit_packet_by_packet():
    sender = TelephoneEventSender(clock_rate=8000)
    assert not sender.busy and sender.next(0, 160) is None
    sender.queue("#", on_ms=40, volume=3)
    assert sender.busy and sender.queued == 1
    assert sender.next(500, 160) == (True, 500, b"\x0b\x03\x00\xa0")
    assert sender.queued == 0
    for timestamp in (660, 820, 980):
        assert sender.next(timestamp, 160) == (False, 500, b"\x0b\x83\x01\x40")
    assert not sender.busy and sender.next(1140, 160) is None


def test_a_key_that_is_held():
    sender = TelephoneEventSender(8000)
    sender.press(16)
    assert [sender.next(i * 160, 160)[2][1] for i in range(4)] == [10] * 4
    sender.release()
    assert sender.next(640, 160) == (False, 0, report(16, True, 640))
    sender.queue_event(event_of("7"), on_ms=1000)
    sender.next(2000, 160)
    sender.clear()
    assert sender.next(2160, 160)[2] != b""
    sender.__init__(16000)
    assert not sender.busy


def test_no_end():
    receiver = TelephoneEventReceiver(8000)
    assert receiver.pressed is None and receiver.next_deadline_ns is None
    assert receiver.receive(packet(1, 7, True, report(5, False, 160)), 0) == [("began", 5, 0)]
    assert (receiver.pressed, receiver.next_deadline_ns) == (5, 100 * MS)
    assert receiver.expire(100 * MS - 1) == []
    assert receiver.expire(100 * MS) == [("ended", 5, 20 * MS)]
    assert receiver.pressed is None and receiver.finish() == []


def test_errors():
    sender = TelephoneEventSender(8000)
    for digits in ("12x", "\xe9", "\0"):
        with pytest.raises(ValueError, match="digits must be of"):
            sender.queue(digits)
    with pytest.raises(ValueError, match="at most 64 events"):
        sender.queue("1" * 65)
    with pytest.raises(TypeError, match="digits must be a str"):
        sender.queue(b"12")
    for wrong in ({"on_ms": 0}, {"on_ms": 3_600_001}, {"off_ms": -1}, {"volume": 64}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            sender.queue("1", **wrong)
    for call in (lambda: sender.queue_event(256), lambda: sender.press(-1)):
        with pytest.raises(ValueError, match="event"):
            call()
    assert sender.queued == 0
    for kind in (TelephoneEventSender, TelephoneEventReceiver):
        with pytest.raises(ValueError, match="clock_rate"):
            kind(0)
        with pytest.raises(TypeError, match="not initialised"):
            kind.__new__(kind).clear() if hasattr(kind, "clear") else kind.__new__(kind).finish()
    receiver = TelephoneEventReceiver(8000)
    with pytest.raises(ValueError, match="packet is not RTP"):
        receiver.receive(b"\x80" * 11, 0)
    with pytest.raises(ValueError, match="now_ns"):
        receiver.receive(packet(1, 7, True, report(5, False, 160)), -1)
    assert receiver.receive(packet(1, 7, True, b"\5\0\0"), 0) == []


def test_digits():
    for code, digit in enumerate("0123456789*#ABCD"):
        assert event_of(digit) == code and digit_of(code) == digit
    assert event_of("d") == 15 and event_of("x") is None and event_of("\u0661") is None
    assert digit_of(16) is None
    with pytest.raises(TypeError):
        event_of("12")


def test_signatures():
    assert str(inspect.signature(TelephoneEventSender.queue)) == \
        "(self, /, digits, on_ms=100, off_ms=60, volume=10)"
    assert str(inspect.signature(TelephoneEventReceiver.receive)) == "(self, /, packet, now_ns)"


def capture(name):
    """The packets of a capture of SIPp's, Ethernet and IPv4, and when they came, in ms."""
    data = (SIP_TESTER / name).read_bytes()[24:]
    while data:
        seconds, micros, size = struct.unpack_from("<III", data)
        yield seconds * 1000 + micros // 1000, data[16 + 42:16 + size]
        data = data[16 + size:]


DIGITS = {"star": "*", "pound": "#", **{str(n): str(n) for n in range(10)}}


@pytest.mark.skipif(shutil.which("sipp") is None, reason="needs sip-tester's captures")
class TestSipp:
    @pytest.mark.parametrize("name", DIGITS)
    def test_the_right_digit(self, name):
        assert told(capture(f"dtmf_2833_{name}.pcap")) == [(DIGITS[name], 280)]

    def twice(self, gap, shift):
        """The same digit twice, the second gap ms later, with timestamps and numbers that go on by
        shift units, or that are used again."""
        first = list(capture("dtmf_2833_5.pcap"))
        later = first[-1][0] - first[0][0] + gap
        for ms, data in first:
            yield ms, data
        for ms, data in first:
            seq, timestamp = struct.unpack_from("!HI", data, 2)
            if shift:
                seq, timestamp = seq + 20, timestamp + shift
            yield ms + later, data[:2] + struct.pack("!HI", seq, timestamp) + data[8:]

    @pytest.mark.parametrize("gap, shift", [(40, 1440), (100, 1920), (1000, 9120), (1000, 0)])
    def test_two_digits_alike(self, gap, shift):
        assert told(self.twice(gap, shift)) == [("5", 280)] * 2

    def test_with_30_percent_of_the_packets_removed(self):
        """Each digit whatever is removed, as long as a packet is left of it."""
        chance = random.Random(4)
        whole = 0
        for _ in range(2000):
            name = chance.choice(list(DIGITS))
            kept = [p for p in capture(f"dtmf_2833_{name}.pcap") if chance.random() >= 0.3]
            assert [digit for digit, _ in told(kept)] == [DIGITS[name]]
            whole += told(kept) == [(DIGITS[name], 280)]
        assert whole > 1900  # only if all three ends are removed is the duration less

    def test_two_digits_alike_with_30_percent_of_the_packets_removed(self):
        chance = random.Random(5)
        pair = list(self.twice(100, 1920))
        for _ in range(2000):
            kept = [chance.random() >= 0.3 for _ in pair]
            expected = any(kept[:10]) + any(kept[10:])
            assert len(told([p for p, keep in zip(pair, kept) if keep])) == expected
