"""Runs rtp_echo, and talks to it."""
import os
import pathlib
import random
import re
import select
import signal
import socket
import subprocess
import time

import pytest

ECHO = os.environ.get("RTP_ECHO", "rtp_echo")  # CMake sets it
PATIENCE = 30  # seconds, after which what has not come will not come


def run(*args, **kwargs):
    """To its end, for command lines with which it does not listen."""
    return subprocess.run([ECHO, *map(str, args)], capture_output=True, text=True,
                          timeout=PATIENCE, **kwargs)


def until(deadline):
    return max(0, deadline - time.monotonic())


class Echo:
    """rtp_echo at work, from its line "listening on …" to the end of the with block or stop()."""

    def __init__(self, *args, bind=("127.0.0.1:0",), stdout=subprocess.PIPE, **kwargs):
        binds = [word for address in bind for word in ("--bind", address)]
        self.process = subprocess.Popen([ECHO, *binds, *map(str, args)], stdout=stdout,
                                        stderr=subprocess.PIPE, **kwargs)
        self.said = b""

    def __enter__(self):
        try:
            self.ready = self.line()
            match = re.fullmatch(r"listening on (.+?)(?: \((\d+) channels\))?", self.ready)
            assert match, self.ready
        except BaseException:
            self.process.kill()
            raise AssertionError(self.process.communicate()[1].decode())
        self.binds = [self._endpoints(address) for address in match[1].split(", ")]
        self.endpoints = [endpoint for bind in self.binds for endpoint in bind]
        assert match[2] == (str(len(self.endpoints)) if len(self.endpoints) > 1 else None)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    @staticmethod
    def _endpoints(text):
        host, ports = text.rsplit(":", 1)
        first, _, last = ports.partition("-")
        return [(host.strip("[]"), port) for port in range(int(first), int(last or first) + 1)]

    @property
    def endpoint(self):
        (endpoint,) = self.endpoints
        return endpoint

    def line(self):
        """The next line of standard output."""
        deadline = time.monotonic() + PATIENCE
        stdout = self.process.stdout.fileno()
        while b"\n" not in self.said:
            assert select.select([stdout], [], [], until(deadline))[0], "rtp_echo says nothing"
            piece = os.read(stdout, 4096)
            assert piece, "rtp_echo has ended"
            self.said += piece
        line, self.said = self.said.split(b"\n", 1)
        return line.decode()

    def stop(self, how=signal.SIGINT):
        """Its totals by name, once it has ended as it should."""
        self.process.send_signal(how)
        rest, error = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0 and error == b"", error
        return totals((self.said + rest).decode())


def totals(text):
    """{"channels": 1, "Received": 3, "Received bytes": 516, …}"""
    found = {"channels": int(re.search(r"^(\d+) channels?,", text, re.M)[1])}
    for name, count, size in re.findall(r"^([A-Z][a-z]+) +(\d+)(?: +(\d+) )?", text, re.M):
        found[name] = int(count)
        if size:
            found[name + " bytes"] = int(size)
    assert set(found) - {"Refused", "Reports"} == {
        "channels", "Received", "Received bytes", "Sent", "Sent bytes", "Rejected", "Overflow",
        "Errors"}, text
    return found


def all_echoed(totals, count):
    return (totals["Received"] == totals["Sent"] == count
            and totals["Received bytes"] == totals["Sent bytes"]
            and totals["Rejected"] == totals["Overflow"] == totals["Errors"] == 0)


def caller(endpoint, shared=False, port=0):
    """A socket that hears `endpoint` and nobody else. With `shared`, another program may send from
    its port: what is for both goes to this one, since a connected socket comes first."""
    family = socket.AF_INET6 if ":" in endpoint[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if shared:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.settimeout(PATIENCE)
    sock.bind((endpoint[0], port))
    sock.connect(endpoint)
    return sock


def waiting_bytes(port):
    """What waits in the receive buffer of this machine's UDP socket with that port; None if no
    socket has it."""
    for table in ("udp", "udp6"):
        for line in pathlib.Path("/proc/net", table).read_text().splitlines()[1:]:
            words = line.split()
            if int(words[1].rsplit(":", 1)[1], 16) == port:
                return int(words[4].split(":")[1], 16)
    return None


def ipv6_works():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
        return True
    except OSError:
        return False


def free_port(*beside):
    """A UDP port that is free on every address, as those `beside` it are: + n. It is below the range
    out of which Linux gives one to whoever asks for any, and so it stays free."""
    while True:
        port = random.randrange(10000, 30000)
        if all(waiting_bytes(port + n) is None for n in (0, *beside)):
            return port


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


V6 = pytest.param("[::1]:0", id="ipv6",
                  marks=pytest.mark.skipif(not ipv6_works(), reason="this machine has no IPv6"))
V4 = pytest.param("127.0.0.1:0", id="ipv4")
