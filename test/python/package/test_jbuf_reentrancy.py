"""RtpJBuf called from code that its own calls run: finalizers, buffers of any kind, collections;
and from several threads."""
import gc
import sys
import threading

import pytest
from jbuf_pyface import packet
from rtpsynth.RtpJBuf import RtpJBuf, RTPParseError

CALLS = {
    "udp_in": lambda b: b.udp_in(packet(40)),
    "udp_in_many": lambda b: b.udp_in_many([packet(41), packet(43)]),
    "udp_in invalid": lambda b: pytest.raises(RTPParseError, b.udp_in, b"x"),
    "expire": lambda b: b.expire(0),
    "flush": lambda b: b.flush(),
    "__init__": lambda b: b.__init__(6),
    "attributes": lambda b: (b.stats, b.dropped, b.next_deadline_ns),
    "collect": lambda b: gc.collect(),
}


class Calls:
    """Calls the buffer when it dies."""

    def __init__(self, buffer, call, log):
        self.buffer, self.call, self.log = buffer, call, log

    def __del__(self):
        try:
            self.call(self.buffer)
            self.log.append(None)
        except BaseException as e:          # what is raised here goes nowhere else
            self.log.append(e)


def drop_duplicates(buffer, opaque):
    buffer.udp_in(packet(20), opaque())
    buffer.udp_in(packet(20), opaque())
    buffer.udp_in_many([packet(22), packet(22), packet(20)], opaque())


def drop_late_ones(buffer, opaque):
    buffer.udp_in(packet(0))
    for seq in 1, 2, 3:
        buffer.udp_in(packet(seq), opaque())
    buffer.udp_in(packet(1), opaque())


def drop_suspects(buffer, opaque):
    buffer.udp_in(packet(0))
    for n in range(4):
        buffer.udp_in(packet(9, ssrc=n + 50), opaque())
    buffer.flush()


def drop_all(buffer, opaque):
    for n in range(3):
        buffer.udp_in(packet(2 * n + 5), opaque())
    buffer.__init__(4)


@pytest.mark.parametrize("scene", [drop_duplicates, drop_late_ones, drop_suspects, drop_all])
@pytest.mark.parametrize("call", CALLS)
def test_finalizers_may_call_the_buffer(scene, call):
    for _ in range(20):
        buffer, log = RtpJBuf(6, 5), []
        scene(buffer, lambda: Calls(buffer, CALLS[call], log))
        buffer.flush()
        gc.collect()
        assert log and not [e for e in log if e is not None]
        out = buffer.udp_in_many([packet(seq) for seq in range(100, 130)]) + buffer.flush()
        assert out and buffer.flush() == []
        stats = buffer.stats
        assert stats["received"] >= buffer.dropped


@pytest.mark.parametrize("call", CALLS)
def test_collections_may_call_the_buffer(call):
    """Garbage whose finalizer calls the buffer, collected at nearly every allocation."""
    thresholds = gc.get_threshold()
    buffer, log, keep, following = RtpJBuf(6, 5), [], [], 0
    try:
        gc.set_threshold(1, 1, 1)
        for n in range(300):
            cycle = [Calls(buffer, CALLS[call], log)]
            cycle.append(cycle)
            del cycle
            keep.append(buffer.udp_in(bytearray(packet(n + 3 * (n % 2))), [n]))
            keep.append(buffer.udp_in_many(bytearray(packet(n + k)) for k in (1, 5, 3)))
    finally:
        gc.set_threshold(*thresholds)
    gc.collect()
    assert len(log) == 300 and not [e for e in log if e is not None]
    for item in (i for items in keep for i in items):
        following += item.data is not None
    assert following <= 300 * 4


@pytest.mark.parametrize("call", CALLS)
def test_iterables_and_indices_may_call_the_buffer(call):
    buffer = RtpJBuf(6, 5)

    class Now:
        def __index__(self):
            CALLS[call](buffer)
            return 5

    def datagrams():
        for n in range(5):
            CALLS[call](buffer)
            yield packet(n)

    for _ in range(10):
        buffer.udp_in(packet(3), None, Now())
        buffer.udp_in_many(datagrams(), None, Now())
        buffer.expire(Now())


def test_a_list_that_shrinks_while_it_is_read():
    buffer = RtpJBuf(6)
    datagrams = []

    class Clears:
        def __del__(self):
            datagrams.clear()

    thresholds = gc.get_threshold()
    try:
        gc.set_threshold(1, 1, 1)
        for _ in range(50):
            datagrams[:] = [bytearray(packet(n)) for n in range(2000)]
            cycle = [Clears()]
            cycle.append(cycle)
            del cycle
            assert len(buffer.udp_in_many(datagrams, [])) <= 4000
    finally:
        gc.set_threshold(*thresholds)


def test_threads():
    """Each thread's packets come out once, whoever asks."""
    threads, packets = 8, 3000
    buffer = RtpJBuf(64)
    out, errors = [[] for _ in range(threads)], []
    start = threading.Barrier(threads)

    def work(i):
        try:
            start.wait()
            for n in range(packets):
                seq = n * threads + i
                if n % 5 == 0:
                    taken = buffer.udp_in_many([packet(seq)], (i, n))
                else:
                    taken = buffer.udp_in(bytearray(packet(seq)), (i, n))
                out[i] += [item.opaque for item in taken if item.data is not None]
                if n % 97 == 0:
                    out[i] += [item.opaque for item in buffer.flush() if item.data is not None]
                assert buffer.stats["received"] >= buffer.dropped
        except BaseException as e:
            errors.append(e)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        workers = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
        for w in workers:
            w.start()
        for w in workers:
            w.join()
    finally:
        sys.setswitchinterval(interval)
    assert not errors
    rest = [item.opaque for item in buffer.flush() if item.data is not None]
    came = [o for part in out for o in part] + rest
    assert len(came) == len(set(came)) == threads * packets - buffer.dropped
    assert buffer.stats["received"] == threads * packets
