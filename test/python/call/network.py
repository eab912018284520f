"""A network between two sides of a call, which knows what happened to each packet.

It loses every tenth packet and delays each by another time, in order. It keeps the reports that it
forwards, and what RFC 3550 says of the packets that were forwarded until then: so what a side reports
can be compared with what happened.
"""
import heapq
import itertools
import random
import selectors
import socket
import struct
import threading
import time

DELAY = 0.04  # of each datagram, seconds
JITTER = 0.016  # added to it, at most


class Stream:
    """What happened to the packets of one direction."""

    def __init__(self):
        self.random = random.Random(3)
        self.last_seq = None
        self.extended = 0
        self.first = None
        self.lost = 0
        self.jitter = 0.0
        self.transit = None
        self.ready = 0.0
        self.truth = {}  # by extended number: packets lost before, jitter in seconds
        self.count = itertools.count(1)

    def departure(self, packet, now):
        """When it is forwarded; None: it is lost."""
        seq, = struct.unpack_from("!H", packet, 2)
        self.extended += (seq - self.last_seq) % 65536 if self.last_seq is not None else seq
        self.last_seq = seq
        if next(self.count) % 10 == 0:
            self.lost += 1
            return None
        self.ready = max(self.ready, now + DELAY + self.random.uniform(0, JITTER))
        return self.ready

    def forwarded(self, packet, extended, lost, now):
        timestamp, = struct.unpack_from("!I", packet, 4)
        transit = now - timestamp / 8000
        if self.transit is not None:
            self.jitter += (abs(transit - self.transit) - self.jitter) / 16
        self.transit = transit
        self.truth[extended % 2**32] = lost, self.jitter


class Report:
    """A block of a report, and what happened."""

    def __init__(self, block, truth, round_trip):
        self.ssrc, loss, self.highest, jitter, self.lsr, self.dlsr = struct.unpack("!6I", block)
        self.lost, self.fraction = loss & 0xFFFFFF, loss >> 24
        self.jitter = jitter / 8000
        self.true_lost, self.true_jitter = truth
        self.round_trip = round_trip  # as the wire on the sender's side has it; None: unknown

    def __repr__(self):
        return (f"lost {self.lost} ({self.true_lost}), fraction {self.fraction}/256, jitter "
                f"{1000 * self.jitter:.2f} ms ({1000 * self.true_jitter:.2f}), round trip "
                f"{self.round_trip and round(1000 * self.round_trip, 2)} ms")


class Network:
    """Each side, a and b, has a port here, to which it sends, and one where it receives."""

    def __init__(self, here_a, there_a, here_b, there_b):
        self.sockets = {}  # by side and 0 or 1: RTP or RTCP
        self.peers = {}
        for side, here, there in (("a", here_a, there_a), ("b", here_b, there_b)):
            for rtcp in (0, 1):
                made = socket.socket(type=socket.SOCK_DGRAM)
                made.bind(("127.0.0.1", here + rtcp))
                made.setblocking(False)
                self.sockets[side, rtcp] = made
                self.peers[side, rtcp] = ("127.0.0.1", there + rtcp)
        self.streams = {"a": Stream(), "b": Stream()}  # by who sends
        self.reports = {"a": [], "b": []}  # by who is reported about
        self.sent_reports = {}  # by side and LSR: when it left the side
        self.queue = []
        self.order = itertools.count()
        self.stopping = False
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join()
        for each in self.sockets.values():
            each.close()

    def run(self):
        with selectors.DefaultSelector() as selector:
            for key, each in self.sockets.items():
                selector.register(each, selectors.EVENT_READ, key)
            while not self.stopping:
                wait = min(max(self.queue[0][0] - time.monotonic(), 0), 0.1) if self.queue else 0.1
                for key, _ in selector.select(wait):
                    self.receive(*key.data)
                while self.queue and self.queue[0][0] <= time.monotonic():
                    self.forward(*heapq.heappop(self.queue)[2:])

    def receive(self, side, rtcp):
        datagram = self.sockets[side, rtcp].recv(2048)
        now = time.monotonic()
        if rtcp:
            for kind, packet in self.packets(datagram):
                if kind == 200:
                    self.sent_reports[side, struct.unpack_from("!I", packet, 10)[0]] = now
            heapq.heappush(self.queue, (now + DELAY, next(self.order), side, 1, datagram, None))
            return
        stream = self.streams[side]
        at = stream.departure(datagram, now)
        if at is not None:
            fate = stream.extended, stream.lost
            heapq.heappush(self.queue, (at, next(self.order), side, 0, datagram, fate))

    def forward(self, side, rtcp, datagram, fate):
        other = "b" if side == "a" else "a"
        try:
            self.sockets[other, rtcp].sendto(datagram, self.peers[other, rtcp])
        except OSError:
            return  # nobody is there any more
        now = time.monotonic()
        if not rtcp:
            self.streams[side].forwarded(datagram, *fate, now)
            return
        for kind, packet in self.packets(datagram):
            first = {200: 28, 201: 8}.get(kind, len(packet))
            for at in range(first, first + 24 * (packet[0] & 31), 24):
                block = packet[at:at + 24]
                if len(block) < 24:
                    break
                highest, lsr, dlsr = struct.unpack("!8xI4xII", block)
                truth = self.streams[other].truth.get(highest)
                left = self.sent_reports.get((other, lsr))
                if truth is not None:
                    round_trip = now - left - dlsr / 65536 if left is not None else None
                    self.reports[other].append(Report(block, truth, round_trip))

    @staticmethod
    def packets(datagram):
        at = 0
        while at + 4 <= len(datagram):
            size = 4 + 4 * struct.unpack_from("!H", datagram, at + 2)[0]
            yield datagram[at + 1], datagram[at:at + size]
            at += size
