"""rtp_load: what it says of peers that are not echoes, or not always."""
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time

import pytest

from echo_tools import ipv6_works
from load_tools import (IMPAIRED, LOAD, LONG, SHORT, Echo, Rewriter, kinds, load, load_json, says,
                        shown_on, verdict)

ALLOWED = ("--max-loss", "100")
PORTABLE = os.environ.get("RTPSYNTH_IO") == "portable"  # CMake sets it
knows_icmp = pytest.mark.skipif(
    PORTABLE, reason='the I/O backend "portable" does not report what ICMP says')


# Ports that are dead.

@knows_icmp
@pytest.mark.parametrize("allowed", [(), ALLOWED])
def test_half_of_the_ports_are_dead(allowed):
    with Echo(ports=4, closed=(1,), silent=(3,)) as echo:
        result, status = load_json("-t", echo.target, "-n", 8, *SHORT, *allowed)
        run = load("-t", echo.target, "-n", 8, *SHORT, *allowed)
        port = int(re.search(r":(\d+)-", echo.target)[1])
    assert status == run.returncode == 1 and not result["held"]
    assert kinds(result) == {"echoed": 4, "closed": 2, "silent": 2}
    assert (result["received"], result["lost"], result["loss_percent"]) == (80, 80, 50)
    assert result["played"] + result["late"] == 80  # nobody hears what never began
    assert result["concealed"] == result["late"]
    assert says(result, rf"^closed: 2 streams, connection refused.*\(port {port + 1}\)$",
                rf"^silent: 2 streams, nothing came back.*\(port {port + 3}\)$")
    assert re.search("^  Streams +8  4 echoed, 2 closed, 2 silent$", run.stdout, re.M)
    assert verdict(run) == "FAILED: nothing came back from 4 of 8 streams; 50.000 % lost"


@knows_icmp
@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=pytest.mark.skipif(
    not ipv6_works(), reason="this machine has no IPv6"))])
def test_a_closed_port(host):
    with Echo(host=host, closed=(0,)) as echo:
        result, status = load_json("-t", echo.target, "-n", 2, *SHORT, *ALLOWED)
        run = load("-t", echo.target, "-n", 2, *SHORT)
    assert status == run.returncode == 1 and kinds(result) == {"closed": 2}
    assert result["sent"] == result["lost"] == 40 and result["send_errors"] == 0
    assert result["round_trip_ms"] is result["mean_jitter_ms"] is None
    assert result["remarks"] == [result["remarks"][0]] and says(result, "^closed: 2 streams, conn")
    assert verdict(run) == "FAILED: nothing came back: the port is closed"
    assert "this machine" not in run.stdout


@knows_icmp
def test_a_closed_port_and_a_busy_sender():
    with Echo(closed=(0,)) as echo:
        process = subprocess.Popen([LOAD, "-t", echo.target, "-n", "2", "-d", "1"], text=True,
                                   stdout=subprocess.PIPE)
        time.sleep(0.3)
        process.send_signal(signal.SIGSTOP)  # what it sends afterwards is late
        time.sleep(0.5)
        process.send_signal(signal.SIGCONT)
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 1 and out.endswith("the port is closed\n")
    assert "this machine" not in out


def test_a_silent_port():
    with Echo(silent=(0,)) as echo:
        result, status = load_json("-t", echo.target, "-n", 2, *SHORT, *ALLOWED)
        run = load("-t", echo.target, "-n", 2, *SHORT)
    assert status == run.returncode == 1 and kinds(result) == {"silent": 2}
    icmp = "; ICMP errors are not reported here" if PORTABLE else " and no ICMP error either"
    assert says(result, "^silent: 2 streams, nothing came back" + icmp)
    assert verdict(run) == "FAILED: nothing came back"


@pytest.mark.skipif(not PORTABLE, reason='the I/O backend "linux" reports what ICMP says')
def test_a_closed_port_is_silent_where_icmp_is_not_reported():
    with Echo(closed=(0,)) as echo:
        result, status = load_json("-t", echo.target, "-n", 2, *SHORT)
    assert status == 1 and kinds(result) == {"silent": 2}
    assert says(result, "^silent: 2 streams, nothing came back; ICMP errors are not reported here")


