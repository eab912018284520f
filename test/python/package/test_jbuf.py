"""RtpJBuf as a user meets it: attributes, arguments, errors, the names of the released package."""
import copy
import gc
import inspect
import mmap
import pickle
import struct
from array import array

import hypothesis
import hypothesis.strategies as st
import pytest
import rtpsynth.RtpJBuf
from jbuf_pyface import packet
from rtpsynth.RtpJBuf import (RJB_ENOMEM, RTP_PARSER_OK, ERSFrame, FrameWrapper, RTPFrame,
                              RTPFrameType, RTPFrameUnion, RtpJBuf, RTPInfo, RTPPacket,
                              RTPParseError, RTPProfile)

METHODS = ["udp_in", "udp_in_many", "expire", "flush"]
STATS = ["received", "invalid", "duplicate", "late", "stale", "stray", "erasures", "erased",
         "restarts"]


def one(datagram, **options):
    """The frame of a datagram with sequence number 0, the first of a stream."""
    [item] = RtpJBuf(4, **options).udp_in(datagram)
    return item


def gap():
    buffer = RtpJBuf(1)
    buffer.udp_in(packet(0))
    return buffer.udp_in(packet(3))[0]


# ---- what a frame is ----

def test_a_packet():
    opaque = object()
    datagram = packet(0, 4000000000, 0xFEDCBA98, b"\xd5" * 160, 8, 1)
    [item] = RtpJBuf(4).udp_in(datagram, opaque)
    content = item.content
    rtp = content.frame.rtp
    info = rtp.info
    assert [type(o) for o in (item, content, content.frame, rtp, info)] == \
        [FrameWrapper, RTPFrame, RTPFrameUnion, RTPPacket, RTPInfo]
    assert item.data is datagram and item.opaque is opaque
    assert item.rtp_data == b"\xd5" * 160 and type(item.rtp_data) is bytes
    assert content.type == RTPFrameType.RTP and content.frame.ers is None
    assert (rtp.lseq, info.seq, info.ts, info.ssrc) == (0, 0, 4000000000, 0xFEDCBA98)
    assert (info.data_size, info.data_offset, info.nsamples) == (160, 12, 160)
    assert info.appendable is True and info.marker is True and info.pt == 8
    assert info.rtp_profile == RTPProfile(("PCMA", 8000, 1, "audio"))
    assert info.rtp_profile.clock_rate == 8000
    assert str(item) == repr(item) == "RTP_Packet(seq=0, ts=4000000000)"
    assert str(info) == "RTPInfo(seq=0, ts=4000000000, ssrc=4275878552, pt=8, data_size=160)"
    assert isinstance(rtp.data, int)


def test_an_erasure():
    item = gap()
    assert type(item.content) is ERSFrame and item.content.type == RTPFrameType.ERS
    content = item.content
    assert (content.lseq_start, content.lseq_end, content.ts_diff) == (1, 2, 320)
    assert content.restart is False
    assert (item.data, item.rtp_data, item.opaque) == (None, None, None)
    assert str(item) == repr(item) == "RTP_Erasure(seq_range=1 -- 2)"
    with pytest.raises(AttributeError):
        content.frame


def test_a_restart():
    buffer = RtpJBuf(1)
    buffer.udp_in(packet(0))
    assert buffer.udp_in(packet(40000)) == []
    erasure, first, second = buffer.udp_in(packet(40001))
    assert erasure.content.restart is True and erasure.content.ts_diff == 0
    assert erasure.content.lseq_end + 1 == first.content.frame.rtp.lseq == 131072 + 40000
    assert str(second) == f"RTP_Packet(seq={131072 + 40001}, ts={160 * 40001})"
    assert buffer.stats["restarts"] == 1 and buffer.stats["erased"] == 0


@pytest.mark.parametrize("pt, payload, nsamples, appendable, name", [
    (18, 20, 160, True, "G729"), (18, 22, 240, False, "G729"), (3, 66, 320, True, "GSM"),
    (4, 48, 480, True, "G723"), (9, 160, 160, True, "G722"), (0, 0, -1, True, "PCMU"),
    (96, 160, -1, True, None), (31, 99, -1, True, "H261")])
def test_what_is_known_of_payload_types(pt, payload, nsamples, appendable, name):
    info = one(packet(0, payload=bytes(payload), pt=pt)).content.frame.rtp.info
    assert (info.nsamples, info.appendable, info.pt) == (nsamples, appendable, pt)
    assert (info.rtp_profile and info.rtp_profile.encoding_name) == name
    assert bool(info.rtp_profile) == (name is not None)
    assert info.rtp_profile is one(packet(0, pt=pt)).content.frame.rtp.info.rtp_profile


