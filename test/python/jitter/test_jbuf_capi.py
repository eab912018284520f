"""The jitter buffer's C face, driven through ctypes, against the oracle jbuf_model.py."""
import os
import random
from ctypes import memmove

import hypothesis
import pytest

from jbuf_capi import CBuffer, Frame, lib
from jbuf_oracle import (OPTIONS, STEPS, check_conservation, check_steps, check_traces,
                         check_traffic)


def test_traces():
    check_traces(CBuffer)


# Packets by capacity. The oracle sorts at every packet, so that the large ones get fewer.
# RTPSYNTH_ORACLE_ROUNDS makes more of it.
PACKETS = {1: 90_000, 2: 130_000, 3: 130_000, 4: 130_000, 5: 130_000, 8: 130_000, 20: 130_000,
           64: 90_000, 200: 40_000, 1000: 12_000, 16383: 5_000}
ROUNDS = int(os.environ.get("RTPSYNTH_ORACLE_ROUNDS", 1))
assert sum(PACKETS.values()) >= 1_000_000


@pytest.mark.parametrize("capacity", PACKETS)
def test_equals_the_oracle(capacity):
    check_traffic(CBuffer, capacity, ROUNDS * PACKETS[capacity])


@hypothesis.settings(derandomize=True, deadline=None, max_examples=600, database=None)
@hypothesis.given(OPTIONS, STEPS)
def test_equals_the_oracle_on_any_steps(options, steps):
    check_steps(CBuffer, options, steps)


# ---- conservation, also where the oracle is too slow ----

@pytest.mark.parametrize("kinds", ["of_one_stream", "of_all_kinds"])
@pytest.mark.parametrize("capacity", [1, 20, 4000, 16383])
def test_each_packet_comes_out_once_and_lseq_is_contiguous(capacity, kinds):
    check_conservation(CBuffer, capacity, kinds, 40_000)


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
