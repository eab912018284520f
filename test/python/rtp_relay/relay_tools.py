"""Runs rtp_relay, drives it as a SIP proxy does, and talks through it as telephones do."""
import itertools
import os
import pathlib
import random
import re
import select
import signal
import socket
import struct
import subprocess
import time

RELAY = os.environ.get("RTP_RELAY", "rtp_relay")  # CMake sets it
PATIENCE = 30  # seconds, after which what has not come will not come


def run(*args):
    """To its end, for command lines with which it does not listen."""
    return subprocess.run([RELAY, *map(str, args)], capture_output=True, text=True,
                          timeout=PATIENCE)


def some_ports(count):
    """A range of ports below those that Linux gives to whoever asks for any. Others may have some
    of them: the relay goes on to the next."""
    first = random.randrange(10000, 32000 - count, 2)
    return f"{first}-{first + count - 1}"


class Relay:
    """rtp_relay at work, to the end of the with block or stop()."""

    def __init__(self, *args, control=("udp:127.0.0.1:0",), listen=("127.0.0.1",), ports=400):
        words = [word for address in control for word in ("--control", address)]
        words += [word for address in listen for word in ("--listen", address)]
        self.process = subprocess.Popen(
            [RELAY, *words, "--ports", some_ports(ports), *map(str, args)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.said = b""
        self.cookies = itertools.count(1)

    def __enter__(self):
        try:
            self.commands_at = self.line().removeprefix("commands at ").split(", ")
            self.media_at = self.line()
            assert self.media_at.startswith("media at "), self.media_at
        except BaseException:
            self.process.kill()
            raise AssertionError(self.process.communicate()[1].decode())
        for address in self.commands_at:
            if address.startswith("udp:"):
                host, port = address.removeprefix("udp:").rsplit(":", 1)
                family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
                self.client = socket.socket(family, socket.SOCK_DGRAM)
                self.client.settimeout(PATIENCE)
                self.client.connect((host.strip("[]"), int(port)))
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        if hasattr(self, "client"):
            self.client.close()

    def line(self):
        """The next line of standard output."""
        deadline = time.monotonic() + PATIENCE
        stdout = self.process.stdout.fileno()
        while b"\n" not in self.said:
            left = max(0, deadline - time.monotonic())
            assert select.select([stdout], [], [], left)[0], "rtp_relay says nothing"
            piece = os.read(stdout, 4096)
            assert piece, "rtp_relay has ended"
            self.said += piece
        line, self.said = self.said.split(b"\n", 1)
        return line.decode()

    def exchange(self, datagram):
        self.client.send(datagram.encode())
        return self.client.recv(4096).decode()

    def tell(self, command):
        """The answer to a command, without cookie and line feed."""
        cookie = f"{os.getpid()}_{next(self.cookies)}"
        answer = self.exchange(f"{cookie} {command}")
        assert answer.startswith(cookie + " ") and answer.endswith("\n"), answer
        return answer.removeprefix(cookie + " ").removesuffix("\n")

    def offer(self, phone, call="call", tags="from;1", modifiers=""):
        """Where the other side is to send."""
        return endpoint(self.tell(f"U{modifiers} {call} {phone.host} {phone.port} {tags}"))

    def answer(self, phone, call="call", tags="from;1 to;1", modifiers=""):
        return endpoint(self.tell(f"L{modifiers} {call} {phone.host} {phone.port} {tags}"))

    def stop(self, how=signal.SIGINT):
        """Its totals by name, once it has ended as it should."""
        self.process.send_signal(how)
        rest, error = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0 and error == b"", error
        return {name: int(count) for name, count in
                re.findall(r"^([A-Z]\w+) +(\d+)", (self.said + rest).decode(), re.M)}

    def descriptors(self):
        return len(list(pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def memory(self):
        """Resident bytes."""
        pages = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


def endpoint(answer):
    """("127.0.0.1", 10000) of an answer with a port."""
    words = answer.split()
    assert len(words) in (2, 3) and words[0].isdigit() and int(words[0]) > 0, answer
    assert (len(words) == 3 and words[2] == "6") == (":" in words[1]), answer
    return words[1], int(words[0])


class Phone:
    """A socket that sends and hears RTP."""

    def __init__(self, host="127.0.0.1", payload_type=0):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        self.sock.bind((host, 0))
        self.sock.settimeout(PATIENCE)
        self.host, self.port = self.sock.getsockname()[:2]
        self.payload_type = payload_type
        self.ssrc = random.getrandbits(32)
        self.seq = random.getrandbits(16)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def say(self, to, text):
        self.seq = (self.seq + 1) % 65536
        header = struct.pack("!BBHII", 0x80, self.payload_type, self.seq, self.seq * 160, self.ssrc)
        self.sock.sendto(header + text, to)

    def hear(self):
        """The payload of the next packet of RTP."""
        return self.packet()[12:]

    def packet(self):
        packet = self.sock.recv(2000)
        assert packet[0] == 0x80
        return packet

    def is_spoken_to(self, seconds=0):
        return bool(select.select([self.sock], [], [], seconds)[0])

    def hang_up_on(self):
        """Forgets what was heard so far."""
        while self.is_spoken_to():
            self.sock.recv(2000)


def talk(a, to_a, b, to_b, rounds=5):
    """Both hear each other: `to_a` is where a sends."""
    for i in range(rounds):
        a.say(to_a, b"a%d" % i)
        assert b.hear() == b"a%d" % i
        b.say(to_b, b"b%d" % i)
        assert a.hear() == b"b%d" % i


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def ipv6_works():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
        return True
    except OSError:
        return False
