"""rtp_load: what it says of answers with another numbering, such as a B2BUA's."""
import re
import struct

import pytest

from load_tools import IMPAIRED, LONG, PATIENT, SHORT, Echo, Rewriter, kinds, load, load_json, says, verdict


def test_a_b2bua():
    with Echo(Rewriter()) as echo:
        result, status = load_json("-t", echo.target, "-n", 3, *SHORT, *PATIENT)
        run = load("-t", echo.target, "-n", 3, *SHORT)
    assert status == run.returncode == 0 and result["held"] and kinds(result) == {"renumbered": 3}
    assert result["renumbered"] == {"ssrcs": 3, "packets": 60, "received": 60, "missing": 0,
                                    "unanswered": 0, "restarts": 0, "unknown_clocks": 0}
    for key in "packets", "expected", "received", "played":
        assert result[key] == 60, key
    for key in "lost", "late", "concealed", "duplicates", "reordered", "other":
        assert result[key] == 0, key
    assert result["round_trip_ms"] is None and result["mean_jitter_ms"] >= 0
    assert sum(result["timeline"]["packets"]) == 60 and sum(result["timeline"]["lost"]) == 0
    assert says(result, "^renumbered: 3 streams, answered with another SSRC",
                "by their own numbers; round trips are unknown$")
    assert re.search("^  Streams +3  3 renumbered$", run.stdout, re.M)
    assert re.search("^  Round trip +n/a$", run.stdout, re.M)
    assert verdict(run) == "OK: nothing lost, as far as the answers' numbers show"


@pytest.mark.parametrize("limit,status", [((), 1), (("--max-loss", 10), 0)])
def test_a_b2bua_that_loses(limit, status):
    with Echo(Rewriter(lambda n, head: head if n % 10 != 5 else None)) as echo:
        result, got = load_json("-t", echo.target, "-n", 2, *LONG, *PATIENT, *limit)
    assert got == status and kinds(result) == {"renumbered": 2}
    assert (result["expected"], result["lost"], result["loss_percent"]) == (200, 20, 10)
    assert result["renumbered"]["missing"] == result["concealed"] == 20
    assert result["renumbered"]["unanswered"] == 0


def test_a_b2bua_that_falls_silent():
    with Echo(Rewriter(lambda n, head: head if n < 50 else None)) as echo:
        result, status = load_json("-t", echo.target, "-n", 1, *LONG, *PATIENT)
    assert status == 1 and kinds(result) == {"renumbered": 1}
    assert result["lost"] == result["renumbered"]["unanswered"] == result["concealed"] == 50
    assert says(result, "^renumbered", "own numbers", "^the answers last 1.0 s less than what was "
                "sent: 50 packets lost$")


def test_a_b2bua_that_answers_every_other_packet_and_numbers_those():
    def every_other(n, head):
        return [head[0], n // 2, 160 * (n // 2), head[3]] if n % 2 == 0 else None
    with Echo(Rewriter(every_other)) as echo:
        result, status = load_json("-t", echo.target, "-n", 1, *LONG)
    assert status == 1 and result["lost"] == result["renumbered"]["unanswered"] == 50


def test_a_b2bua_that_keeps_the_ssrc():
    rewriter = Rewriter()

    def answer(n, data):
        return [d[:8] + data[8:12] + d[12:] for d in rewriter(n, data)]
    with Echo(answer) as echo:
        result, status = load_json("-t", echo.target, "-n", 2, *SHORT)
    assert status == 0 and kinds(result) == {"renumbered": 2} and result["received"] == 40


def test_a_b2bua_that_restarts():
    def restart(n, head):
        return head if n < 50 else [head[0], head[1] + 20000, head[2] - 10**6, head[3]]
    with Echo(Rewriter(restart)) as echo:
        result, status = load_json("-t", echo.target, "-n", 1, *LONG, *PATIENT)
    assert status == 0 and result["lost"] == result["late"] == result["concealed"] == 0
    assert result["renumbered"]["restarts"] == 1 and result["played"] == 100
    assert says(result, "^renumbered", "own numbers", "^the answers' numbers restarted 1 time")

    def other_ssrc(n, head):
        return head if n < 50 else [head[0], n, 160 * n, head[3] + 1000]
    with Echo(Rewriter(other_ssrc)) as echo:
        result, status = load_json("-t", echo.target, "-n", 1, *LONG, *PATIENT)
    assert status == 0 and result["lost"] == result["late"] == result["concealed"] == 0
    assert result["renumbered"]["ssrcs"] == 2 and result["received"] == 100
    assert says(result, "^renumbered", "own numbers", "^the answers came from 2 SSRCs$")


def test_a_b2bua_that_transcodes():
    def to_40_ms(n, head):
        return [8, n // 2, 160 * n, head[3]] if n % 2 == 0 else None
    with Echo(Rewriter(to_40_ms)) as echo:
        result, status = load_json("-t", echo.target, "-n", 1, *LONG, *PATIENT)
    assert status == 0 and (result["received"], result["lost"], result["late"]) == (50, 0, 0)

    def to_dynamic(n, head):
        return [111, head[1], 960 * n, head[3]]
    with Echo(Rewriter(to_dynamic)) as echo:
        result, status = load_json("-t", echo.target, "-n", 1, *SHORT)
        run = load("-t", echo.target, "-n", 1, *SHORT)
    assert status == 0 and (result["received"], result["lost"]) == (20, 0)
    for key in "late", "played", "concealed", "mean_jitter_ms", "max_jitter_ms", "round_trip_ms":
        assert result[key] is None, key
    assert says(result, "^renumbered", "own numbers", "clock rate is not known")
    assert re.search("^  Late +n/a ", run.stdout, re.M) and "Played" not in run.stdout
    assert re.search("^  Jitter +n/a", run.stdout, re.M)


def test_a_b2bua_that_answers_twice_and_swaps():
    rewriter = Rewriter()
    held = []

    def answer(n, data):
        held.extend(2 * rewriter(n, data))
        if len(held) < 4:
            return []
        swapped = [held[2], held[0], held[1], held[3]]
        held.clear()
        return swapped
    with Echo(answer) as echo:
        result, status = load_json("-t", echo.target, "-n", 1, *SHORT, *PATIENT)
    assert status == 0 and (result["received"], result["duplicates"]) == (40, 20)
    assert (result["reordered"], result["lost"], result["played"]) == (10, 0, 20)


def test_a_b2bua_and_impairment_on_purpose():
    """One that moves our numbers and so has our gaps; one that closes them."""
    def moved(_, data):
        seq, ts = struct.unpack("!HI", data[2:8])
        return [data[:2] + struct.pack("!HII", (seq + 999) % 2**16, (ts + 5) % 2**32, 77) + data[12:]]
    for answer in moved, Rewriter():
        with Echo(answer) as echo:
            result, status = load_json("-t", echo.target, "-n", 1, *LONG, *IMPAIRED)
            run = load("-t", echo.target, "-n", 1, *LONG, *IMPAIRED)
        assert status == 0 and kinds(result) == {"renumbered": 1} and result["lost"] == 0
        assert result["impairment"]["dropped"] > 0
        assert verdict(run) == ("OK: nothing lost but what was dropped on purpose, as far as the "
                                "answers' numbers show")
