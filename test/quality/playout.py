"""Playout: every buffer with every setting through every network, scored."""

import concurrent.futures
import dataclasses
import pathlib
import subprocess
import tempfile

import aiortc_playout
import concealment
import numpy as np
import numpy.typing as npt
import speech
import traces

RATE, PACKET = 8000, 160
UTTERANCES = 6

# Settings of the curves, the default first: of the adaptive buffers the least delay in ms, or below 0 ours' share of
# packets that may be late in per cent; of the fixed ones the delay; of aiortc the packets that are prefetched.
SETTINGS: dict[str, tuple[float, ...]] = {
    "adaptive": (0, -10, -5, 20, 40, 60, 100, 200),
    "fixed": (40, 0, 20, 60, 100, 140, 200),
    "neteq": (0, 40, 60, 80, 120, 200),
    "spandsp": (40, 0, 20, 60, 100, 140, 200),
    "gstreamer": (200, 0, 20, 60, 120),
    "aiortc": (4, 1, 2),
}


Pulled = npt.NDArray[np.int64]
Arrived = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Job:
    trace: str
    buffer: str
    setting: float

    @property
    def tick(self) -> int:
        return 10 if self.buffer == "neteq" else 20


@dataclasses.dataclass
class Result:
    delay: float  # ms that were added, mean of the packets that were heard
    pesq: float  # mean of the utterances
    late: float  # share of the packets that arrived but were not heard
    delays: list[float]  # mean of every 2 s, ms


class Bench:
    """Runs jobs, in a folder of their own."""

    def __init__(self, program: pathlib.Path, utterances: list[speech.Samples]) -> None:
        self.program, self.utterances = program, utterances
        self.speech = np.concatenate(utterances)
        self.packets = len(self.speech) // PACKET
        with tempfile.TemporaryDirectory() as folder:
            self.decoded = self._through_pcmu(pathlib.Path(folder))

    def play(self, job: Job, folder: pathlib.Path) -> tuple[speech.Samples, Pulled, Arrived]:
        """What is heard; for each packet when it is pulled, in microseconds, or -1; and when it arrived, or NaN."""
        arrivals = np.array([np.nan if x is None else round(x * 1000) for x in traces.make(job.trace, self.packets)])
        pulled = np.full(self.packets, -1, np.int64)
        if job.buffer == "aiortc":
            order = sorted((int(x), n) for n, x in enumerate(arrivals) if x == x)
            pcm, heard = aiortc_playout.play(int(job.setting), self.decoded, order)
        else:
            (folder / "trace").write_text("".join("-\n" if x != x else f"{int(x)}\n" for x in arrivals))
            self.speech.tofile(folder / "speech.raw")
            files = [str(folder / name) for name in ("speech.raw", "trace", "out.raw", "heard")]
            subprocess.run([self.program, job.buffer, str(job.setting), str(job.tick), *files], check=True)
            pcm = np.fromfile(folder / "out.raw", np.int16)
            heard = [(int(a), int(b)) for a, b in map(str.split, (folder / "heard").open())]
        for seq, at in heard:
            pulled[seq] = at
        return pcm, pulled, arrivals

    def _through_pcmu(self, folder: pathlib.Path) -> speech.Samples:
        files = [str(folder / name) for name in ("in.raw", "lost", "out.raw")]
        self.speech.tofile(files[0])
        (folder / "lost").write_text("0" * self.packets)
        program = self.program.with_name("quality_concealment")
        subprocess.run([program, "silence", "PCMU", *files], check=True)
        return np.fromfile(files[2], np.int16)

    def score(self, job: Job) -> Result:
        with tempfile.TemporaryDirectory() as folder:
            pcm, pulled, arrivals = self.play(job, pathlib.Path(folder))
        scores = [self._pesq(i, pcm, pulled) for i in range(len(self.utterances))]
        is_heard = pulled >= 0
        delays = np.where(is_heard, (pulled - arrivals) / 1000, np.nan)
        parts = [mean_of_known(part) for part in delays.reshape(-1, 100)]
        return Result(
            mean_of_known(delays),
            float(np.mean(scores)),
            float(1 - is_heard.sum() / np.isfinite(arrivals).sum()),
            parts,
        )

    def _pesq(self, number: int, pcm: speech.Samples, pulled: Pulled) -> float:
        """Of the time in which the utterance is heard."""
        each = len(self.utterances[number]) // PACKET
        heard = pulled[number * each : (number + 1) * each]
        known = np.flatnonzero(heard >= 0)
        if len(known) < 2:
            return 1.0
        first, last = known[0], known[-1]
        start = int(heard[first]) * 8 // 1000 - first * PACKET
        end = int(heard[last]) * 8 // 1000 + (each - last) * PACKET
        return concealment.score(self.utterances[number], pcm[max(start, 0) : end], RATE)


def mean_of_known(values: Arrived) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def run(bench: Bench, jobs: list[Job]) -> dict[Job, Result]:
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        return dict(zip(jobs, pool.map(bench.score, jobs, chunksize=4), strict=True))
