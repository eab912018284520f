"""Calls every 20 ms in each way that Python has: processor time a call, and how late it comes.

Schedules are spread evenly over the 20 ms, so that each wakes singly. Every measurement is a
process of its own; the ways take turns, and the medians of the rounds are printed. uvloop is
installed from the package index into a virtual environment; without it that row is left out.

    PYTHONPATH=build/release/python python3 test/benchmark/python/timers_benchmark.py
"""
import argparse
import asyncio
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, List, Optional, Tuple

PERIOD_NS = 20_000_000
SECONDS = 3.0
SLACK_NS = 1_000_000
WAYS = {  # and whether it needs uvloop
    "asyncio": False,
    "uvloop": True,
    "RtpProc": False,
    "RtpProc, slack_ns=1000000": False,
}


class Tally:
    """What is measured between two looks at it."""

    def __init__(self) -> None:
        self.late_ns: List[int] = []
        self.calls = 0
        self.begin = (0.0, 0)

    def count(self, late_ns: int) -> None:
        self.calls += 1
        self.late_ns.append(late_ns)

    def start(self) -> None:
        self.late_ns.clear()
        self.begin = time.process_time(), self.calls

    def report(self) -> None:
        cost = (time.process_time() - self.begin[0]) / (self.calls - self.begin[1]) * 1e6
        late = sorted(self.late_ns[:])
        print(cost, late[len(late) // 2] / 1e6, late[len(late) * 99 // 100] / 1e6)


async def on_a_loop(count: int) -> None:
    loop = asyncio.get_running_loop()
    tally = Tally()
    period = PERIOD_NS * 1e-9

    def tick(due: float) -> None:
        tally.count(int((loop.time() - due) * 1e9))
        loop.call_at(due + period, tick, due + period)

    first = loop.time() + 0.1
    for i in range(count):
        loop.call_at(first + i * period / count, tick, first + i * period / count)
    await asyncio.sleep(0.5)
    tally.start()
    await asyncio.sleep(SECONDS)
    tally.report()


def by_rtp_proc(count: int, slack_ns: int) -> None:
    from rtpsynth.RtpProc import RtpProc

    tally = Tally()
    first = time.monotonic_ns() + 300_000_000

    def schedule(begin: int) -> Callable[[int, int], int]:
        def proc_in(now_ns: int, deadline_ns: int) -> int:
            if not deadline_ns:
                return begin
            tally.count(now_ns - deadline_ns)
            return deadline_ns + PERIOD_NS

        return proc_in

    with RtpProc(slack_ns=slack_ns) as proc:
        kept = [proc.create_channel(schedule(first + i * PERIOD_NS // count))
                for i in range(count)]
        time.sleep(0.8)
        tally.start()
        time.sleep(SECONDS)
        tally.report()
        del kept


def work(way: str, count: int) -> None:
    if way.startswith("RtpProc"):
        by_rtp_proc(count, SLACK_NS if "slack" in way else 0)
    elif way == "uvloop":
        import uvloop

        uvloop.run(on_a_loop(count))
    else:
        asyncio.run(on_a_loop(count))


def python_with_uvloop(directory: Path) -> Optional[str]:
    python = str(directory / "bin" / "python")
    commands = [[sys.executable, "-m", "venv", str(directory)],
                [python, "-m", "pip", "install", "--quiet", "uvloop"]]
    try:
        for command in [] if Path(python).exists() else commands:
            subprocess.run(command, capture_output=True, check=True)
        subprocess.run([python, "-c", "import uvloop"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        print("uvloop is left out: it cannot be installed")
        return None
    return python


def measure(python: str, way: str, count: int) -> Tuple[float, float, float]:
    result = subprocess.run([python, __file__, "--worker", way, str(count)], check=True,
                            capture_output=True, text=True)
    cost, p50, p99 = map(float, result.stdout.split())
    return cost, p50, p99


def main() -> None:
    parser = argparse.ArgumentParser(description="calls every 20 ms")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000])
    version = platform.python_version()
    venv = Path(tempfile.gettempdir()) / f"rtpsynth-uvloop-{os.getuid()}-{version}"
    parser.add_argument("--venv", type=Path, default=venv, help="where uvloop is installed to")
    options = parser.parse_args()
    uvloop = python_with_uvloop(options.venv)
    ways = [way for way, wants in WAYS.items() if uvloop or not wants]
    for count in options.counts:
        results = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way in ways:
                python = uvloop if WAYS[way] and uvloop else sys.executable
                results[way].append(measure(python, way, count))
        print(f"{count} schedules of {PERIOD_NS // 1_000_000} ms, {options.rounds} rounds")
        for way, rounds in results.items():
            cost, p50, p99 = (statistics.median(column) for column in zip(*rounds))
            least, most = min(r[0] for r in rounds), max(r[0] for r in rounds)
            print(f"  {way:26} {cost:6.2f} us a call ({least:.2f}..{most:.2f}), "
                  f"{p50:6.3f} ms late at p50, {p99:6.3f} at p99")


if __name__ == "__main__":
    if "--worker" in sys.argv:
        work(sys.argv[2], int(sys.argv[3]))
    else:
        main()
