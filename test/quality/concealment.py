"""Concealment: packets of 20 ms lost from ten utterances, what fills the gaps scored by PESQ."""

import concurrent.futures
import dataclasses
import functools
import pathlib
import subprocess
import tempfile

import numpy as np
import speech
import traces
from pesq import pesq

LOSSES = (1, 3, 5, 10)  # per cent
BURSTS = (1, 3)  # mean length; 1: at random
SEEDS = 2  # patterns of loss for each utterance
METHODS = {
    "PCMU": ("silence", "repeat", "spandsp", "continued", "joined"),
    "G722": ("silence", "repeat", "continued", "joined"),
}


@dataclasses.dataclass(frozen=True)
class Job:
    codec: str
    method: str
    loss: int
    burst: int


def rate_of(codec: str) -> int:
    return 16000 if codec == "G722" else 8000


def score(sent: speech.Samples, played: speech.Samples, rate: int) -> float:
    """PESQ: narrowband at 8 kHz, wideband at 16."""
    a, b = sent.astype(np.float32) / 32768, played.astype(np.float32) / 32768
    return float(pesq(rate, a, b, "nb" if rate == 8000 else "wb"))


def lose(program: pathlib.Path, job: Job, said: speech.Samples, seed: int) -> speech.Samples:
    packets = len(said) * 50 // rate_of(job.codec)
    gone = traces.lost(traces.Draw(seed), packets, job.loss / 100, job.burst)
    with tempfile.TemporaryDirectory() as folder:
        files = [str(pathlib.Path(folder) / name) for name in ("in.raw", "lost", "out.raw")]
        said.tofile(files[0])
        pathlib.Path(files[1]).write_text("".join("01"[x] for x in gone))
        subprocess.run([program, job.method, job.codec, *files], check=True)
        return np.fromfile(files[2], np.int16)


def measure(program: pathlib.Path, spoken: dict[str, list[speech.Samples]], job: Job) -> float:
    rate = rate_of(job.codec)
    return float(
        np.mean(
            [
                score(said, lose(program, job, said, 100 * number + seed), rate)
                for number, said in enumerate(spoken[job.codec])
                for seed in range(SEEDS)
            ]
        )
    )


def run(program: pathlib.Path) -> dict[Job, float]:
    spoken = {codec: speech.utterances(rate_of(codec)) for codec in METHODS}
    jobs = [
        Job(codec, method, loss, burst)
        for codec, methods in METHODS.items()
        for burst in BURSTS
        for loss in LOSSES
        for method in methods
    ]
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        return dict(zip(jobs, pool.map(functools.partial(measure, program, spoken), jobs), strict=True))
