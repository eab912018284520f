"""RtpJBuf's references and memory: each datagram and opaque is freed once, cycles are collected,
and running out of memory anywhere loses nothing."""
import gc
import os
import subprocess
import sys
import weakref

import pytest
from jbuf_pyface import packet
from rtpsynth.RtpJBuf import RtpJBuf, RTPParseError

try:
    import _testcapi
except ImportError:
    _testcapi = None


class Thing:
    pass


class Data(bytes):
    pass


def mixed_traffic(buffer, packets):
    """In order, swapped, lost, twice and invalid ones; all that is handed out is read."""
    for seq in range(0, packets, 10):
        for n in 0, 1, 3, 2, 4, 4, 6, 5, 9:
            for item in buffer.udp_in(packet(seq + n, payload=b"1234"), n):
                content = item.content
                if content.type == 0:
                    content.frame.rtp.info.seq, item.rtp_data, item.data
                else:
                    content.lseq_start
        try:
            buffer.udp_in(b"invalid")
        except RTPParseError:
            pass
        buffer.udp_in_many([bytearray(packet(seq + 7)), packet(seq + 8), b"x"], "opaque")
        buffer.expire(0)
    return buffer.flush()


@pytest.mark.parametrize("capacity, max_delay", [(2, None), (20, 10**9)])
def test_no_growth_over_a_million_packets(capacity, max_delay):
    buffer = RtpJBuf(capacity, max_delay)
    counts = []
    for _ in range(5):
        mixed_traffic(buffer, 100_000)
        gc.collect()
        counts.append(sys.getallocatedblocks())
    assert buffer.stats["received"] > 500_000
    assert max(counts[1:]) - min(counts[1:]) < 50


def test_references_are_released():
    datagrams = [packet(seq, payload=b"%d" % seq) for seq in (0, 2, 2, 1, 5, 4, 900, 3, 20000)]
    opaque = Thing()
    before = [sys.getrefcount(d) for d in datagrams], sys.getrefcount(opaque)
    for method in "one", "many":
        buffer = RtpJBuf(4)
        if method == "one":
            items = [i for d in datagrams for i in buffer.udp_in(d, opaque)]
        else:
            items = buffer.udp_in_many(datagrams, opaque)
        kept = [i.content for i in items] + [(i.rtp_data, i.data, i.opaque) for i in items]
        del items
        assert sys.getrefcount(opaque) > before[1]
        del kept
        buffer.flush()
        del buffer
        assert ([sys.getrefcount(d) for d in datagrams], sys.getrefcount(opaque)) == before


def test_frames_are_released_whatever_their_memory_held():
    program = """
import sys
from rtpsynth.RtpJBuf import RtpJBuf
from rtpsynth.RtpSynth import RtpSynth

packet = RtpSynth(8000, 20).next_pkt(160, 0)
before = sys.getrefcount(packet)
frames = RtpJBuf(1).udp_in(packet)
assert frames[0].content.frame.rtp.info.data_size == 160
del frames
print(sys.getrefcount(packet) - before)
"""
    # Fills what is allocated with 0xCD, which as a reference count is that of an immortal object.
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                           env={**os.environ, "PYTHONMALLOC": "debug"})
    assert (ended.stdout, ended.stderr) == ("0\n", "")


def test_frames_inside_are_released_with_the_buffer():
    def filled():
        buffer, opaque = RtpJBuf(4), Thing()
        buffer.udp_in(Data(packet(5)), opaque)
        buffer.udp_in(packet(9000, ssrc=9), opaque)     # a suspect
        ref = weakref.ref(opaque)
        del opaque
        assert ref() is not None
        return buffer, ref

    for end in lambda b: b.__init__(4), lambda b: b.flush():
        buffer, ref = filled()
        end(buffer)
        assert ref() is None
    buffer, ref = filled()
    itself = weakref.ref(buffer)
    del buffer
    assert ref() is None and itself() is None


def test_a_part_of_a_frame_keeps_neither_opaque_nor_payload():
    opaque = Thing()
    ref = weakref.ref(opaque)
    [item] = RtpJBuf(4).udp_in(packet(0), opaque)
    info = item.content.frame.rtp.info
    del item, opaque
    assert ref() is None and info.seq == 0


def test_cycles_are_collected():
    def through_what_waits(make):
        buffer, opaque = make(8), Thing()
        opaque.buffer = buffer
        buffer.udp_in(packet(3), opaque)
        return opaque

    def through_a_suspect(make):
        buffer, opaque = make(8), Thing()
        opaque.buffer = buffer
        buffer.udp_in(packet(0))
        buffer.udp_in(packet(1, ssrc=8), opaque)
        return opaque

    def through_a_datagram(make):
        buffer, data, thing = make(8), Data(packet(3)), Thing()
        data.things, thing.buffer = [thing], buffer
        buffer.udp_in(data)
        return thing

    def through_a_frame(make):
        opaque = Thing()
        [opaque.item] = make(8).udp_in(packet(0), opaque)
        return opaque

    def through_parts_of_a_frame(make):
        opaque = Thing()
        [item] = make(8).udp_in(packet(0), opaque)
        opaque.parts = item, item.content, item.content.frame.rtp.info
        return opaque

    class Sub(RtpJBuf):
        pass

    def through_itself(_):
        buffer = Sub(8)
        buffer.me = buffer
        return buffer

    for make in RtpJBuf, Sub:
        for cycle in (through_what_waits, through_a_suspect, through_a_datagram, through_a_frame,
                      through_parts_of_a_frame, through_itself):
            gc.collect()
            gc.disable()
            try:
                ref = weakref.ref(cycle(make))
                assert ref() is not None, cycle
                gc.collect()
                assert ref() is None, cycle
            finally:
                gc.enable()


