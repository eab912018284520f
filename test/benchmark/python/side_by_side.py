"""Times the same work in the released package and in this one, by turns.

A benchmark is a list of Case and a call of main(). Each side is a worker process of its own
interpreter; a round measures every case on one side and right after on the other, so that both
have the same weather, and the ratio of a case is the median of its rounds'.

The released package is looked for in a virtual environment, which is made from the package index
if it is not there; without it the benchmark says so and ends well. A ratio that is missed is
printed, and never an error: it is the machine's as much as the program's.

    PYTHONPATH=build/python python3 test/benchmark/python/synth_benchmark.py [--released PYTHON]
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import timeit
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence

REQUIREMENT = "rtpsynth<2"
SLICE_SECONDS = 0.02  # how long one measurement of one side takes


@dataclass(frozen=True)
class Case:
    """What is timed: statements as for timeit, which do `units` (ours) pieces of work."""

    what: str
    setup: str
    released: str
    ours: str
    asked: Optional[float] = None  # how many times faster ours ought to be
    units: int = 1
    ours_setup: str = ""
    released_setup: str = ""
    released_units: int = 1


@dataclass(frozen=True)
class Outcome:
    """Best times in ns for one unit, and the median over the rounds of released / ours."""

    case: Case
    released_ns: float
    ours_ns: float
    ratio: float


class Worker:
    """An interpreter that times statements."""

    def __init__(self, python: str, environment: Dict[str, str]):
        self._process = subprocess.Popen(
            [python, str(Path(__file__).resolve()), "--worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def _ask(self, **question: object) -> float:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the worker died: {question}")
        return float(answer)

    def prepare(self, index: int, setup: str, statement: str) -> None:
        self._ask(prepare=index, setup=setup, statement=statement)

    def seconds(self, index: int) -> float:
        """For one run of the statement."""
        return self._ask(time=index)

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def work() -> None:
    """What a worker does: answers questions until there are no more."""
    timers: Dict[int, timeit.Timer] = {}
    numbers: Dict[int, int] = {}
    for line in sys.stdin:
        question = json.loads(line)
        if "prepare" in question:
            index = question["prepare"]
            timer = timers[index] = timeit.Timer(question["statement"], question["setup"])
            number = 1
            while timer.timeit(number) < SLICE_SECONDS:
                number *= 2
            numbers[index] = number
            print(number, flush=True)
        else:
            index = question["time"]
            print(timers[index].timeit(numbers[index]) / numbers[index], flush=True)


def environment_of_released() -> Dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}


def version_in(python: str, environment: Dict[str, str]) -> Optional[str]:
    """What `import rtpsynth` finds there; None if it is not there."""
    program = (
        "import platform, rtpsynth.RtpSynth\n"
        "version = getattr(rtpsynth, '__version__', None)\n"
        "if version is None:\n"
        "    from importlib.metadata import version as find\n"
        "    version = find('rtpsynth')\n"
        "print(f'rtpsynth {version}, Python {platform.python_version()}')\n"
    )
    found = subprocess.run(
        [python, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() if found.returncode == 0 else None


def default_venv() -> Path:
    """Where the released package is installed to, and found again."""
    version = platform.python_version()
    return Path(tempfile.gettempdir()) / f"rtpsynth-released-{os.getuid()}-{version}"


def released_python(given: Optional[str], directory: Path) -> Optional[str]:
    """An interpreter with the released package; None with a word about it where there is none."""
    environment = environment_of_released()
    python = given or str(directory / "bin" / "python")
    if version_in(python, environment) if Path(python).exists() else None:
        return python
    if given:
        print(f"SKIPPED: {given} has no released package (pip install '{REQUIREMENT}')")
        return None
    commands: List[List[str]] = [
        [sys.executable, "-m", "venv", str(directory)],
        [python, "-m", "pip", "install", "--quiet", REQUIREMENT],
    ]
    for command in commands:
        try:
            subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            reason = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
            print(f"SKIPPED: the released package cannot be installed: {reason}")
            return None
    if version_in(python, environment) is None:
        print(f"SKIPPED: the released package in {directory} cannot be imported")
        return None
    return python


def measure(cases: Sequence[Case], released: Worker, ours: Worker, rounds: int) -> List[Outcome]:
    for index, case in enumerate(cases):
        released.prepare(index, case.setup + "\n" + case.released_setup, case.released)
        ours.prepare(index, case.setup + "\n" + case.ours_setup, case.ours)
    released_ns: List[List[float]] = [[] for _ in cases]
    ours_ns: List[List[float]] = [[] for _ in cases]
    for turn in range(rounds):
        for index, case in enumerate(cases):
            sides = [
                (released, released_ns, case.released_units),
                (ours, ours_ns, case.units),
            ]
            for worker, results, units in sides if turn % 2 == 0 else reversed(sides):
                results[index].append(worker.seconds(index) * 1e9 / units)
    return [
        Outcome(
            case,
            min(released_ns[index]),
            min(ours_ns[index]),
            statistics.median(r / o for r, o in zip(released_ns[index], ours_ns[index])),
        )
        for index, case in enumerate(cases)
    ]


def print_table(outcomes: Sequence[Outcome]) -> None:
    width = max(len(o.case.what) for o in outcomes)
    print(f"{'':{width}}  {'released ns':>12}  {'ours ns':>12}  {'ratio':>7}  {'asked':>6}")
    for o in outcomes:
        asked = f"{o.case.asked:.1f}" if o.case.asked else "-"
        missed = "  MISSED" if o.case.asked and o.ratio < o.case.asked else ""
        print(
            f"{o.case.what:{width}}  {o.released_ns:12.1f}  {o.ours_ns:12.1f}  {o.ratio:7.2f}  "
            f"{asked:>6}{missed}"
        )
    print("ns: the best of all rounds; ratio: released / ours, the median of the rounds")


def main(title: str, cases: Sequence[Case], notes: str = "") -> None:
    """Measures as the command line says, and prints the table."""
    parser = argparse.ArgumentParser(description=f"{title}: the released package and this one")
    parser.add_argument("--released", metavar="PYTHON", help="interpreter that has the released")
    parser.add_argument("--ours", metavar="PYTHON", default=sys.executable, help="and this one")
    venv = default_venv()
    parser.add_argument("--venv", type=Path, default=venv, help="where it is installed to")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--only", default="", help="cases that contain this text")
    options = parser.parse_args()
    chosen = [case for case in cases if options.only in case.what]
    ours_environment = dict(os.environ)
    ours_version = version_in(options.ours, ours_environment)
    if ours_version is None:
        print(f"SKIPPED: {options.ours} does not find this package; set PYTHONPATH")
        return
    python = released_python(options.released, options.venv)
    if python is None or not chosen:
        return
    print(f"{title}. Released: {version_in(python, environment_of_released())}. "
          f"Ours: {ours_version}. {options.rounds} rounds.")
    released = Worker(python, environment_of_released())
    ours = Worker(options.ours, ours_environment)
    try:
        print_table(measure(chosen, released, ours, max(1, options.rounds)))
    finally:
        released.close()
        ours.close()
    if notes:
        print(notes)


if __name__ == "__main__" and "--worker" in sys.argv:
    work()
