"""The jitter buffer's C face, driven through ctypes, against the oracle jbuf_model.py."""
import gzip
import json
import pathlib
import random
from ctypes import memmove

import hypothesis
import hypothesis.strategies as st
import pytest

import jbuf_model
from jbuf_capi import BATCH, REASONS, CBuffer, Frame, lib
from jbuf_traffic import Traffic, batched

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "jbuf.jsonl.gz"


class Oracle:
    """The model, with its results as rows and the statistics that follow from them."""

    def __init__(self, capacity, max_delay=None, max_dropout=3000, max_misorder=3000):
        self.model = jbuf_model.JitterBuffer(capacity, max_delay, max_dropout, max_misorder)
        self.received = self.invalid = self.erasures = self.erased = 0
        self.dropped = dict.fromkeys(REASONS.values(), 0)

    def insert(self, slot, seq, ts, ssrc, arrival):
        self.received += 1
        return self._rows(*self.model.insert(jbuf_model.Rtp(seq, ts, ssrc, slot, arrival)))

    def insert_many(self, packets, arrival):
        ready, drop = [], []
        for p in packets:
            if p is None:
                self.invalid += 1
                continue
            r, d = self.insert(*p, arrival)
            ready += r
            drop += d
        return ready, drop

    def insert_bad(self):
        self.invalid += 1

    def expire(self, now):
        return self._rows(*self.model.expire(now))

    def flush(self):
        return self._rows(*self.model.flush())

    def next_deadline(self):
        return self.model.next_deadline()

    def stats(self):
        return (self.received, self.invalid, *self.dropped.values(), self.erasures, self.erased,
                self.model.restarts)

    def _rows(self, ready, drop):
        rows = []
        for f in ready:
            if isinstance(f, jbuf_model.Rtp):
                rows.append(("rtp", f.tag, f.lseq))
            else:
                self.erasures += 1
                if not f.restart:
                    self.erased += f.lseq_end - f.lseq_start + 1
                rows.append(("ers", f.lseq_start, f.lseq_end, f.ts_diff, int(f.restart)))
        for reason, _ in drop:
            self.dropped[reason] += 1
        return rows, [(reason, p.tag) for reason, p in drop]


# ---- the traces ----

def test_traces():
    names = set()
    with gzip.open(VECTORS, "rt") as lines:
        for line in lines:
            trace = json.loads(line)
            names.add(trace["name"])
            steps, expected = trace["steps"], trace["out"]
            assert len(steps) == len(expected)
            with CBuffer(len(steps), trace["capacity"], trace["max_delay"]) as c:
                for i, (step, (ready, drop)) in enumerate(zip(steps, expected)):
                    if step[0] == "in":
                        got = c.insert(i, *step[1:])
                    else:
                        got = c.expire(step[1]) if step[0] == "expire" else c.flush()
                    assert got == ([tuple(r) for r in ready], [tuple(r) for r in drop]), \
                        (trace["name"], i, step)
    assert len(names) == 420


# ---- seeded traffic of every kind of disorder ----

class Pair:
    """The buffer and the oracle, given the same; every answer and all that can be asked is equal."""

    def __init__(self, slots, *options):
        self.c, self.oracle = CBuffer(slots, *options), Oracle(*options)
        self.count = 0                  # of packets put in
        self.out = 0                    # of packets handed out

    def __enter__(self):
        return self

    def __exit__(self, *_):
        lib.rtpjbuf_dtor(self.c.jb)

    def step(self, kind, *args):
        c, oracle = self.c, self.oracle
        if kind == "in":
            args = (self.count, *args)
            self.count += 1
            got, expected = c.insert(*args), oracle.insert(*args)
        elif kind == "many":
            packets = []
            for p in args[0]:
                packets.append(None if p is None else (self.count, *p))
                self.count += p is not None
            got, expected = c.insert_many(packets, args[1]), oracle.insert_many(packets, args[1])
        elif kind == "expire":
            got, expected = c.expire(*args), oracle.expire(*args)
        elif kind == "flush":
            got, expected = c.flush(), oracle.flush()
        else:
            got, expected = c.insert_bad(), oracle.insert_bad()
        assert got == expected
        assert c.next_deadline() == oracle.next_deadline()
        stats = c.stats()
        assert stats == oracle.stats()
        if got:
            self.out += sum(row[0] == "rtp" for row in got[0])
        assert stats[0] == self.out + len(c.wire) + sum(stats[2:6])
        if kind == "flush":
            assert not c.wire           # what went in has come out


# Packets by capacity. The oracle sorts at every packet, so that the large ones get fewer.
PACKETS = {1: 90_000, 2: 130_000, 3: 130_000, 4: 130_000, 5: 130_000, 8: 130_000, 20: 130_000,
           64: 90_000, 200: 40_000, 1000: 12_000, 16383: 5_000}
assert sum(PACKETS.values()) >= 1_000_000


