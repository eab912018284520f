"""rtp_load: what it sends, what it counts, what it says."""
import audioop
import json
import os
import pty
import re
import resource
import signal
import subprocess

import pytest

from echo_tools import ipv6_works
from load_tools import IMPAIRED, LOAD, LONG, SHORT, Echo, load, load_json, shown_on
PATIENT = ("--max-delay", "2000")  # nothing is late because the machine is busy


def adds_up(result):
    impairment, timeline = result["impairment"], result["timeline"]
    assert result["packets"] + impairment["dropped"] + result["refused"] >= result["streams"]
    assert result["sent"] == result["packets"] + impairment["duplicated"]
    assert result["received"] == result["packets"] - result["lost"] + result["duplicates"]
    assert sum(timeline["packets"]) == result["packets"]
    assert sum(timeline["lost"]) == result["lost"]
    assert result["expected"] == result["packets"]
    assert result["played"] + result["late"] == result["packets"] - result["lost"]
    assert sum(result["streams_by_answer"].values()) == result["streams"]
    assert sum(result["other_kinds"].values()) == result["other"]
    assert result["refused"] == result["send_errors"] == 0
    return True


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=pytest.mark.skipif(
    not ipv6_works(), reason="this machine has no IPv6"))])
def test_all_comes_back(host):
    with Echo(host=host) as echo:
        result, status = load_json("-t", echo.target, "-n", 5, *SHORT, *PATIENT)
    assert status == 0 and result["held"] and adds_up(result)
    assert result["packets"] == result["received"] == result["played"] == 100
    assert result["streams_by_answer"]["echoed"] == 5 and result["renumbered"] is None
    for key in ("lost", "late", "late_here", "duplicates", "reordered", "altered", "concealed",
                "kernel_drops", "rejected", "other", "receive_errors", "closed_at_times"):
        assert result[key] == 0, key
    assert result["target"] == echo.target
    round_trip = result["round_trip_ms"]
    assert 0 < round_trip["p50"] <= round_trip["p90"] <= round_trip["p99"] <= round_trip["max"]


def test_json():
    with Echo() as echo:
        result, _ = load_json("-t", echo.target, "-n", 2, *SHORT, "--codec", "pcma")
    count, times = int, {"p50": float, "p90": float, "p99": float, "max": float}
    schema = {
        "target": str, "streams": count,
        "streams_by_answer": dict.fromkeys(("echoed", "renumbered", "unusable", "closed",
                                            "unreachable", "elsewhere", "silent", "unsent"), count),
        "closed_at_times": count, "codec": str, "ptime_ms": count, "audio": type(None),
        "max_delay_ms": float, "duration_s": float, "interrupted": bool, "packets": count,
        "packets_per_s": float, "sent": count, "received": count, "expected": count,
        "lost": count, "loss_percent": float, "late": count, "late_here": count,
        "duplicates": count, "reordered": count, "altered": count, "played": count, "concealed": count,
        "mos": float, "kernel_drops": count, "refused": count,
        "send_errors": count, "receive_errors": count, "rejected": count, "other": count,
        "other_kinds": dict.fromkeys(("rtp", "overdue", "malformed_rtp", "rtcp", "stun",
                                      "turn_channel", "dtls", "zrtp", "unknown"), count),
        "renumbered": type(None), "round_trip_ms": times, "mean_jitter_ms": float, "max_jitter_ms": float,
        "rtcp": type(None), "srtp": type(None), "send_lateness_ms": times, "behind_schedule": count, "cpu_cores": float, "cpu_us_per_packet": float,
        "impairment": {"loss_percent": float, "reorder_percent": float, "duplicate_percent": float,
                       "jitter_ms": float, "seed": count, "dropped": count, "reordered": count,
                       "duplicated": count},
        "timeline": {"interval_ms": float, "packets": list, "lost": list},
        "max_loss_percent": float, "held": bool, "remarks": list}

    def fits(value, kind):
        if isinstance(kind, dict):
            return list(value) == list(kind) and all(fits(value[k], kind[k]) for k in kind)
        return type(value) is kind
    assert list(result) == list(schema)
    for key, kind in schema.items():
        assert fits(result[key], kind), (key, result[key])
    assert 1 <= result["mos"] < 4.41
    assert (result["codec"], result["ptime_ms"], result["max_loss_percent"]) == ("PCMA", 20, 0)


