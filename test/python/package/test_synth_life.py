"""RtpSynth as an object: subclasses, collection, time, threads."""
import copy
import gc
import pickle
import struct
import sys
import threading
import time
import tracemalloc
import weakref

import pytest
from rtpsynth.RtpSynth import RtpSynth, set_randfunc

CALLS = [
    lambda s: s.next_pkt(0, 0),
    lambda s: s.next_pkts(1, 0, 0),
    lambda s: s.next_pkts_into(bytearray(12), 0, 0),
    lambda s: s.skip(1),
    lambda s: s.set_mbt(1),
    lambda s: s.resync(),
    lambda s: s.ssrc,
    lambda s: s.srate,
    lambda s: s.ptime,
]


def numbers(synth):
    return struct.unpack("!xxHII", synth.next_pkt(0, 0))


class Forgetful(RtpSynth):
    def __init__(self):
        pass


@pytest.mark.parametrize("call", CALLS)
def test_objects_that_were_not_initialised(call):
    for synth in RtpSynth.__new__(RtpSynth), Forgetful():
        with pytest.raises(TypeError, match="was not initialised"):
            call(synth)
        with pytest.raises(ValueError):
            RtpSynth.__init__(synth, 0, 20)
        with pytest.raises(TypeError, match="was not initialised"):
            call(synth)


def test_objects_that_were_not_initialised_can_be_later():
    synth = Forgetful()
    RtpSynth.__init__(synth, 16000, 20)
    assert len(synth.next_pkt(4, 0)) == 16


def test_a_second_init_begins_another_stream():
    synth = RtpSynth(8000, 20)
    old = synth.ssrc
    synth.next_pkt(0, 0)
    synth.__init__(16000, 30)
    assert (synth.srate, synth.ptime) == (16000, 30) and synth.ssrc != old
    assert synth.next_pkt(0, 0)[1] == 0x80  # the first one's marker


def test_methods_of_other_objects():
    for name in "next_pkt", "skip":
        with pytest.raises(TypeError):
            getattr(RtpSynth, name)(object(), 0, 0)


def test_subclasses():
    class Tone(RtpSynth):
        def __init__(self, level):
            super().__init__(8000, 20)
            self.level = level

        def next_pkt(self, plen, pt, pload=None):
            return super().next_pkt(plen, pt, bytes([self.level]) * plen)

    assert Tone(7).next_pkt(3, 0)[12:] == b"\7\7\7"


def test_cycles_are_collected():
    class Player(RtpSynth):
        pass

    gc.collect()
    players = []
    for _ in range(100):
        player = Player(8000, 20)
        player.callback = player.next_pkt
        player.myself = player
        players.append(weakref.ref(player))
    del player
    gc.collect()
    assert all(player() is None for player in players)


def test_weak_references():
    synth = RtpSynth(8000, 20)
    gone = []
    reference = weakref.ref(synth, gone.append)
    assert reference() is synth
    del synth
    assert reference() is None and gone == [reference]


def test_types_are_released_with_their_instances():
    before = sys.getrefcount(RtpSynth)
    for _ in range(100):
        RtpSynth(8000, 20)
        RtpSynth.__new__(RtpSynth)
        with pytest.raises(ValueError):
            RtpSynth(0, 20)
    assert sys.getrefcount(RtpSynth) == before


def test_copies_are_refused():
    synth = RtpSynth(8000, 20)
    for call in copy.copy, copy.deepcopy, pickle.dumps:
        with pytest.raises(TypeError):
            call(synth)


def test_payloads_are_released():
    synth = RtpSynth(8000, 20)
    payload, buffer, ploads = b"x" * 100, bytearray(100), [b"y" * 10, bytearray(10)]
    things = [payload, buffer, ploads, *ploads]
    before = [sys.getrefcount(thing) for thing in things]
    for _ in range(100):
        synth.next_pkt(100, 0, payload), synth.next_pkt(100, 0, buffer)
        synth.next_pkts(2, 10, 0, ploads), synth.next_pkts_into(buffer, 0, 0)
        with pytest.raises(ValueError):
            synth.next_pkt(1, 0, buffer)
        with pytest.raises(ValueError):
            synth.next_pkts(2, 1, 0, ploads)
    assert [sys.getrefcount(thing) for thing in things] == before
    buffer.append(1)  # a buffer still in use could not grow
    ploads[1].append(1)