@knows_icmp
def test_a_port_that_closes_midway():
    with Echo(lambda n, data: [data] if n < 50 else None) as echo:
        result, status = load_json("-t", echo.target, "-n", 1, *LONG)
    assert status == 1 and kinds(result) == {"echoed": 1}
    assert (result["received"], result["lost"], result["closed_at_times"]) == (50, 50, 1)
    assert result["concealed"] == 50 + result["late"]
    assert says(result, "^connection refused at times: 1 stream that answered at others")


def test_a_port_that_falls_silent_midway():
    with Echo(lambda n, data: [data] if n < 50 else []) as echo:
        result, status = load_json("-t", echo.target, "-n", 1, *LONG)
    assert status == 1 and kinds(result) == {"echoed": 1}
    assert (result["lost"], result["closed_at_times"]) == (50, 0) and says(result)


def test_nothing_was_sent():
    with Echo() as echo:
        result, status = load_json("-t", echo.target, "-n", 3, *SHORT, "--loss", 100)
        run = load("-t", echo.target, "-n", 3, *SHORT, "--loss", 100)
    assert status == run.returncode == 1 and kinds(result) == {"unsent": 3}
    assert (result["lost"], result["loss_percent"]) == (0, 0)
    assert verdict(run) == "FAILED: nothing was sent"


# Echoes that are late, doubled, cut.

def test_a_stall():
    def stall(n, data):
        if n == 25:
            time.sleep(1)
        return [data]
    with Echo(stall) as echo:
        result, status = load_json("-t", echo.target, "-n", 1, "-d", 3)
    assert status == 0 and result["lost"] == 0 and kinds(result) == {"echoed": 1}
    # 25 is due when the stall begins, 75 when it ends, and 72 waits 60 ms; a busy machine adds some.
    assert 40 <= result["late"] <= 150 - 25
    assert result["concealed"] == result["late"] and result["played"] == 150 - result["late"]


def test_a_late_sender_is_told_from_a_late_network():
    with Echo() as echo:
        process = subprocess.Popen([LOAD, "-t", echo.target, "-n", "1", "-d", "2", "--json"],
                                   text=True, stdout=subprocess.PIPE)
        echo.wait_for(20)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.6)
        process.send_signal(signal.SIGCONT)
        out, _ = process.communicate(timeout=20)
    result = json.loads(out)
    assert process.returncode == 0 and result["late_here"] > 10 and result["behind_schedule"] > 10
    assert any(re.fullmatch(r"this machine was late: \d+ of 100 packets left more than 10.0 ms "
                            "behind schedule", r) for r in result["remarks"])
    assert any("left here late, not because of the network" in r for r in result["remarks"])


@pytest.mark.parametrize("answer,altered,kind", [
    (lambda n, data: [data[:50]], 20, "cut short"),
    (lambda n, data: [data + b"more"], 20, "longer"),
    (lambda n, data: [data[:1] + bytes([data[1] & 0x80 | 8]) + data[2:]], 20, "transcoded"),
    (lambda n, data: [data[:-1] + bytes([data[-1] ^ 1])] if n % 2 else [data], 10, "damaged"),
    (lambda n, data: [data], 0, "as it was")])
def test_echoes_that_are_altered(answer, altered, kind):
    with Echo(answer) as echo:
        result, status = load_json("-t", echo.target, "-n", 1, *SHORT)
        run = load("-t", echo.target, "-n", 1, *SHORT)
    assert status == 0 and (result["received"], result["altered"]) == (20, altered), kind
    assert verdict(run) == "OK: nothing lost" + (f", {altered} altered" if altered else "")
    if altered:
        assert says(result, rf"^{altered} packets came back with another payload")


# Answers that are no echoes.

def test_datagrams_that_are_not_echoes():
    def answer(_, data):
        return [b"", b"no RTP", data[:8], b"\x80\xc8" + data[2:28], b"\x00\x01" + data[2:20], data]
    with Echo(answer) as echo:
        result, status = load_json("-t", echo.target, "-n", 1, *SHORT)
    assert status == 0 and kinds(result) == {"echoed": 1}
    assert (result["received"], result["other"], result["rejected"]) == (20, 100, 0)
    assert {k: n for k, n in result["other_kinds"].items() if n} == {
        "malformed_rtp": 20, "rtcp": 20, "stun": 20, "unknown": 40}
    assert says(result, "^100 datagrams were not echoes of what was sent: 20 malformed RTP, 20 RTCP, "
                        "20 STUN, 40 of no known kind$")