@pytest.mark.parametrize("codec,pt", [("pcmu", 0), ("PCMA", 8)])
@pytest.mark.parametrize("ptime", [10, 20, 30])
def test_what_it_sends_is_rtp(codec, pt, ptime):
    with Echo() as echo:
        load_json("-t", echo.target, "-n", 3, "-d", "0.3", "--codec", codec, "--ptime", ptime)
        streams = echo.streams()
    assert len({packets[0].ssrc for packets in streams}) == len(streams) == 3
    for packets in streams:
        assert len(packets) == 300 // ptime
        assert [p.marker for p in packets] == [1] + [0] * (len(packets) - 1)
        first = packets[0]
        for i, p in enumerate(packets):
            assert (p.pt, p.ssrc, len(p.payload)) == (pt, first.ssrc, 8 * ptime)
            assert p.seq == (first.seq + i) % 2**16
            assert p.ts == (first.ts + 8 * ptime * i) % 2**32
        pcm = (audioop.ulaw2lin if pt == 0 else audioop.alaw2lin)(first.payload, 2)
        assert 100 < audioop.max(pcm, 2) < 2000  # soft, but there


def test_streams_are_spread_over_the_ports():
    with Echo(ports=3) as echo:
        result, status = load_json("-t", echo.target, "-n", 7, *SHORT)
        ports = [packets[0].port for packets in echo.streams()]
    assert status == 0 and result["received"] == 140
    assert sorted(ports.count(port) for port in set(ports)) == [2, 2, 3]


def test_impairment_is_exact():
    with Echo() as echo:
        result, status = load_json("-t", echo.target, "-n", 4, *LONG, *IMPAIRED)
    done = result["impairment"]
    assert status == 0 and adds_up(result)
    assert result["packets"] == 400 - done["dropped"]
    assert 0 < done["dropped"] < 100 and 0 < done["duplicated"] < 100 and 0 < done["reordered"] < 100
    assert result["lost"] == 0
    assert result["duplicates"] == done["duplicated"]
    assert result["reordered"] == done["reordered"]
    assert result["concealed"] <= done["dropped"] + result["late"]


