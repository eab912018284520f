"""What rtp_replay says of a stream as its listener has it: MOS, gaps, clock drift, digits."""
import pytest
from replay_tools import (only_stream, over_ethernet, paced, pcap, press, replay, rtp)


def capture(packets):
    return pcap(over_ethernet(packets))


def test_a_perfect_stream_is_a_good_line(write):
    stream = only_stream(write(capture(paced(600))))
    assert stream["mos"] == pytest.approx(4.409, abs=0.001)
    assert stream["r_factor"] == pytest.approx(93.2, abs=0.05)
    assert stream["max_delta_ms"] == 20
    assert stream["clock_drift_ppm"] == pytest.approx(0, abs=0.2)
    assert stream["digits"] == "" and stream["digits_left_out"] == 0


def test_losses_lower_the_mos(write):
    lossy = [p for i, p in enumerate(paced(1000)) if i % 20 != 7]
    stream = only_stream(write(capture(lossy)))
    assert stream["lost"] == 50
    assert 3.7 < stream["mos"] < 4.1
    assert stream["max_delta_ms"] == 40


def test_a_late_packet_is_as_bad_as_none(write):
    packets = paced(500)
    late = sorted((when + (0.09 if i % 50 == 3 else 0), packet)
                  for i, (when, packet) in enumerate(packets))
    path = write(capture(late))
    assert only_stream(path)["mos"] == pytest.approx(4.409, abs=0.001)
    assert only_stream(path, "--max-delay", 50)["mos"] < 4.35


def test_no_mos_of_a_codec_whose_impairment_is_not_known(write):
    stream = only_stream(write(capture(paced(100, pt=34))))  # H.263
    assert stream["mos"] is stream["r_factor"] is None
    assert "MOS" not in replay(write(capture(paced(100, pt=34)))).stdout


@pytest.mark.parametrize("ppm", [-300, 200])
def test_drift_of_the_clock(write, ppm):
    packets = [(1000 + 0.02 * i / (1 + ppm * 1e-6), rtp(i, 160 * i)) for i in range(3000)]
    stream = only_stream(write(capture(packets)))
    assert stream["clock_drift_ppm"] == pytest.approx(ppm, abs=1)


def test_short_streams_have_no_drift(write):
    stream = only_stream(write(capture(paced(100))))
    assert stream["clock_drift_ppm"] is None


def test_digits(write):
    packets, seq, ts, now = paced(50), 50, 160 * 50, 1001.0
    for digit in (1, 1, 11):
        packets += press(seq, ts, now, digit)
        packets += paced(10, seq + 20, ts + 160 * 20, now + 0.4)
        seq, ts, now = seq + 30, ts + 160 * 30, now + 0.6
    path = write(capture(packets))
    stream = only_stream(path)
    assert stream["digits"] == "11#"
    assert stream["lost"] == 0
    assert "digits 11#" in replay(path).stdout


def test_one_packet_has_no_delta(write):
    path = write(capture(paced(1)))
    assert only_stream(path, "--port", 5004)["max_delta_ms"] is None