@pytest.mark.parametrize("answer", [lambda n, data: [data[:10]], lambda n, data: [b"\x80\xc9" + data[2:]],
                                    lambda n, data: [b"\0\1" + data[2:]], lambda n, data: [b""]])
def test_only_datagrams_that_are_not_echoes(answer):
    with Echo(answer) as echo:
        result, status = load_json("-t", echo.target, "-n", 2, *SHORT, *ALLOWED)
        run = load("-t", echo.target, "-n", 2, *SHORT)
    assert status == run.returncode == 1 and kinds(result) == {"unusable": 2}
    assert result["other"] == result["lost"] == 40 and result["received"] == 0
    assert says(result, "^unusable: 2 streams", "^40 datagrams were not echoes")
    assert verdict(run) == "FAILED: nothing that can be measured came back"


def test_answers_from_another_port():
    with Echo(lambda n, data: [], stranger=True) as echo:
        result, status = load_json("-t", echo.target, "-n", 2, *SHORT)
        run = load("-t", echo.target, "-n", 1, *SHORT)
    assert status == run.returncode == 1 and kinds(result) == {"elsewhere": 2}
    assert result["received"] == result["other"] == 0 and 0 < result["rejected"] <= 40
    assert says(result, "^elsewhere: 2 streams", r"^\d+ datagrams? came from elsewhere")
    assert verdict(run) == "FAILED: nothing came back from the target"


def test_echoes_beside_another_numbering():
    rewriter = Rewriter()
    with Echo(lambda n, data: [data, *rewriter(n, data)]) as echo:
        result, status = load_json("-t", echo.target, "-n", 2, *SHORT)
    assert status == 0 and kinds(result) == {"echoed": 2} and result["lost"] == 0
    assert (result["received"], result["other"], result["other_kinds"]["rtp"]) == (40, 40, 40)
    assert says(result, "^40 datagrams were not echoes of what was sent: 40 RTP under other numbers$")


@knows_icmp
def test_some_of_each():
    rewriter = Rewriter()
    first = []

    def answer(n, data):
        if not first:
            first.append(data[8:12])
        return rewriter(n, data) if data[8:12] == first[0] else [data]
    with Echo(answer, ports=4, closed=(1,), silent=(3,)) as echo:
        result, status = load_json("-t", echo.target, "-n", 8, *SHORT)
        run = load("-t", echo.target, "-n", 8, *SHORT)
    assert status == run.returncode == 1
    assert kinds(result) == {"echoed": 3, "renumbered": 1, "closed": 2, "silent": 2}
    assert (result["received"], result["expected"], result["lost"]) == (80, 160, 80)
    assert sum(result["timeline"]["lost"]) == 80 and sum(result["timeline"]["packets"]) == 160
    assert result["renumbered"]["packets"] == 20
    assert "FAILED: nothing came back from 4 of 8 streams; 50.000 % lost" == verdict(run)


# On a terminal.

def on_terminal(columns, *args, **environment):
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([LOAD, *map(str, args)], stdout=terminal, stderr=subprocess.DEVNULL,
                               env={**os.environ, **environment})
    os.close(terminal)
    shown = shown_on(main)
    process.wait(20)
    return shown.decode().replace("\r\n", "\n")


@knows_icmp
@pytest.mark.parametrize("columns", [40, 80])
def test_a_narrow_terminal(columns):
    with Echo(Rewriter(), ports=2, closed=(1,)) as echo:
        args = "-t", echo.target, "-n", 4, *SHORT, *IMPAIRED
        coloured = on_terminal(columns, *args)
        shown = on_terminal(columns, *args, NO_COLOR="1")
    assert "\033[31mFAILED" in coloured and "\033" not in shown
    assert max(map(len, shown.splitlines())) <= columns
    assert "  Note            renumbered: 2" in shown and "\n                  " in shown
    words = " ".join(shown.split())
    assert "closed: 2 streams, connection refused: ICMP port unreachable" in words
    assert "FAILED: nothing came back from 2 of 4 streams;" in words
