"""The speech of the quality book: Debian's asterisk-core-sounds-en, of one speaker, in utterances of 8 s.

Those of 8 kHz are made of the .wav files and are what Debian has of the recordings; those of 16 kHz are
decoded from the .g722 files, so that what is sent as G.722 here has been through G.722 before.
"""

import pathlib
import wave

import av
import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

FOLDER = pathlib.Path("/usr/share/asterisk/sounds/en_US_f_Allison")
SECONDS = 8


def _read_wav(path: pathlib.Path) -> Samples:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def _read_g722(path: pathlib.Path) -> Samples:
    with av.open(str(path), format="g722") as file:
        frames = [frame.to_ndarray()[0] for frame in file.decode(audio=0)]
    return np.concatenate(frames).astype(np.int16)


def utterances(rate: int, count: int = 10) -> list[Samples]:
    """The files in the order of their names, without those of less than 0.5 s, cut every 8 s. What is left of the
    last file of an utterance is dropped."""
    read = _read_wav if rate == 8000 else _read_g722
    made: list[Samples] = []
    parts: list[Samples] = []
    for path in sorted(FOLDER.glob("*.wav" if rate == 8000 else "*.g722")):
        pcm = read(path)
        if len(pcm) < rate // 2:
            continue
        parts.append(pcm)
        if sum(map(len, parts)) > SECONDS * rate:
            made.append(np.concatenate(parts)[: SECONDS * rate])
            parts = []
        if len(made) == count:
            return made
    raise SystemExit(f"too little speech in {FOLDER}")
