"""What the tests of rtpsynth.aio share."""

import asyncio
import os
import socket
import struct
import time
from contextlib import contextmanager

import pytest

from rtpsynth.aio import open_channel

LOOPS_OWN = os.environ.get("RTPSYNTH_IO") != "portable"  # whether a loop can serve the sockets
DEADLINE = 60.0  # seconds; what takes that long has failed
HOST = "127.0.0.1"


def run(main, **options):
    """asyncio.run in debug mode, with an end."""

    async def bounded():
        return await asyncio.wait_for(main, DEADLINE)

    return asyncio.run(bounded(), debug=True, **options)


async def until(condition):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        await asyncio.sleep(0.001)


threaded = False  # what channels are opened with: see served_by


@pytest.fixture(params=["loop", "threads"], autouse=True)
def served_by(request):
    """Each test of a module that imports this is run both ways."""
    global threaded
    threaded = request.param == "threads"
    yield request.param
    threaded = False


def threads_each():
    """Threads of a server that channels share."""
    return 2 if threaded or not LOOPS_OWN else 0


def open_loopback(**options):
    if "server" not in options:
        options.setdefault("threaded", threaded)
    return open_channel(HOST, **options)


async def open_to_itself(**options):
    channel = await open_loopback(**options)
    await channel.set_target(*channel.local_addr)
    return channel


async def receiving(channel, count=1):
    """Tasks that wait in recv(), in their order."""
    tasks = [asyncio.create_task(channel.recv()) for _ in range(count)]
    await asyncio.sleep(0)  # each runs until it waits
    return tasks


@contextmanager
def plain_socket(host=HOST, family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.bind((host, 0))
        s.settimeout(DEADLINE)
        yield s


def number(n):
    return struct.pack("!I", n)


def numbers(packets):
    return [struct.unpack("!I", packet.data)[0] for packet in packets]


def port_is_free(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.bind(address)
        except OSError:
            return False
        return True


def server_threads():
    """Those of all servers, two each."""
    names = []
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/comm") as file:
                names.append(file.read().strip())
        except FileNotFoundError:  # it has ended meanwhile
            pass
    return sum(name.startswith("rtpsynth") for name in names)


def server_threads_are(count):
    """Without giving the loop a turn. The kernel lists a thread that was joined a moment longer."""
    end = time.monotonic() + DEADLINE
    while server_threads() != count and time.monotonic() < end:
        time.sleep(0.001)
    return server_threads() == count


def rtp(seq, ts=None, payload=b"\xff" * 160, ssrc=7, pt=0):
    ts = seq * 160 if ts is None else ts
    return struct.pack("!BBHII", 0x80, pt, seq & 0xFFFF, ts & 0xFFFFFFFF, ssrc) + payload
