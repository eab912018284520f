"""RtpServer and RtpProc beside the released package's: latency, capacity, memory.

Each part is a program that runs in a process of its own, in one package and right after in the
other. Counts are found by search: the highest that still holds, to 6 %, in one of three tries.

    PYTHONPATH=build/python python3 test/benchmark/python/server_benchmark.py [--released PYTHON]
        [--only PART …] [--seconds S]
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import side_by_side


def quantiles_ms(ns):
    ns = sorted(ns)
    return {
        "p50": ns[len(ns) // 2] / 1e6,
        "p99": ns[min(len(ns) - 1, len(ns) * 99 // 100)] / 1e6,
        "max": ns[-1] / 1e6,
    }


# Parts. What they use is common to both packages, but for keyword arguments they are given.


def latency(seconds, **options):
    """From a plain socket's sendto, in another process, to the callback's first line."""
    from rtpsynth.RtpServer import RtpServer

    server = RtpServer(**options)
    late = []

    def pkt_in(data, address, rtime):
        late.append(time.monotonic_ns() - int(data))

    channels = [server.create_channel(pkt_in, bind_host="127.0.0.1") for _ in range(20)]
    ports = [str(c.local_addr[1]) for c in channels]
    program = (
        "import socket, sys, time\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "end = time.monotonic() + float(sys.argv[1])\n"
        "while time.monotonic() < end:\n"
        "    for port in sys.argv[2:]:\n"
        "        s.sendto(b'%d' % time.monotonic_ns(), ('127.0.0.1', int(port)))\n"
        "        time.sleep(0.001)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(seconds), *ports], check=True)
    time.sleep(0.1)
    server.shutdown()
    return quantiles_ms(late)


def echo_latency(seconds, **options):
    """From send_pkt to the callback of the channel it goes to."""
    from rtpsynth.RtpServer import RtpServer

    server = RtpServer(**options)
    late = []
    receiver = server.create_channel(
        lambda data, address, rtime: late.append(time.monotonic_ns() - int(data)),
        bind_host="127.0.0.1",
    )
    sender = server.create_channel(lambda *packet: None, bind_host="127.0.0.1")
    sender.set_target(*receiver.local_addr)
    end = time.monotonic() + seconds
    rng = random.Random(1)
    while time.monotonic() < end:
        sender.send_pkt(b"%d" % time.monotonic_ns())
        time.sleep(rng.uniform(0.001, 0.004))
    time.sleep(0.1)
    server.shutdown()
    return quantiles_ms(late)


def channels(count, seconds, **options):
    """Pairs of channels that send each other 100 packets/s of 172 bytes. The share lost."""
    from rtpsynth.RtpServer import RtpServer

    server = RtpServer(**options)
    received = [0]

    def pkt_in(data, address, rtime):
        received[0] += 1

    all_channels = [server.create_channel(pkt_in, bind_host="127.0.0.1") for _ in range(count)]
    for a, b in zip(all_channels[::2], all_channels[1::2]):
        a.set_target(*b.local_addr)
        b.set_target(*a.local_addr)
    packet = bytes(172)
    sent = refused = 0
    # A tenth of the channels each millisecond, so that packets are spread as those of calls are.
    parts = 10
    slices = [all_channels[i::parts] for i in range(parts)]
    begin = time.monotonic()
    step = 0
    while (now := time.monotonic()) < begin + seconds:
        at = begin + step * 0.010 / parts
        if now < at:
            time.sleep(at - now)
        for channel in slices[step % parts]:
            try:
                channel.send_pkt(packet)
                sent += 1
            except Exception:
                refused += 1
        step += 1
    due = int(count * 100 * seconds)
    time.sleep(0.5)
    got = received[0]
    server.shutdown()
    return {"lost": max(0.0, 1 - got / due), "sent": sent, "refused": refused, "got": got}


def timers(count, seconds):
    """Channels of RtpProc at 20 ms each: the share of calls that were not made."""
    from rtpsynth.RtpProc import RtpProc

    proc = RtpProc()
    period = 20_000_000
    calls = [0]

    def proc_in(now, deadline):
        calls[0] += 1
        return (deadline or now) + period

    kept = []
    for _ in range(count):
        kept.append(proc.create_channel(proc_in))
    time.sleep(0.5)
    before, begin = calls[0], time.monotonic()
    time.sleep(seconds)
    made, took = calls[0] - before, time.monotonic() - begin
    proc.shutdown()
    return {"missed": max(0.0, 1 - made / (count * took * 50))}


def random_timers(count, seconds):
    """Channels at random periods of 0.2 to 1 ms: the share of intervals off by more than half."""
    from rtpsynth.RtpProc import RtpProc

    proc = RtpProc()
    rng = random.Random(7)
    off = [0]
    calls = [0]

    def make(period):
        last = 0
        low, high = period // 2, period * 3 // 2

        def proc_in(now, deadline):
            nonlocal last
            if last and not low <= now - last <= high:
                off[0] += 1
            last = now
            calls[0] += 1
            return (deadline or now) + period

        return proc_in

    kept = [proc.create_channel(make(rng.randrange(200_000, 1_000_000))) for _ in range(count)]
    time.sleep(0.3)
    off[0] = calls[0] = 0
    time.sleep(seconds)
    share = off[0] / max(1, calls[0])
    proc.shutdown()
    del kept
    return {"off": share}


def hog(seconds, **options):
    """From send_pkt to a plain socket of another process, while one instruction holds the GIL."""
    from rtpsynth.RtpServer import RtpServer

    program = (
        "import socket, sys, time\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.bind(('127.0.0.1', 0))\n"
        "print(s.getsockname()[1], flush=True)\n"
        "s.settimeout(10)\n"  # a packet can be lost, the last one too
        "late = []\n"
        "try:\n"
        "    while (data := s.recv(100)) != b'end':\n"
        "        late.append(time.monotonic_ns() - int(data))\n"
        "except TimeoutError: pass\n"
        "print(*late)\n"
    )
    receiver = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    )
    server = RtpServer(**options)
    channel = server.create_channel(lambda *packet: None, bind_host="127.0.0.1", queue_size=4096)
    channel.set_target("127.0.0.1", int(receiver.stdout.readline()))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        channel.send_pkt(b"%d" % time.monotonic_ns())
        3**150_000  # some milliseconds in one instruction
    channel.send_pkt(b"end")
    late = [int(n) for n in receiver.communicate()[0].split()]
    server.shutdown()
    return quantiles_ms(late)


def memory(count):
    """Resident bytes and threads of idle channels."""
    from rtpsynth.RtpServer import RtpServer

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    before = len(os.listdir("/proc/self/task"))
    server = RtpServer()
    first = server.create_channel(lambda *packet: None, bind_host="127.0.0.1")
    base = resident()
    kept = [
        server.create_channel(lambda *packet: None, bind_host="127.0.0.1") for _ in range(count)
    ]
    grown = resident() - base
    begin, cpu = time.monotonic(), time.process_time()
    time.sleep(2)
    idle = (time.process_time() - cpu) / (time.monotonic() - begin)
    tasks = len(os.listdir("/proc/self/task")) - before
    server.shutdown()
    del first, kept
    return {"bytes_per_channel": grown / count, "threads": tasks, "idle_core": idle}


PARTS = {f.__name__: f for f in (
    latency, echo_latency, channels, timers, random_timers, hog, memory)}  # fmt: skip


class Side:
    def __init__(self, name, python, environment):
        self.name, self.python, self.environment = name, python, environment

    def run(self, part, **arguments):
        done = subprocess.run(
            [self.python, __file__, "--part", part, json.dumps(arguments)],
            env=self.environment, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{part} {arguments} in {self.name}: {done.stderr[-2000:]}")
        return json.loads(done.stdout.splitlines()[-1])

    def highest(self, holds_once, start):
        """The greatest count for which holds_once(count), in one of three tries, to 6 %."""

        def holds(count):
            for _ in range(3):
                try:
                    if holds_once(count):
                        return True
                except subprocess.TimeoutExpired:  # it is so overloaded that it does not end
                    return False
            return False

        low, high = 0, start
        while holds(high):
            low, high = high, high * 2
        while high - low > max(1, high // 16):
            middle = (low + high) // 2 & ~1
            if middle in (low, high):
                break
            if holds(middle):
                low = middle
            else:
                high = middle
        return low


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(c.ljust(w) if i == 0 else c.rjust(w)
                        for i, (c, w) in enumerate(zip(row, widths))))  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--released", metavar="PYTHON", help="an interpreter with the released one")
    parser.add_argument("--only", nargs="+", choices=sorted(PARTS), default=sorted(PARTS))
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(PARTS[options.part[0]](**json.loads(options.part[1]))))
        return
    python = side_by_side.released_python(options.released, side_by_side.default_venv())
    ours = Side("ours", sys.executable, dict(os.environ))
    sides = [ours]
    if python:
        sides.insert(0, Side("released", python, side_by_side.environment_of_released()))
    rows = [("what", *(s.name for s in sides), "ratio", "asked")]
    seconds = options.seconds

    def add(what, values, asked, lower_is_better=False, form="{:.3f}"):
        ratio = ""
        if len(values) == 2 and all(values):
            ratio = f"{values[0] / values[1] if lower_is_better else values[1] / values[0]:.1f} x"
        cells = (form.format(v) if v is not None else "-" for v in values)
        rows.append((what, *cells, ratio, asked))
        print("  ".join(rows[-1]), file=sys.stderr, flush=True)

    if "latency" in options.only:
        each = [s.run("latency", seconds=seconds) for s in sides]
        for q in ("p50", "p99"):
            add(f"receive latency {q}, ms", [e[q] for e in each], "10 x", True)
    if "echo_latency" in options.only:
        each = [s.run("echo_latency", seconds=seconds) for s in sides]
        fast = ours.run("echo_latency", seconds=seconds, tick_hz=None)
        for q in ("p50", "p99"):
            add(f"send to callback {q}, ms", [e[q] for e in each], "-", True)
        for q in ("p50", "p99"):
            add(f"send to callback {q}, ms, ours with tick_hz=None",
                [each[0][q] if python else None, fast[q]][-len(sides):], "-", True)  # fmt: skip
    if "channels" in options.only:
        each = [
            s.highest(lambda n: s.run("channels", count=n, seconds=seconds)["lost"] < 0.05, 256)
            for s in sides
        ]
        add("channels at 100 packets/s each way, loss < 5 %", each, "2.5 x", form="{}")
    if "timers" in options.only:
        each = [
            s.highest(lambda n: s.run("timers", count=n, seconds=seconds)["missed"] < 0.05, 512)
            for s in sides
        ]
        add("RtpProc channels at 20 ms, calls missed < 5 %", each, "8 x", form="{}")
    if "random_timers" in options.only:
        each = [
            s.highest(lambda n: s.run("random_timers", count=n, seconds=seconds)["off"] < 0.05, 8)
            for s in sides
        ]
        add("RtpProc channels at 0.2-1 ms, 95 % of intervals within 50 %", each, "8 x", form="{}")
    if "hog" in options.only:
        each = [s.run("hog", seconds=seconds) for s in sides]
        fast = ours.run("hog", seconds=seconds, tick_hz=None)
        for q in ("p50", "p99", "max"):
            what = f"send lateness {q} beside a GIL hog, ms (the tick's 5 ms in it)"
            add(what, [e[q] for e in each], "-", True)
        for q in ("p50", "p99", "max"):
            add(f"send lateness {q} beside a GIL hog, ms, ours with tick_hz=None",
                [each[0][q] if python else None, fast[q]][-len(sides):],
                "<= 2 ms" if q == "p99" else "-", True)  # fmt: skip
    if "memory" in options.only:
        each = [s.run("memory", count=8000) for s in sides]
        add("memory of an idle channel at 8,000, KB", [e["bytes_per_channel"] / 1e3 for e in each],
            "<= 12 KB", True, "{:.1f}")  # fmt: skip
        add("core used by 8,000 idle channels, %", [100 * e["idle_core"] for e in each], "-", True)
        add("threads of a server", [e["threads"] for e in each], "-", form="{}")
    print()
    table(rows)


if __name__ == "__main__":
    main()
