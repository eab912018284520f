"""rtp_echo: its command line, its answers, its end."""
import ctypes
import errno
import fcntl
import os
import pty
import re
import resource
import signal
import socket
import struct
import subprocess
import termios
import time

import pytest

from echo_tools import (ECHO, PATIENCE, V4, V6, Echo, all_echoed, caller, free_port, ipv6_works,
                        run, totals)


def limit_descriptors(soft, hard):
    """For a child: the limits, and that not even root raises the hard one."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        pr_capbset_drop, cap_sys_resource = 24, 24  # it fails where there is nothing to drop
        ctypes.CDLL(None).prctl(pr_capbset_drop, cap_sys_resource, 0, 0, 0)
    return limit


def exchange(sock, datagram):
    sock.send(datagram)
    return sock.recv(70000)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_totals(end):
    with Echo() as echo:
        with caller(echo.endpoint) as sock:
            for datagram in (b"one", b"two", b"three"):
                assert exchange(sock, datagram) == datagram
        assert echo.stop(end) == {
            "channels": 1, "Received": 3, "Received bytes": 11, "Sent": 3, "Sent bytes": 11,
            "Rejected": 0, "Overflow": 0, "Errors": 0}


def test_totals_of_nothing():
    with Echo() as echo:
        assert all_echoed(echo.stop(), 0)


@pytest.mark.parametrize("bind", [V4, V6])
def test_odd_datagrams(bind):
    noise = bytes(i * 7919 % 251 for i in range(65507))
    sizes = [0, 1, 11, 12, 172, 1472, 1473, 9000, 65506, 65507, 0]
    with Echo(bind=[bind]) as echo:
        with caller(echo.endpoint) as sock:
            for size in sizes:
                assert exchange(sock, noise[:size]) == noise[:size]
        assert all_echoed(echo.stop(), len(sizes))


@pytest.mark.parametrize("options", [[], ["--tick-hz", 500]], ids=["at once", "ticks"])
def test_order_is_kept(options):
    with Echo(*options) as echo:
        with caller(echo.endpoint) as sock:
            for start in range(0, 2000, 100):  # few enough for anybody's buffer
                # Runs of equal sizes and changes between them.
                sent = [struct.pack("!I", i) * (1 + i // 7 % 5) for i in range(start, start + 100)]
                for datagram in sent:
                    sock.send(datagram)
                assert [sock.recv(2000) for _ in sent] == sent
        assert all_echoed(echo.stop(), 2000)


def test_ticks_are_waited_for():
    # An answer goes out on a tick, and what answers it on a later one: never more than one a tick.
    with Echo("--tick-hz", 50) as echo:
        with caller(echo.endpoint) as sock:
            start = time.monotonic()
            for _ in range(20):
                exchange(sock, b"ping")
            assert time.monotonic() - start >= 19 * 0.020
        assert all_echoed(echo.stop(), 20)


def test_each_sender_gets_its_own_packets_back():
    with Echo() as echo:
        socks = [caller(echo.endpoint) for _ in range(20)]
        for turn in range(5):
            for i, sock in enumerate(socks):
                sock.send(b"%d %d" % (i, turn))
        for i, sock in enumerate(socks):
            assert [sock.recv(99) for _ in range(5)] == [b"%d %d" % (i, t) for t in range(5)]
            sock.close()
        assert all_echoed(echo.stop(), 100)


def test_a_sender_that_has_gone_does_no_harm():
    with Echo("--tick-hz", 20) as echo:
        for _ in range(5):
            with caller(echo.endpoint) as sock:
                sock.send(b"no answer wanted")
        with caller(echo.endpoint) as sock:
            assert exchange(sock, b"still there?") == b"still there?"
        result = echo.stop()
        assert result["Received"] == 6


@pytest.mark.parametrize("bind", [V4, V6])
def test_channels_in_a_row(bind):
    with Echo("--channels", 40, bind=[bind]) as echo:
        ports = [port for _, port in echo.endpoints]
        assert ports == list(range(ports[0], ports[0] + 40))
        for endpoint in echo.endpoints:
            with caller(endpoint) as sock:  # connected: hears that port alone
                assert exchange(sock, b"%d" % endpoint[1]) == b"%d" % endpoint[1]
        result = echo.stop()
        assert result["channels"] == 40 and all_echoed(result, 40)


def test_a_range_of_ports_and_several_binds():
    first = free_port(*range(1, 6))
    with Echo(bind=[f"127.0.0.1:{first}-{first + 2}", f"127.0.0.2:{first}-{first + 1}",
                    f"127.0.0.1:{first + 5}"]) as echo:
        assert echo.endpoints == [
            *(("127.0.0.1", first + i) for i in range(3)), ("127.0.0.2", first),
            ("127.0.0.2", first + 1), ("127.0.0.1", first + 5)]
        for endpoint in echo.endpoints:
            with caller(("127.0.0.1", endpoint[1]) if endpoint[0] == "127.0.0.1" else endpoint) \
                    as sock:
                assert exchange(sock, b"hello") == b"hello"
        assert echo.stop()["channels"] == 6


def test_a_name_is_resolved():
    with Echo(bind=["localhost:0"]) as echo:
        assert echo.endpoint[0] in ("127.0.0.1", "::1")
        with caller(echo.endpoint) as sock:
            assert exchange(sock, b"hello") == b"hello"


@pytest.mark.skipif(not ipv6_works(), reason="this machine has no IPv6")
def test_the_ipv6_wildcard_serves_both():
    with Echo(bind=["[::]:0"]) as echo:
        for host in ("127.0.0.1", "::1"):
            with caller((host, echo.endpoint[1])) as sock:
                assert exchange(sock, b"hello") == b"hello"
        assert all_echoed(echo.stop(), 2)


@pytest.mark.parametrize("count", [1, 3])
def test_a_port_in_use_is_named_in_the_error(count):
    first = free_port(*range(1, count))
    address = f"127.0.0.1:{first + count - 1}"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", first + count - 1))
        result = run("--bind", f"127.0.0.1:{first}", "--channels", count)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"rtp_echo: cannot listen on {address}: {os.strerror(errno.EADDRINUSE)}\n"


def test_an_address_of_another_host_is_named_in_the_error():
    result = run("--bind", "192.0.2.1:5004")  # RFC 5737
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "rtp_echo: cannot listen on 192.0.2.1:5004: " + os.strerror(errno.EADDRNOTAVAIL) + "\n"


def test_the_soft_limit_of_descriptors_is_raised():
    with Echo("--channels", 100, preexec_fn=limit_descriptors(64, 400)) as echo:
        with caller(echo.endpoints[-1]) as sock:
            assert exchange(sock, b"hello") == b"hello"
        assert echo.stop()["channels"] == 100


def test_exceeding_the_hard_limit_of_descriptors_is_reported():
    result = run("--bind", "127.0.0.1:0", "--channels", 100,
                 preexec_fn=limit_descriptors(64, 64))
    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(r"rtp_echo: 100 channels need 1\d\d open files, and the limit is 64 "
                        r"\(ulimit -Hn\)\n", result.stderr)


@pytest.mark.parametrize("args, complaint", [
    (["--bind"], "bind"),
    (["--bind", ""], "HOST:PORT"),
    (["--bind", "127.0.0.1"], "'127.0.0.1' has no port: HOST:PORT or [IPV6]:PORT is expected"),
    (["--bind", "5004"], "'5004' has no port"),
    (["--bind", ":5004"], "':5004' names no host"),
    (["--bind", "[]:5004"], "names no host"),
    (["--bind", "[::1]"], "'[::1]' has no port"),
    (["--bind", "::1:5004"], "put an IPv6 address in brackets"),
    (["--bind", "[::1:5004"], "put an IPv6 address in brackets"),
    (["--bind", "a b:5004"], "'a b:5004' is not HOST:PORT"),
    (["--bind", "127.0.0.1:"], "'' is not a valid port (0..65535) in '127.0.0.1:'"),
    (["--bind", "127.0.0.1:65536"], "'65536' is not a valid port"),
    (["--bind", "127.0.0.1:-1"], "'' is not a valid port"),
    (["--bind", "127.0.0.1:5004x"], "'5004x' is not a valid port"),
    (["--bind", "127.0.0.1:rtp"], "'rtp' is not a valid port"),
    (["--bind", "127.0.0.1:0-10"], "'0' is not a valid port (1..65535)"),
    (["--bind", "127.0.0.1:5004-"], "'' is not a valid port"),
    (["--bind", "127.0.0.1:5004-5003"], "the wrong order"),
    (["--bind", "127.0.0.1:5004-5005-5006"], "'5005-5006' is not a valid port"),
    (["--bind", "127.0.0.1:5004-5005", "--channels", 2], "--channels needs"),
    (["--bind", "127.0.0.1:65530", "--channels", 7], "7 channels go beyond port 65535"),
    (["--channels", 0], "'0' is not a valid number of channels (1..65535)"),
    (["--channels", 65536], "'65536' is not a valid number of channels"),
    (["--channels", "many"], "'many' is not a valid number of channels"),
    (["--channels", 1, "--channels", 2], "channels"),
    (["--tick-hz", -1], "tick"),
    (["--tick-hz", 1000001], "'1000001' is not a valid tick frequency (0..1000000 Hz)"),
    (["--stats", 0], "'0' is not a valid interval (0.1..86400 s)"),
    (["--stats", "nan"], "'nan' is not a valid interval"),
    (["--stats", "1s"], "'1s' is not a valid interval"),
    (["--rcvbuf", 0], "'0' is not a valid buffer size (1..1073741824 bytes)"),
    (["--rcvbuf", 2**30 + 1], "is not a valid buffer size"),
    (["--chan", 1], "--chan"),
    (["--no-such-option"], "--no-such-option"),
    (["127.0.0.1:5004"], "unexpected argument '127.0.0.1:5004'"),
])
def test_bad_arguments(args, complaint):
    result = run(*args)
    assert (result.returncode, result.stdout) == (2, "")
    first, second = result.stderr.splitlines()
    assert first.startswith("rtp_echo: ") and complaint in first
    assert second == "Try 'rtp_echo --help'."


def test_help_and_version():
    result = run("--help")
    assert result.returncode == 0 and result.stderr == ""
    for option in ("--bind", "--channels", "--tick-hz", "--stats", "--rcvbuf", "--version"):
        assert option in result.stdout
    assert all(len(line) <= 88 for line in result.stdout.splitlines())
    assert re.fullmatch(r"rtp_echo \d+\.\d+\.\d+\n", run("--version").stdout)


def test_output_that_cannot_be_written():
    with open("/dev/full", "w") as full:
        result = subprocess.run([ECHO, "--bind", "127.0.0.1:0"], stdout=full, text=True,
                                stderr=subprocess.PIPE, timeout=PATIENCE)
    assert result.returncode == 1
    assert result.stderr == "rtp_echo: cannot write to standard output\n"


LINE = re.compile(r" *\d+\.\d s: (\d+)/s in, (\d+)/s out, (\d+) received, (\d+) lost, "
                  r"CPU \d+\.\d %")


def test_lines_of_statistics():
    with Echo("--stats", "0.1") as echo:
        with caller(echo.endpoint) as sock:
            assert exchange(sock, b"hello") == b"hello"
        received = 0
        while received == 0:  # line() gives up
            match = LINE.fullmatch(echo.line())
            received = int(match[3])
        assert received == 1 and match[4] == "0"
        assert int(match[1]) > 0 and int(match[1]) == int(match[2])
        assert LINE.fullmatch(echo.line())[1] == "0"  # since the line before
        assert all_echoed(echo.stop(), 1)


def read_all(fd):
    """What comes from a terminal until its last user has closed it."""
    said = b""
    while True:
        try:
            piece = os.read(fd, 4096)
        except OSError:  # EIO
            return said.decode()
        said += piece


def test_a_terminal_shows_one_live_line():
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 80, 0, 0))
    process = subprocess.Popen([ECHO, "--bind", "127.0.0.1:0"], stdin=theirs, stdout=theirs,
                               stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        said = ""
        while said.count("received") < 3:  # pytest's own time is the limit: ctest's
            said += os.read(ours, 4096).decode()
        process.send_signal(signal.SIGINT)
        said += read_all(ours)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    ready, rest = said.split("\r\n", 1)
    assert ready.startswith("listening on 127.0.0.1:")
    live, end = rest.rsplit("\r\x1b[K", 1)
    assert "\n" not in live  # it is written anew, in place
    shown = [re.sub(r"\x1b\[\??\w+", "", part) for part in live.split("\r")[1:]]
    assert len(shown) >= 3 and all(LINE.fullmatch(line) for line in shown)
    assert all_echoed(totals(end.replace("\r\n", "\n")), 0)