@pytest.mark.parametrize("capacity", PACKETS)
def test_equals_the_oracle(capacity):
    todo = PACKETS[capacity]
    length = max(600, 6 * capacity)     # of a stream, so that all sorts of starts are tried
    seed = 0
    while todo > 0:
        seed += 1
        rng = random.Random(1000 * capacity + seed)
        max_delay = rng.choice([None, None, 0, 30_000_000, 60_000_000, 10**12])
        max_dropout = rng.choice([3000, 3000, 3000, 0, 10, 100, 32767, 65535, 2**32 - 1])
        max_misorder = rng.choice([3000, 3000, 3000, 0, 1, 10, 100, 32767, 32768, 2**32 - 1])
        options = capacity, max_delay, max_dropout, max_misorder
        steps = Traffic(rng, capacity, max_dropout, max_misorder).of_all_kinds()
        if seed % 4 == 0:
            steps = batched(steps, rng, BATCH)
        log = []
        with Pair(length + BATCH, *options) as pair:
            try:
                while pair.count < min(length, todo):
                    log.append(next(steps))
                    pair.step(*log[-1])
                log.append(("flush",))
                pair.step("flush")
            except AssertionError as e:
                raise AssertionError(f"seed {seed}, options {options}, step {len(log)}: {log[-9:]}"
                                     ) from e
            todo -= pair.count


# ---- the same, shrinking what fails ----

SEQS = st.one_of(
    st.sampled_from([0, 1, 2, 3, 5, 100, 32767, 32768, 65000, 65533, 65534, 65535]),
    st.integers(0, 20), st.integers(0, 65535))
TIMESTAMPS = st.one_of(st.integers(0, 2000), st.integers(0, 2**32 - 1))
ARRIVALS = st.one_of(st.integers(0, 100), st.integers(-2**62, 2**62))
STEPS = st.lists(st.one_of(
    st.tuples(st.just("in"), SEQS, TIMESTAMPS, st.integers(0, 1), ARRIVALS),
    st.tuples(st.just("many"), st.lists(st.one_of(
        st.none(), st.tuples(SEQS, TIMESTAMPS, st.integers(0, 1))), max_size=8), ARRIVALS),
    st.tuples(st.just("expire"), ARRIVALS),
    st.just(("flush",)), st.just(("bad",))), max_size=40)
OPTIONS = st.tuples(
    st.one_of(st.integers(1, 6), st.sampled_from([20, 16383])),
    st.one_of(st.none(), st.integers(0, 100)),
    st.sampled_from([3000, 0, 10, 65535]), st.sampled_from([3000, 0, 10, 32768]))


@hypothesis.settings(derandomize=True, deadline=None, max_examples=600, database=None)
@hypothesis.given(OPTIONS, STEPS)
def test_equals_the_oracle_on_any_steps(options, steps):
    with Pair(500, *options) as pair:
        for step in steps:
            pair.step(*step)
        pair.step("flush")


# ---- conservation, also where the oracle is too slow ----

@pytest.mark.parametrize("kinds", ["of_one_stream", "of_all_kinds"])
@pytest.mark.parametrize("capacity", [1, 20, 4000, 16383])
def test_each_packet_comes_out_once_and_lseq_is_contiguous(capacity, kinds):
    packets = 40_000
    steps = getattr(Traffic(random.Random(capacity), capacity, 3000, 3000), kinds)()
    with CBuffer(packets, capacity) as c:
        following, most = None, 0
        while c.put <= packets:
            if c.put == packets:
                ready, _ = c.flush()
                assert not c.wire
                c.put += 1
            else:
                kind, *args = next(steps)
                if kind != "in":
                    continue
                ready, _ = c.insert(c.put, *args)
            most = max(most, len(c.wire))
            for row in ready:
                start, end = (row[2], row[2]) if row[0] == "rtp" else row[1:3]
                assert following is None or start == following
                following = end + 1
        assert most <= capacity + 1         # the one is a suspect
        if kinds == "of_one_stream":
            assert most >= capacity - 1     # it was full


def test_a_full_buffer_of_the_greatest_capacity():
    """All but the first of 16384: a gap is passed over when the last place is taken."""
    with CBuffer(16386, 16383) as c:
        order = list(range(1, 16384))
        random.Random(1).shuffle(order)
        assert c.insert(0, 65530, 0, 7, 0) == ([], [])
        assert c.flush() == ([("rtp", 0, 65530)], [])
        for n in order[:-1]:
            n += 1
            assert c.insert(n, (65530 + n) % 65536, 160 * n, 7, 0) == ([], [])
        n = order[-1] + 1
        ready, drop = c.insert(n, (65530 + n) % 65536, 160 * n, 7, 0)
        assert ready == [("ers", 65531, 65531, 160, 0)] + \
            [("rtp", i, 65530 + i) for i in range(2, 16385)]
        assert drop == [] and not c.wire


def test_memory_is_not_read_beyond_a_packet():
    """The least packet, at the very end of what was allocated."""
    with CBuffer(2, 1) as c:
        memmove(c.base + 20, bytes.fromhex("8000002a 00000001 00000002"), 12)
        r = lib.rtpjbuf_udp_in_at(c.jb, c.base + 20, 12, 0)
        frame = Frame.from_address(r.ready)
        assert (r.error, frame.u.rtp.info.seq, frame.u.rtp.lseq, frame.next) == (0, 42, 42, None)
        assert frame.u.rtp.data == c.base + 20
        lib.rtpjbuf_frame_dtor(r.ready)
