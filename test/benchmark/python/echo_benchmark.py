"""What an echo costs in each way that Python has: processor time a packet, and the round trip.

asyncio's DatagramProtocol, on its own loop and on uvloop, beside RtpServer's callbacks and
rtpsynth.aio. Each way is a process of its own, which is sent packets of 172 bytes by this one,
15,000 a second: `singly`, one after the other at even distances, and `together`, one to each port at
once, and so every 20 or 93 ms. Its processor time is what the system says. Ways take turns; medians are
printed, and ratios to uvloop's, or to asyncio's without it.

uvloop is looked for in a virtual environment, which is made from the package index if it is not
there; where that fails the benchmark says so and does without.

    PYTHONPATH=build/python python3 test/benchmark/python/echo_benchmark.py [--rounds N] [--only WAY …]
"""

import argparse
import asyncio
import os
import platform
import select
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BASE = 41000
RATE = 15_000  # packets a second
SIZE = 172
WAYS = {
    "callbacks": "RtpServer(tick_hz=None), callbacks",
    "on_packet-uvloop": "aio, on_packet, uvloop",
    "aio-uvloop": "aio, async for, uvloop",
    "on_packet": "aio, on_packet, asyncio",
    "aio": "aio, async for, asyncio",
    "aio-threaded": "aio, async for, asyncio, threaded",
    "asyncio": "DatagramProtocol, asyncio",
    "uvloop": "DatagramProtocol, uvloop",
}
CASES = {
    "singly 300": (300, 1, True),
    "together 300": (300, 300, True),
    "together 1400": (1400, 1400, True),
    "receive only, singly 300": (300, 1, False),
}


# The ways, each with channels on n ports.


async def protocols(n, echo):
    class Protocol(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, addr):
            if echo:
                self.transport.sendto(data, addr)

    loop = asyncio.get_running_loop()
    for i in range(n):
        await loop.create_datagram_endpoint(Protocol, local_addr=("127.0.0.1", BASE + i))
    await ready()


async def iterators(n, echo, **options):
    from rtpsynth.aio import open_channel

    async def serve(channel):
        async for packet in channel:
            if echo:
                channel.send(packet.data, packet.addr)

    channels = [await open_channel("127.0.0.1", BASE + i, **options) for i in range(n)]
    await asyncio.gather(ready(), *[serve(channel) for channel in channels])


async def functions(n, echo):
    from rtpsynth.aio import open_channel

    channels = [None] * n

    def answer(i):
        def on_packet(data, addr, rtime_ns):
            if echo:
                channels[i].send(data, addr)

        return on_packet

    for i in range(n):
        channels[i] = await open_channel("127.0.0.1", BASE + i, on_packet=answer(i))
    await ready()


async def callbacks(n, echo):
    from rtpsynth.RtpServer import RtpServer

    server, channels = RtpServer(tick_hz=None), [None] * n

    def answer(i):
        def pkt_in(data, addr, rtime_ns):
            if echo:
                channels[i].send_pkt(data, addr)

        return pkt_in

    for i in range(n):
        channels[i] = server.create_channel(answer(i), "127.0.0.1", BASE + i)
    await ready()


async def ready():
    print("ready", flush=True)
    await asyncio.Event().wait()


def serve(way, n, echo):
    run = asyncio.run
    if way.endswith("uvloop"):
        import uvloop

        run = uvloop.run
    name = way.split("-")[0]
    if name == "aio":
        run(iterators(n, echo, threaded=way == "aio-threaded"))
    else:
        run({"on_packet": functions, "callbacks": callbacks}.get(name, protocols)(n, echo))


# The load.


def processor_time(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(n, at_once, seconds):
    """Sends, and reads the answers. Returns packets sent, answers, and round trips in ms, sorted."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        s.bind(("127.0.0.1", 0))
        s.setblocking(False)
        trips = []
        sent, begin = 0, time.monotonic_ns()
        distance = 1_000_000_000 * at_once // RATE
        while (due := begin + sent // at_once * distance) < begin + seconds * 1_000_000_000:
            while time.monotonic_ns() < due:  # sleep() would be late by as much as is waited
                collect(s, trips)
            for k in range(at_once):
                if k % 64 == 63:  # there is room for 200 or so
                    collect(s, trips)
                packet = struct.pack("!q", time.monotonic_ns()).ljust(SIZE, b"\0")
                s.sendto(packet, ("127.0.0.1", BASE + sent % n))
                sent += 1
        while select.select([s], [], [], 0.2)[0]:
            collect(s, trips)
    return sent, len(trips), sorted(trips)


def collect(s, trips):
    try:
        while True:
            (then,) = struct.unpack_from("!q", s.recv(SIZE))
            trips.append((time.monotonic_ns() - then) / 1e6)
    except BlockingIOError:
        pass


def measure(python, way, n, at_once, echo, seconds):
    """(µs a packet, share lost, p50 and p99 of the round trip in ms or None)"""
    process = subprocess.Popen(
        [python, __file__, "--serve", way, str(n), str(int(echo))], stdout=subprocess.PIPE, text=True
    )
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{way} did not start")
        before = processor_time(process.pid)
        sent, answered, trips = load(n, at_once, seconds)
        cost = (processor_time(process.pid) - before) / sent * 1e6
    finally:
        process.terminate()
        process.wait()
    if not trips:
        return cost, 0.0, None
    return cost, 1 - answered / sent, (trips[len(trips) // 2], trips[len(trips) * 99 // 100])


def python_with_uvloop():
    """This interpreter, or one in a virtual environment; None with a word about it."""
    probe = [sys.executable, "-c", "import uvloop"]
    if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
        return sys.executable
    version = platform.python_version()
    directory = Path(tempfile.gettempdir()) / f"rtpsynth-uvloop-{os.getuid()}-{version}"
    python = str(directory / "bin" / "python")
    try:
        if not Path(python).exists():
            subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "uvloop"]
        subprocess.run(install, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
        print(f"SKIPPED: uvloop cannot be installed: {reason}")
        return None
    return python


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement")
    parser.add_argument("--only", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        way, n, echo = options.serve
        return serve(way, int(n), bool(int(echo)))
    python = python_with_uvloop()
    ways = [w for w in options.only if python or not w.endswith("uvloop")]
    yardstick = "uvloop" if "uvloop" in ways else "asyncio" if "asyncio" in ways else ways[-1]
    for case, (n, at_once, echo) in CASES.items():
        results = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way in ways:
                results[way].append(
                    measure(python or sys.executable, way, n, at_once, echo, options.seconds)
                )
        base = statistics.median(cost for cost, *_ in results[yardstick])
        print(f"\n{case}: µs a packet, ratio to {yardstick}, round trip p50 / p99 in ms")
        for way, rounds in results.items():
            cost = statistics.median(cost for cost, *_ in rounds)
            line = f"  {WAYS[way]:38}{cost:7.1f}{cost / base:7.2f}"
            trips = [trip for *_, trip in rounds if trip]
            if trips:
                middle = [statistics.median(values) for values in zip(*trips)]
                line += f"   {middle[0]:.3f} / {middle[1]:.3f}"
            lost = max(lost for _, lost, _ in rounds)
            print(line + (f"   up to {lost:.1%} lost" if lost > 0 else ""), flush=True)


if __name__ == "__main__":
    main()