def test_the_payload_is_what_padding_csrcs_and_extension_leave():
    head = struct.pack(">BBHIIII HH4s", 0xB2, 96, 0, 1, 2, 3, 4, 5, 1, b"exts")
    item = one(head + b"payload" + b"\0\0\3")
    assert item.rtp_data == b"payload"
    info = item.content.frame.rtp.info
    assert (info.data_offset, info.data_size) == (28, 7)


def test_the_same_object_is_read_each_time():
    for item in one(packet(0, payload=b"x")), gap():
        assert item.content is item.content and item.rtp_data is item.rtp_data
        assert item == item and item != one(packet(0)) and hash(item) == hash(item)
    item = one(packet(0, payload=b"x"))
    assert item.content.frame.rtp.info is item.content.frame.rtp.info


@pytest.mark.parametrize("path", ["content", "content.frame", "content.frame.rtp",
                                  "content.frame.rtp.info"])
def test_what_is_read_from_a_frame_outlives_it(path):
    item = one(packet(0, 5, 6, b"payload", 4))
    part = item
    for name in path.split("."):
        part = getattr(part, name)
    del item
    others = [one(packet(0, n, n, bytes(9), n % 90)) for n in range(3000)]
    info = part
    for name in ["frame", "rtp", "info"][path.count("."):]:
        info = getattr(info, name)
    del part, others
    others = [one(packet(0, n, n, bytes(9), n % 90)) for n in range(3000)]
    assert (info.seq, info.ts, info.ssrc, info.pt) == (0, 5, 6, 4)
    assert (info.data_size, info.data_offset, info.nsamples, info.marker) == (7, 12, 0, False)
    assert info.rtp_profile.encoding_name == "G723" and len(others) == 3000


def test_an_erasure_outlives_its_frame():
    content = gap().content
    others = [gap() for _ in range(2000)]
    assert (content.lseq_start, content.lseq_end) == (1, 2) and len(others) == 2000


def test_frames_cannot_be_changed_or_made():
    item = one(packet(0))
    rtp = item.content.frame.rtp
    for part, name in [(item, "data"), (item, "opaque"), (item, "rtp_data"), (item, "content"),
                       (item.content, "type"), (item.content, "frame"), (rtp, "lseq"),
                       (rtp, "data"), (rtp.info, "seq"), (rtp.info, "pt"), (rtp.info, "new"),
                       (item, "new"), (gap().content, "ts_diff")]:
        with pytest.raises(AttributeError):
            setattr(part, name, 1)
        with pytest.raises(AttributeError):
            delattr(part, name)
    for cls in FrameWrapper, RTPFrame, RTPFrameUnion, RTPPacket, RTPInfo, ERSFrame:
        for make in cls, lambda: cls.__new__(cls), lambda: object.__new__(cls):
            with pytest.raises(TypeError):
                make()
        with pytest.raises(TypeError):
            type("Sub", (cls,), {})
        assert cls.__module__ == "rtpsynth.RtpJBuf" and cls.__doc__
    for broken in copy.copy, pickle.dumps:
        with pytest.raises(TypeError):
            broken(item)


def test_only_frames_that_can_be_in_a_cycle_are_tracked():
    for datagram, opaque, tracked in [
            (packet(0), None, False), (packet(0), 7, False), (bytearray(packet(0)), "s", False),
            (packet(0), [], True), (memoryview(packet(0)), None, True)]:
        [item] = RtpJBuf(4).udp_in(datagram, opaque)
        assert gc.is_tracked(item) == tracked
    assert not gc.is_tracked(gap())


# ---- what a datagram may be ----

def test_any_buffer_is_copied_before_it_is_changed():
    raw = packet(0, payload=b"0123")
    views = [bytearray(raw), memoryview(bytearray(raw)), array("B", raw),
             memoryview(array("I", raw))]
    mapped = mmap.mmap(-1, len(raw))
    mapped[:] = raw
    for data in [*views, mapped, memoryview(b"xx" + raw)[2:], type("B", (bytes,), {})(raw)]:
        item = one(data)
        assert item.data is data
        if not memoryview(data).readonly:
            memoryview(data).cast("B")[:] = bytes(len(raw))
        assert item.rtp_data == b"0123" and item.content.frame.rtp.info.ssrc == 7
        if isinstance(data, bytearray):
            data.clear()                    # no longer locked
    mapped.close()


