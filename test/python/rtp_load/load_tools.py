"""Runs rtp_load against echoes of every kind."""
import collections
import json
import os
import re
import socket
import struct
import subprocess
import threading

LOAD = os.environ.get("RTP_LOAD", "rtp_load")  # CMake sets it

LONG = ("-d", "2")
SHORT = ("-d", "0.4")  # 20 packets of 20 ms from each stream
IMPAIRED = ("--loss", "10", "--reorder", "10", "--duplicate", "10", "--jitter", "5")
PATIENT = ("--max-delay", "2000")  # nothing is late because the machine is busy

Packet = collections.namedtuple("Packet", "stream port marker pt seq ts ssrc payload")


def load(*args, **kwargs):
    return subprocess.run([LOAD, *map(str, args)], capture_output=True, text=True, timeout=120,
                          **kwargs)


def load_json(*args, **kwargs):
    """The JSON object and the exit status."""
    run = load("--json", *args, **kwargs)
    assert run.stderr == "", run.stderr
    return json.loads(run.stdout), run.returncode


def kinds(result):
    return {kind: n for kind, n in result["streams_by_answer"].items() if n}


def says(result, *patterns):
    """Every pattern is found in a remark, and each remark by a pattern, but for those of a busy
    machine."""
    remarks = [r for r in result["remarks"]
               if not re.search("^this machine was late: .* behind schedule|left here late", r)]
    for pattern in patterns:
        assert any(re.search(pattern, r) for r in remarks), (pattern, remarks)
    for remark in remarks:
        assert any(re.search(pattern, remark) for pattern in patterns), remark
    return True


def verdict(run):
    return run.stdout.splitlines()[-1]


def shown_on(terminal):
    """All that is written to a pseudoterminal until the last writer closes it."""
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:
            os.close(terminal)
            return shown


def close_port(sock):
    """As if nobody had bound the port, but nobody else is given it: a socket that is connected to
    itself takes nothing from others, and ICMP tells them so."""
    sock.connect(sock.getsockname())


class Rewriter:
    """Answers as a B2BUA does: with SSRCs, numbers and timestamps of its own, a leg for each SSRC that
    comes. `header` may change an answer: called with its number, from 0, and a list of payload
    type, sequence number, timestamp and SSRC, it returns the list, or None for no answer."""

    def __init__(self, header=lambda n, head: head):
        self._header = header
        self._legs = {}

    def __call__(self, _, data):
        leg = self._legs.setdefault(data[8:12], [len(self._legs), 0])
        ssrc, n = 2**31 + leg[0], leg[1]
        leg[1] += 1
        head = self._header(n, [data[1] & 0x7f, 65500 + n, 2**32 - 480 + 160 * n, ssrc])
        if head is None:
            return []
        pt, seq, ts, ssrc = head
        return [struct.pack("!BBHII", 0x80, pt, seq % 2**16, ts % 2**32, ssrc) + data[12:]]


class Echo:
    """Echoes in a thread, on one port or several, what `answer` makes of a datagram: called with its
    number from 0 and its bytes, it returns the datagrams to send back, or None to close the port
    for good. Keeps what came. Of the ports, those in `closed` are and those in `silent` are read by
    nobody. `stranger`: echoes a second time from another port."""

    def __init__(self, answer=lambda n, data: [data], ports=1, host="127.0.0.1", stranger=False,
                 closed=(), silent=()):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._answer, self._stop = answer, threading.Event()
        self._packets = []
        self.arrived = threading.Condition()
        self._sockets = self._consecutive(family, host, ports)
        self._stranger = socket.socket(family, socket.SOCK_DGRAM) if stranger else None
        first = self._sockets[0].getsockname()[1]
        self.target = (f"[{host}]" if ":" in host else host) + f":{first}"
        if ports > 1:
            self.target += f"-{first + ports - 1}"
        for port in closed:
            close_port(self._sockets[port])
        self._threads = [threading.Thread(target=self._run, args=(s,))
                         for port, s in enumerate(self._sockets) if port not in (*closed, *silent)]

    @staticmethod
    def _consecutive(family, host, count):
        for _ in range(100):
            sockets = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(count)]
            try:
                sockets[0].bind((host, 0))
                first = sockets[0].getsockname()[1]
                for i, s in enumerate(sockets[1:], 1):
                    s.bind((host, first + i))
                for s in sockets:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
                    s.settimeout(0.05)
                return sockets
            except OSError:  # somebody else has one of them
                for s in sockets:
                    s.close()
        raise RuntimeError("no consecutive ports are free")

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for s in self._sockets:
            s.close()
        if self._stranger:
            self._stranger.close()

    def _run(self, sock):
        port = sock.getsockname()[1]
        while not self._stop.is_set():
            try:
                data, source = sock.recvfrom(65536)
            except socket.timeout:
                continue
            with self.arrived:
                n = len(self._packets)
                _, second, seq, ts, ssrc = struct.unpack("!BBHII", data[:12])
                self._packets.append(Packet(source[1], port, second >> 7, second & 0x7f, seq, ts,
                                            ssrc, data[12:]))
                self.arrived.notify_all()
            answers = self._answer(n, data)
            if answers is None:
                close_port(sock)
                return
            for answer in answers:
                sock.sendto(answer, source)
            if self._stranger:
                self._stranger.sendto(data, source)

    def wait_for(self, count):
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self._packets) >= count, timeout=20)

    def streams(self):
        """What came, by sender, in order of their first packets."""
        with self.arrived:
            result = collections.defaultdict(list)
            for packet in self._packets:
                result[packet.stream].append(packet)
            return list(result.values())


def wav(samples, rate=8000, channels=1, bits=16, fmt=1, data_size=None, extensible=False, extra=b""):
    """A WAV file of 16-bit numbers."""
    data = struct.pack(f"<{len(samples)}h", *samples)
    tag = 0xfffe if extensible else fmt
    head = struct.pack("<HHIIHH", tag, channels, rate, rate * channels * bits // 8,
                       channels * bits // 8, bits)
    if extensible:
        head += struct.pack("<HHIH", 22, bits, 0, fmt) + bytes.fromhex("000000001000800000aa00389b71")
    chunks = b"fmt " + struct.pack("<I", len(head)) + head + extra
    chunks += b"data" + struct.pack("<I", len(data) if data_size is None else data_size) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