def test_memory_does_not_grow():
    synth = RtpSynth(8000, 20)
    payloads = [bytearray(160)] * 10

    def work():
        for _ in range(2000):
            synth.next_pkt(160, 0, payloads[0])
            synth.next_pkts(10, 160, 0, payloads)
            RtpSynth(8000, 20)

    tracemalloc.start()
    try:
        work()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        work()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 10_000
    finally:
        tracemalloc.stop()


def test_code_run_by_arguments_may_use_the_stream():
    synth = RtpSynth(8000, 20)

    class Nested:
        def __index__(self):
            synth.__init__(16000, 10)
            return len(synth.next_pkt(0, 0))

    data = synth.next_pkt(Nested(), Nested())
    assert len(data) == 24 and synth.srate == 16000

    class Lengthening(bytearray):
        def __index__(self):
            self.extend(bytes(1000))
            return 0

    buffer = Lengthening(12)
    assert synth.next_pkts_into(buffer, buffer, 0) == 1012 // 12


GHZ = 1_000_000_000  # timestamps are ns, modulo 2^32


def check_resync(synth, make_packets):
    """The pause measured lies between what this test can see of it."""
    before_packet = time.monotonic_ns()
    last = make_packets()
    after_packet = time.monotonic_ns()
    time.sleep(0.03)
    before_resync = time.monotonic_ns()
    synth.resync()
    after_resync = time.monotonic_ns()
    pause = (numbers(synth)[1] - last) % 2**32
    assert before_resync - after_packet <= pause <= after_resync - before_packet


def test_resync_is_exact():
    synth = RtpSynth(GHZ, 1)
    check_resync(synth, lambda: numbers(synth)[1])
    time.sleep(0.001)
    check_resync(synth, lambda: numbers(synth)[1])
    check_resync(synth, lambda: struct.unpack_from("!I", synth.next_pkts(9, 0, 0)[-1], 4)[0])

    def into():
        buffer = bytearray(120)
        synth.next_pkts_into(buffer, 0, 0)
        return struct.unpack_from("!I", buffer, 112)[0]

    check_resync(synth, into)
    check_resync(synth, lambda: [numbers(synth)[1] for _ in range(1000)][-1])


def test_resync_without_a_pause_is_one_step():
    synth = RtpSynth(8000, 2**30)  # longer than any pause
    seq, timestamp, _ = numbers(synth)
    synth.skip(5)
    synth.resync(1, 2)
    step = 8 * 2**30
    assert numbers(synth)[:2] == ((seq + 1) % 2**16, (timestamp + step) % 2**32)


def test_resync_twice_counts_the_pause_once():
    synth = RtpSynth(8000, 10)
    before = time.monotonic_ns()
    timestamp = numbers(synth)[1]
    time.sleep(0.1)
    synth.resync()
    synth.resync(ts=None, seq="any")
    most = (time.monotonic_ns() - before) * 8000 // GHZ + 1
    assert 800 <= (numbers(synth)[1] - timestamp) % 2**32 <= most


def test_resync_before_the_first_packet_changes_nothing():
    set_randfunc(lambda: 0x22222222)
    try:
        synth = RtpSynth(8000, 10)
    finally:
        set_randfunc(None)
    time.sleep(0.02)
    synth.resync()
    assert numbers(synth)[1] == 0x22222222


def test_threads_share_a_stream():
    synth = RtpSynth(8000, 20)
    first = numbers(synth)[0]
    results = [[] for _ in range(4)]

    def work(result):
        for _ in range(1000):
            result.append(synth.next_pkt(160, 0))
            result.extend(synth.next_pkts(3, 10, 0, [b"a", bytearray(2), b""]))
            synth.resync()
            synth.skip(1)

    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(result,)) for result in results]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switch)
    seqs = sorted(struct.unpack_from("!H", data, 2)[0] for result in results for data in result)
    assert seqs == sorted((first + 1 + i) % 2**16 for i in range(16_000))