def test_a_buffer_in_garbage_can_be_used_by_finalizers():
    seen = []

    class Last:
        def __del__(self):
            seen.append(len(self.buffer.flush()))

    for _ in range(100):
        buffer, last = RtpJBuf(8), Last()
        last.buffer = buffer
        buffer.udp_in(packet(3), last)
        del buffer, last
    gc.collect()
    assert seen == [1] * 100


def test_the_collector_sees_what_is_inside():
    things = [Thing() for _ in range(300)]
    buffer = RtpJBuf(400)
    for n, thing in enumerate(things):
        buffer.udp_in(packet(2 * n + 1), thing)
    inside = {id(o) for o in gc.get_referents(buffer)}
    assert {id(t) for t in things} <= inside
    [*_] = buffer.flush()
    assert not {id(t) for t in things} & {id(o) for o in gc.get_referents(buffer)}


def test_chains_of_any_length_do_not_end_the_stack():
    opaque = None
    for _ in range(200_000):
        [opaque] = RtpJBuf(1).udp_in(packet(0), (opaque,))
    del opaque
    opaque = None
    for _ in range(200_000):
        buffer = RtpJBuf(2)
        buffer.udp_in(packet(5), opaque)
        opaque = buffer
    del opaque, buffer


needs_testcapi = pytest.mark.skipif(
    not hasattr(_testcapi, "set_nomemory"), reason="this Python has no _testcapi.set_nomemory")


def out_of_memory_at(n, call):
    """What call() returns, or None if it raised MemoryError at its n-th allocation from here."""
    _testcapi.set_nomemory(n, n + 1)
    try:
        return call()
    except MemoryError:
        return None
    finally:
        _testcapi.remove_mem_hooks()


def prepared(capacity, held, opaque):
    """A buffer with a gap before what is inside, and a suspect where the capacity is odd."""
    buffer = RtpJBuf(capacity, 10)
    buffer.udp_in(packet(0))
    for seq in held:
        buffer.udp_in(packet(seq, payload=b"p"), opaque)
    if capacity % 2:
        buffer.udp_in(packet(20000, payload=b"s"), opaque)
    return buffer


@needs_testcapi
@pytest.mark.parametrize("what, capacity", [
    *((what, capacity) for what in ("one", "copy", "many") for capacity in (1, 3, 4, 9, 10)),
    *((what, capacity) for what in ("expire", "flush") for capacity in (3, 4, 9, 10))])
def test_out_of_memory_loses_nothing(what, capacity):
    held = [2, 4, 5, 7, 9, 11, 12][:max(0, capacity - 2)]
    many = [packet(1), packet(13), b"x", bytearray(packet(20001)), packet(20002), packet(20003)]
    failures = 0
    for n in range(60):
        keep = []           # so that the frames are allocated, not taken from those free
        opaque = Thing()
        ref = weakref.ref(opaque)
        buffer = prepared(capacity, held, opaque)
        filler = [RtpJBuf(1).udp_in(packet(0)) for _ in range(1100)] if n % 2 else []
        call = {"one": lambda: buffer.udp_in(packet(20001), opaque),
                "copy": lambda: buffer.udp_in(bytearray(packet(20001)), opaque, 7),
                "many": lambda: buffer.udp_in_many(many, opaque),
                "expire": lambda: buffer.expire(10**9),
                "flush": lambda: buffer.flush()}[what]
        before = buffer.stats
        out = out_of_memory_at(n, call)
        failures += out is None
        keep += out or []
        later = buffer.udp_in(packet(20002), opaque)
        keep += later
        keep += buffer.flush()
        stats = buffer.stats
        assert stats["received"] >= before["received"]
        packets = [i for i in keep if i.data is not None]
        # The first one, number 0, went out when the buffer was made.
        assert stats["received"] == len(packets) + 1 + buffer.dropped
        following = 1
        for item in keep:
            c = item.content
            start, end = (c.frame.rtp.lseq,) * 2 if c.type == 0 else (c.lseq_start, c.lseq_end)
            assert start == following
            following = end + 1
        assert stats["erasures"] == len(keep) - len(packets)
        item = c = None
        del keep, packets, later, out, call, opaque, filler, buffer
        assert ref() is None
    assert failures >= 1


@needs_testcapi
def test_out_of_memory_while_a_frame_is_read():
    def read(item):
        info = item.content.frame.rtp.info
        return (item.rtp_data, info.seq, info.ts, info.pt, str(item), str(info),
                item.content.frame.rtp.lseq)

    expected = read(RtpJBuf(1).udp_in(packet(300, 400000, payload=bytes(300)))[0])
    for n in range(30):
        [item] = RtpJBuf(1).udp_in(packet(300, 400000, payload=bytes(300)))
        got = out_of_memory_at(n, lambda: read(item))
        assert got in (None, expected)
        assert read(item) == expected


@needs_testcapi
def test_out_of_memory_in_init():
    buffer = RtpJBuf(4)
    buffer.udp_in(packet(1))
    for n in range(20):
        out_of_memory_at(n, lambda: RtpJBuf(4))
    out_of_memory_at(0, lambda: buffer.__init__(4))
    assert buffer.stats["received"] in (0, 1)