def test_a_seed_is_a_pattern():
    def pattern(*args):
        with Echo() as echo:
            load_json("-t", echo.target, "-n", 1, *LONG, *args)
            (packets,) = echo.streams()
        origin = packets[0].ts
        return [((p.ts - origin + 2**31) % 2**32 - 2**31) // 160 for p in packets]
    one = pattern(*IMPAIRED, "--seed", 7)
    assert one == pattern(*IMPAIRED, "--seed", 7)
    assert one != pattern(*IMPAIRED, "--seed", 8)
    # What is lost does not depend on what else happens.
    alone = pattern("--loss", "10", "--seed", 7)
    assert alone == sorted(set(alone)) and sorted(set(one)) == [
        n + min(one) for n in alone]


def test_streams_have_patterns_of_their_own():
    with Echo() as echo:
        load_json("-t", echo.target, "-n", 6, *LONG, "--loss", "30")
        streams = echo.streams()
    assert len({tuple(p.seq - packets[0].seq & 0xffff for p in packets)
                for packets in streams}) == 6


def test_late_by_the_playout_clock():
    for _ in range(10):  # where a first packet was slow itself, those after it have more time
        with Echo() as echo:
            result, _ = load_json("-t", echo.target, "-n", 2, *LONG, "--reorder", "40",
                                  "--max-delay", 0)
        assert adds_up(result)
        done = result["impairment"]["reordered"]
        if 0 < done <= result["late"]:
            break
    else:
        pytest.fail("packets that were overtaken are not late")
    assert 0 < result["late_here"] <= result["late"]
    assert result["concealed"] >= done - 2  # a stream's first, when overtaken, has no turn
    with Echo() as echo:
        result, _ = load_json("-t", echo.target, "-n", 2, *LONG, "--reorder", "40", *PATIENT)
    assert result["late"] == result["concealed"] == 0 and result["reordered"] > 0


@pytest.mark.parametrize("limit,status", [((), 1), (("--max-loss", 10), 0), (("--max-loss", 100), 0),
                                          (("--max-loss", "9.99"), 1), (("--max-loss", 0), 1)])
def test_loss(limit, status):
    with Echo(lambda n, data: [] if n % 10 == 9 else [data]) as echo:
        result, got = load_json("-t", echo.target, "-n", 5, *SHORT, *limit)
    assert got == status and result["held"] == (status == 0)
    assert (result["packets"], result["lost"], result["loss_percent"]) == (100, 10, 10)
    assert adds_up(result)


def test_nothing_comes_back():
    with Echo(lambda n, data: []) as echo:
        result, status = load_json("-t", echo.target, *SHORT)
        text = load("-t", echo.target, "-n", 1, *SHORT)
    assert status == 1 and not result["held"]
    assert (result["packets"], result["lost"], result["loss_percent"]) == (200, 200, 100)
    assert result["round_trip_ms"] is result["mean_jitter_ms"] is None
    assert text.returncode == 1 and "FAILED: nothing came back" in text.stdout


def test_duplicates_and_disorder_of_others():
    kept = []

    def swap(_, data):
        kept.append(data)
        return [kept.pop(), kept.pop()] if len(kept) == 2 else []
    with Echo(lambda n, data: [data, data]) as echo:
        result, status = load_json("-t", echo.target, "-n", 2, *SHORT)
    assert status == 0 and adds_up(result)
    assert (result["received"], result["duplicates"], result["lost"]) == (80, 40, 0)
    with Echo(swap) as echo:
        result, status = load_json("-t", echo.target, "-n", 1, *SHORT)
    assert status == 0 and adds_up(result)
    assert (result["reordered"], result["lost"], result["received"]) == (10, 0, 20)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_the_summary(number):
    with Echo() as echo:
        process = subprocess.Popen([LOAD, "-t", echo.target, "-n", "3", "-d", "600", "--json",
                                    *IMPAIRED], stdout=subprocess.PIPE, text=True)
        echo.wait_for(30)
        process.send_signal(number)
        out, _ = process.communicate(timeout=20)
    result = json.loads(out)
    assert process.returncode == 0 and result["interrupted"] and result["lost"] == 0
    assert 30 <= result["sent"] < 3 * 600 * 50 and adds_up(result)


def test_summary():
    with Echo(lambda n, data: [] if n % 10 == 9 else [data]) as echo:
        run = load("-t", echo.target, "-n", 5, *SHORT, "--seed", 3, "--max-loss", 20)
        bad = load("-t", echo.target, "-n", 5, *SHORT, "--max-loss", 1)
    assert run.returncode == 0 and run.stderr == "" and "\033" not in run.stdout
    assert re.match(rf"rtp_load: 5 streams x 50 packets/s to {re.escape(echo.target)}, PCMU 20 ms, "
                    r"\d+\.\d s\n", run.stdout)
    for line in ("Streams +5  5 echoed", r"Sent +100  ", r"Received +90$", r"Lost +10  10\.000 %",
                 r"Late +\d+  for a playout delay of 60 ms", "Duplicate +0",
                 "Reordered +0", "Round trip +p50 .* p90 .* p99 .* max .* ms", "Jitter +mean",
                 r"Played +\d+ packets in time, \d+ concealed",
                 "Send lateness +p50", "CPU +.* of a core", "Kernel drops +0"):
        assert re.search("^  " + line, run.stdout, re.M), line
    assert run.stdout.endswith("OK: 10.000 % lost, 20.000 % allowed\n")
    assert "On purpose" not in run.stdout
    assert bad.returncode == 1
    assert bad.stdout.endswith("FAILED: 10.000 % lost, 1.000 % allowed\n")


def test_progress_on_a_terminal():
    main, terminal = pty.openpty()
    with Echo() as echo:
        process = subprocess.Popen([LOAD, "-t", echo.target, "-n", "2", "-d", "1"],
                                   stdout=subprocess.DEVNULL, stderr=terminal)
        os.close(terminal)
        shown = shown_on(main)
        assert process.wait(20) == 0
    assert re.search(rb"\r\[[#.]{25}\] +\d+ %  \d+ sent, \d+ back, \d+ s left", shown)
    assert shown.endswith(b"\r\033[K")


def test_the_limit_of_open_files_is_raised():
    with Echo() as echo:
        result, status = load_json(
            "-t", echo.target, "-n", 200, "-d", "0.1",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 4096)))
    assert status == 0 and result["received"] == 1000


