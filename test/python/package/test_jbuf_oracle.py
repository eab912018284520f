"""RtpJBuf against the oracle jbuf_model.py: traces, seeded traffic, and what Hypothesis finds."""
import random

import hypothesis
import pytest
from jbuf_oracle import (OPTIONS, STEPS, check_conservation, check_steps, check_traces,
                         check_traffic)
from jbuf_pyface import PyFace, packet
from jbuf_traffic import Traffic
from rtpsynth.RtpJBuf import RtpJBuf, RTPFrameType


def test_traces():
    check_traces(PyFace)


# Packets by capacity. The oracle sorts at every packet, so that the large ones get fewer.
PACKETS = {1: 15_000, 2: 15_000, 3: 15_000, 5: 15_000, 20: 15_000, 64: 10_000, 200: 6_000,
           1000: 6_000}


@pytest.mark.parametrize("capacity", PACKETS)
def test_equals_the_oracle(capacity):
    check_traffic(PyFace, capacity, PACKETS[capacity])


@hypothesis.settings(derandomize=True, deadline=None, max_examples=400, database=None)
@hypothesis.given(OPTIONS, STEPS)
def test_equals_the_oracle_on_any_steps(options, steps):
    check_steps(PyFace, options, steps)


@pytest.mark.parametrize("kinds", ["of_one_stream", "of_all_kinds"])
@pytest.mark.parametrize("capacity", [1, 20, 4000, 16383])
def test_each_packet_comes_out_once_and_lseq_is_contiguous(capacity, kinds):
    check_conservation(PyFace, capacity, kinds, 20_000)


@pytest.mark.parametrize("capacity", [1, 4, 50])
def test_a_batch_equals_single_calls(capacity):
    rng = random.Random(capacity)
    steps = Traffic(rng, capacity, 3000, 3000).of_all_kinds()
    one, many = RtpJBuf(capacity, 10**9), RtpJBuf(capacity, 10**9)
    for turn in range(300):
        datagrams = [packet(*s[1:4]) for s in (next(steps) for _ in range(rng.randrange(40)))
                     if s[0] == "in"]
        now, opaque = turn * 10**8, object()
        apart = [item for d in datagrams for item in one.udp_in(d, opaque, now)]
        kinds = [datagrams, tuple(datagrams), iter(datagrams), (d for d in datagrams)]
        together = many.udp_in_many(rng.choice(kinds), opaque=opaque, now_ns=now)
        assert [str(i) for i in together] == [str(i) for i in apart]
        for a, b in zip(apart, together):
            assert a.data is b.data and a.content.type == b.content.type
            assert b.content.type == RTPFrameType.ERS or b.opaque is not None
        assert one.stats == many.stats and one.next_deadline_ns == many.next_deadline_ns