def test_a_buffer_may_be_reused_while_packets_wait():
    buffer, data = RtpJBuf(8), bytearray(packet(0, payload=b"0"))
    buffer.udp_in(data)
    for seq in 2, 3, 4, 1:
        data[:] = packet(seq, payload=b"%d" % seq)
        out = buffer.udp_in(data)
        data[:] = bytes(len(data))
    assert [i.rtp_data for i in out] == [b"1", b"2", b"3", b"4"]


def test_bytes_are_not_copied():
    datagram = packet(0, payload=bytes(1000))
    item = one(datagram)
    assert item.data is datagram
    assert item.content.frame.rtp.data == id(datagram) + bytes.__basicsize__ - 1


NO_BUFFERS = ["text", None, 7, [1, 2], object(), 1.5]


@pytest.mark.parametrize("bad", NO_BUFFERS + [memoryview(bytes(40))[::2]])
def test_objects_without_a_buffer_are_refused_and_change_nothing(bad):
    buffer = RtpJBuf(4)
    buffer.udp_in(packet(1))
    before = buffer.stats
    with pytest.raises((TypeError, BufferError)):
        buffer.udp_in(bad)
    with pytest.raises((TypeError, BufferError)):
        buffer.udp_in_many([packet(2), b"invalid", bad])
    assert buffer.stats == before


def test_an_iterable_that_raises_changes_nothing():
    def datagrams():
        yield packet(2)
        raise KeyError("mine")

    buffer = RtpJBuf(4)
    with pytest.raises(KeyError, match="mine"):
        buffer.udp_in_many(datagrams())
    for bad in 7, None, object():
        with pytest.raises(TypeError, match="datagrams"):
            buffer.udp_in_many(bad)
    assert not any(buffer.stats.values())


# ---- errors ----

@pytest.mark.parametrize("datagram, code", [
    (b"", -1), (b"\x80" * 11, -1), (b"\x40" * 12, -2), (b"\x90" + bytes(14), -3),
    (b"\x90" + bytes(14) + b"\xff", -4), (b"\x8f" + bytes(11), -4), (b"\xa0" + bytes(11), -5),
    (b"\xa0" + bytes(11) + b"\x09", -6), (b"\xa0" + bytes(12), -7)])
def test_parse_errors(datagram, code):
    buffer = RtpJBuf(4)
    with pytest.raises(RTPParseError, match=f"error {code}: ") as caught:
        buffer.udp_in(datagram)
    assert caught.value.code == code
    assert pickle.loads(pickle.dumps(caught.value)).code == code
    assert buffer.udp_in_many([datagram, packet(0), datagram])[0].data == packet(0)
    assert (buffer.stats["invalid"], buffer.stats["received"], buffer.dropped) == (3, 1, 0)


@hypothesis.settings(derandomize=True, deadline=None, max_examples=2000, database=None)
@hypothesis.given(st.lists(st.one_of(
    st.binary(max_size=60),
    st.tuples(st.sampled_from(b"\x80\x90\xa0\xb3\x8f"), st.binary(min_size=1, max_size=60))
    .map(lambda t: bytes(t[:1]) + t[1])), max_size=5), st.integers(1, 4))
def test_any_bytes(datagrams, capacity):
    buffer, out = RtpJBuf(capacity), []
    for d in datagrams:
        try:
            out += buffer.udp_in(d)
        except RTPParseError as e:
            assert -7 <= e.code <= -1
    out += buffer.udp_in_many(datagrams) + buffer.flush()
    for item in out:
        assert str(item)
        if item.data is not None:
            assert item.rtp_data in item.data
    stats = buffer.stats
    assert stats["received"] + stats["invalid"] == 2 * len(datagrams)
    assert stats["received"] == sum(i.data is not None for i in out) + buffer.dropped


@pytest.mark.parametrize("name, good, bad", [
    ("capacity", [1, 16383, True], [0, -1, 16384, 10**30]),
    ("max_delay_ns", [0, None, 2**63 - 1], [-1, 2**63]),
    ("max_dropout", [0, 2**32 - 1], [-1, 2**32]),
    ("max_misorder", [0, 2**32 - 1], [-1, 2**32])])
def test_options(name, good, bad):
    for value in good:
        RtpJBuf(**{"capacity": 4, name: value})
    buffer = RtpJBuf(4)
    buffer.udp_in(packet(1))
    for value in bad:
        with pytest.raises(ValueError, match=name):
            buffer.__init__(**{"capacity": 4, name: value})
    for value in "4", 4.0, [4]:
        with pytest.raises(TypeError, match=name):
            buffer.__init__(**{"capacity": 4, name: value})
    assert len(buffer.flush()) == 1         # nothing has changed


