"""What the tests of relays share."""

import socket
import struct
from contextlib import contextmanager

from server_tools import DEADLINE, OWN_HOST

from rtpsynth.relay import LegOptions, RtpRelay
from rtpsynth.RtpServer import RtpServer


class Phone:
    """A socket that sends and receives RTP."""

    def __init__(self, host=OWN_HOST):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.settimeout(DEADLINE)
        self.addr = self.socket.getsockname()
        self.seq = 1000
        self.ssrc = 0x1000 + self.addr[1]

    def send(self, to, count=1, payload_type=0, payload=b"\xff" * 160):
        for _ in range(count):
            self.socket.sendto(self.packet(payload_type, payload), to)

    def packet(self, payload_type=0, payload=b"\xff" * 160):
        self.seq += 1
        return struct.pack("!BBHII", 0x80, payload_type, self.seq & 0xFFFF, self.seq * 160,
                           self.ssrc) + payload

    def receive(self):
        """(payload type, payload) of the next packet."""
        data = self.socket.recv(4096)
        return data[1] & 0x7F, data[12:]

    def close(self):
        self.socket.close()


@contextmanager
def phones():
    a, b = Phone(), Phone()
    try:
        yield a, b
    finally:
        a.close()
        b.close()


def leg(peer=None, **options):
    return LegOptions(peer, bind_host=OWN_HOST, **options)


@contextmanager
def relaying(a=None, b=None, **options):
    """A relay on a server of its own."""
    with RtpServer(None) as server, RtpRelay(server, a or leg(), b or leg(), **options) as relay:
        yield relay