@pytest.mark.skipif(os.geteuid() == 0, reason="root may have as many open files as it likes")
def test_the_limit_of_open_files_is_hard():
    run = load("-t", "127.0.0.1:9", "-n", 200, preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_NOFILE, (64, 128)))
    assert run.returncode == 1 and "200 streams need" in run.stderr and "128" in run.stderr


@pytest.mark.parametrize("args,message", [
    ((), "--target HOST:PORT is missing"), (("-t", "localhost"), "has no port"),
    (("-t", "localhost:0"), "port (1..65535)"), (("-t", "localhost:9-8"), "wrong order"),
    (("-t", "::1:9"), "brackets"), (("-t", "h:9", "x"), "unexpected argument 'x'"),
    (("-t", "h:9", "-n", "0"), "number of streams (1..50000)"),
    (("-t", "h:9", "-n", "-1"), "number of streams"), (("-t", "h:9", "-n", "1e3"), "number of streams"),
    (("-t", "h:9", "--ptime", "0"), "packet time (1..180 ms"), (("-t", "h:9", "--ptime", "181"), "1..180"),
    (("-t", "h:9", "--codec", "opus"), "codec (pcmu, pcma)"),
    (("-t", "h:9", "-d", "0"), "duration (0.001..86400 s)"), (("-t", "h:9", "-d", "inf"), "duration"),
    (("-t", "h:9", "-d", "0.01"), "shorter than one packet"),
    (("-t", "h:9", "--loss", "101"), "0..100 %"), (("-t", "h:9", "--loss", "nan"), "0..100 %"),
    (("-t", "h:9", "--reorder", "-1"), "0..100 %"), (("-t", "h:9", "--duplicate", "x"), "0..100 %"),
    (("-t", "h:9", "--jitter", "2001"), "jitter (0..2000 ms)"),
    (("-t", "h:9", "--seed", "1.5"), "seed (0..2^64-1)"),
    (("-t", "h:9", "--max-loss", "200"), "0..100 %"), (("-t", "h:9", "--max-delay", "-1"), "0..2000 ms"),
    (("-t", "h:9", "--wav", ""), "--wav"), (("-t", "h:9", "--plot", ""), "--plot"),
    (("-t", "h:9", "--los", "1"), "--los")])
def test_bad_arguments(args, message):
    run = load(*args)
    assert run.returncode == 2 and run.stdout == ""
    assert run.stderr.startswith("rtp_load: ") and message in run.stderr, run.stderr
    assert run.stderr.endswith("Try 'rtp_load --help'.\n")


def test_a_name_that_does_not_exist():
    run = load("-t", "nobody.invalid:9")
    assert run.returncode == 1 and run.stdout == ""
    assert run.stderr.startswith("rtp_load: nobody.invalid: ")


def test_help_and_version():
    run = load("--help")
    assert run.returncode == 0 and "--target" in run.stdout and "Exit status" in run.stdout
    for word in ("closed", "silent", "renumbered", "late", "concealed"):
        assert re.search(rf"\b{word}\b", run.stdout, re.I), word
    assert max(map(len, run.stdout.splitlines())) <= 95
    assert re.fullmatch(r"rtp_load \d+\.\d+\.\d+\n", load("--version").stdout)
    with open("/dev/full", "w") as full:
        assert subprocess.run([LOAD, "--help"], stdout=full, stderr=subprocess.PIPE).returncode == 1


@pytest.mark.skipif("RTP_ECHO" not in os.environ, reason="CMake names rtp_echo")
def test_against_rtp_echo():
    with subprocess.Popen([os.environ["RTP_ECHO"], "--bind", "127.0.0.1:0"], text=True,
                          stdout=subprocess.PIPE) as echo:
        try:
            target = re.match(r"listening on (\S+:\d+)", echo.stdout.readline())[1]
            result, status = load_json("-t", target, "-n", 50, "-d", "1", *IMPAIRED)
        finally:
            echo.send_signal(signal.SIGINT)
            echo.communicate(timeout=20)
    assert status == 0 and adds_up(result) and result["lost"] == 0
    assert result["packets"] == 2500 - result["impairment"]["dropped"]
