"""A face of the jitter buffer against the oracle jbuf_model.py: traces, traffic, and any steps.

A face is an object with insert(slot, seq, ts, ssrc, arrival), insert_many(packets, arrival) with
packets as (slot, seq, ts, ssrc) or None, expire(now) and flush(), which return ready and dropped
rows; insert_bad(), next_deadline(), stats() and close(); `wire`, whose length is how many packets
are inside; and names_reasons, whether its dropped rows are (reason, slot) or sorted slots alone.
"""
import gzip
import json
import pathlib
import random

import hypothesis.strategies as st

import jbuf_model
from jbuf_traffic import Traffic, batched

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "vectors" / "jbuf.jsonl.gz"
REASONS = "dup", "late", "stale", "stray"
BATCH = 64


class Oracle:
    """The model, with its results as rows and the statistics that follow from them."""

    def __init__(self, capacity, max_delay=None, max_dropout=3000, max_misorder=3000):
        self.model = jbuf_model.JitterBuffer(capacity, max_delay, max_dropout, max_misorder)
        self.received = self.invalid = self.erasures = self.erased = 0
        self.dropped = dict.fromkeys(REASONS, 0)

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


def check_traces(make_face):
    """make_face(slots, capacity, max_delay)"""
    names = set()
    with gzip.open(VECTORS, "rt") as lines:
        for line in lines:
            trace = json.loads(line)
            names.add(trace["name"])
            steps, expected = trace["steps"], trace["out"]
            assert len(steps) == len(expected)
            face = make_face(len(steps), trace["capacity"], trace["max_delay"])
            for i, (step, (ready, drop)) in enumerate(zip(steps, expected)):
                if step[0] == "in":
                    got = face.insert(i, *step[1:])
                else:
                    got = face.expire(step[1]) if step[0] == "expire" else face.flush()
                assert got == as_seen(face, [tuple(r) for r in ready], [tuple(r) for r in drop]), \
                    (trace["name"], i, step)
            face.close()
    assert len(names) == 600


def as_seen(face, ready, drop):
    return ready, drop if face.names_reasons else sorted(slot for _, slot in drop)


def follow(following, ready):
    """lseq is contiguous and rises."""
    for row in ready:
        start, end = (row[2], row[2]) if row[0] == "rtp" else row[1:3]
        assert following is None or start == following
        assert end >= start
        following = end + 1
    return following


class Pair:
    """The buffer and the oracle, given the same; every answer and all that can be asked is equal."""

    def __init__(self, face, options):
        self.face, self.oracle = face, Oracle(*options)
        self.count = 0                  # of packets put in
        self.out = 0                    # of packets handed out
        self.following = None           # the lseq that the next frame starts with

    def step(self, kind, *args):
        face, oracle = self.face, self.oracle
        if kind == "in":
            args = (self.count, *args)
            self.count += 1
            got, expected = face.insert(*args), oracle.insert(*args)
        elif kind == "many":
            packets = []
            for p in args[0]:
                packets.append(None if p is None else (self.count, *p))
                self.count += p is not None
            got, expected = face.insert_many(packets, args[1]), oracle.insert_many(packets, args[1])
        elif kind == "expire":
            got, expected = face.expire(*args), oracle.expire(*args)
        elif kind == "flush":
            got, expected = face.flush(), oracle.flush()
        else:
            got, expected = face.insert_bad(), oracle.insert_bad()
        if expected is not None:
            expected = as_seen(face, *expected)
        assert got == expected
        assert face.next_deadline() == oracle.next_deadline()
        stats = face.stats()
        assert stats == oracle.stats()
        if got:
            self.out += sum(row[0] == "rtp" for row in got[0])
            self.following = follow(self.following, got[0])
        assert stats[0] == self.out + len(face.wire) + sum(stats[2:6])
        if kind == "flush":
            assert not face.wire           # what went in has come out


def check_traffic(make_face, capacity, todo):
    """make_face(slots, *options), given `todo` packets of all kinds of disorder in many streams."""
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
        pair = Pair(make_face(length + BATCH, *options), options)
        try:
            while pair.count < min(length, todo):
                log.append(next(steps))
                pair.step(*log[-1])
            log.append(("flush",))
            pair.step("flush")
        except AssertionError as e:
            raise AssertionError(f"seed {seed}, options {options}, step {len(log)}: {log[-9:]}"
                                 ) from e
        finally:
            pair.face.close()
        todo -= pair.count


def check_steps(make_face, options, steps):
    pair = Pair(make_face(500, *options), options)
    try:
        for step in steps:
            pair.step(*step)
        pair.step("flush")
    finally:
        pair.face.close()


def check_conservation(make_face, capacity, kinds, packets):
    """Each packet comes out once and lseq is contiguous, also where the oracle is too slow."""
    steps = getattr(Traffic(random.Random(capacity), capacity, 3000, 3000), kinds)()
    face = make_face(packets, capacity)
    following, most, put = None, 0, 0
    while put <= packets:
        if put == packets:
            ready, _ = face.flush()
            assert not face.wire
        else:
            kind, *args = next(steps)
            if kind != "in":
                continue
            ready, _ = face.insert(put, *args)
        put += 1
        most = max(most, len(face.wire))
        following = follow(following, ready)
    face.close()
    assert most <= capacity + 1             # the one is a suspect
    if kinds == "of_one_stream":
        assert most >= capacity - 1         # it was full


# ---- what Hypothesis may try, shrinking what fails ----

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