@pytest.mark.parametrize("method, args", [
    ("udp_in", (packet(1), None)), ("udp_in_many", ([packet(1)], None)), ("expire", ())])
def test_times(method, args):
    buffer = RtpJBuf(4, 10)
    for now in 2**63, -2**63 - 1, 10**40:
        with pytest.raises(ValueError, match="now_ns"):
            getattr(buffer, method)(*args, now)
    for now in None, 1.0, "0":
        with pytest.raises(TypeError, match="now_ns"):
            getattr(buffer, method)(*args, now)
    assert buffer.stats["received"] == 0
    for now in -2**63, 2**63 - 1:
        getattr(buffer, method)(*args, now)


def test_arguments_by_name_and_wrong_ones():
    buffer = RtpJBuf(capacity=4, max_delay_ns=10, max_dropout=1, max_misorder=1)
    assert buffer.udp_in(data=packet(1), opaque=5, now_ns=7) == []
    assert buffer.next_deadline_ns == 17
    [item] = buffer.expire(now_ns=17)
    assert item.opaque == 5 and buffer.next_deadline_ns is None
    [item] = buffer.udp_in_many(datagrams=[packet(2)], opaque=6, now_ns=1)
    assert item.opaque == 6
    for call in [lambda: buffer.udp_in(), lambda: buffer.udp_in(packet(1), 1, 2, 3),
                 lambda: buffer.udp_in(packet(1), data=packet(1)), lambda: buffer.flush(1),
                 lambda: buffer.udp_in(packet(1), other=1), lambda: buffer.expire(),
                 lambda: buffer.udp_in_many(), lambda: RtpJBuf(), lambda: RtpJBuf(1, other=1)]:
        with pytest.raises(TypeError):
            call()
    for name in "dropped", "stats", "next_deadline_ns":
        with pytest.raises(AttributeError):
            setattr(buffer, name, 1)


# ---- life ----

def test_without_init():
    buffer = RtpJBuf.__new__(RtpJBuf)

    class Forgetful(RtpJBuf):
        def __init__(self):
            pass

    for b in buffer, Forgetful():
        for call in [lambda: b.udp_in(packet(1)), lambda: b.udp_in_many([]), b.flush,
                     lambda: b.expire(0), lambda: b.dropped, lambda: b.stats,
                     lambda: b.next_deadline_ns]:
            with pytest.raises(TypeError, match="not initialised"):
                call()
    buffer.__init__(4)
    assert len(buffer.udp_in(packet(0))) == 1


def test_a_second_init_begins_anew():
    buffer = RtpJBuf(9)
    buffer.udp_in(packet(1))
    buffer.udp_in(packet(3))
    buffer.__init__(1, None)
    assert not any(buffer.stats.values()) and buffer.flush() == []
    assert len(buffer.udp_in(packet(5))) == 1


def test_a_subclass():
    class Counting(RtpJBuf):
        def __init__(self, capacity):
            super().__init__(capacity)
            self.count = 0

        def udp_in(self, data, *rest):
            self.count += 1
            return super().udp_in(data, *rest)

    buffer = Counting(4)
    assert len(buffer.udp_in(packet(0))) == 1
    assert buffer.count == 1 and buffer.stats["received"] == 1


def test_module():
    assert (RTPFrameType.RTP, RTPFrameType.ERS, RTP_PARSER_OK, RJB_ENOMEM) == (0, 1, 1, -1007)
    assert RTPParseError.__bases__ == (Exception,) and RTPParseError("x").code == 0
    for name in rtpsynth.RtpJBuf.__all__:
        thing = getattr(rtpsynth.RtpJBuf, name)
        if isinstance(thing, type):
            assert thing.__module__ == "rtpsynth.RtpJBuf" and thing.__name__ == name
            assert thing.__doc__
    assert list(RtpJBuf(1).stats) == STATS


@pytest.mark.parametrize("function, signature", [
    (RtpJBuf, "(capacity, max_delay_ns=None, max_dropout=3000, max_misorder=3000)"),
    (RtpJBuf.udp_in, "(self, /, data, opaque=None, now_ns=0)"),
    (RtpJBuf.udp_in_many, "(self, /, datagrams, opaque=None, now_ns=0)"),
    (RtpJBuf.expire, "(self, /, now_ns)"), (RtpJBuf.flush, "(self, /)")])
def test_signatures_and_docs(function, signature):
    assert str(inspect.signature(function)) == signature
    assert len(function.__doc__) > 50 and "--\n" not in function.__doc__
