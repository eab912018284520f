"""Runs the programs of examples/python, and makes and reads what they play and record."""

import math
import os
import pathlib
import random
import re
import select
import signal
import subprocess
import sys
import time
import wave
from array import array

PROGRAMS = pathlib.Path(__file__).resolve().parents[3] / "examples" / "python"
PATIENCE = 30  # seconds, after which what has not come will not come


def run(program, *args):
    """To its end."""
    return subprocess.run([sys.executable, PROGRAMS / program, *map(str, args)],
                          capture_output=True, text=True, timeout=PATIENCE)


class Running:
    """A program at work, until the end of the with block."""

    def __init__(self, program, *args):
        self.process = subprocess.Popen([sys.executable, PROGRAMS / program, *map(str, args)],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.said = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def line(self):
        """The next line it prints."""
        deadline = time.monotonic() + PATIENCE
        stdout = self.process.stdout.fileno()
        while b"\n" not in self.said:
            left = max(0, deadline - time.monotonic())
            assert select.select([stdout], [], [], left)[0], "it says nothing"
            piece = os.read(stdout, 4096)
            assert piece, self.process.communicate()[1].decode()
            self.said += piece
        line, self.said = self.said.split(b"\n", 1)
        return line.decode()

    def addresses(self):
        """Those its next line names, as host:port."""
        return re.findall(r"\d+\.\d+\.\d+\.\d+:\d+", self.line())

    def end(self, how=None):
        """Its last line, once it has ended as it should; `how` is the signal that makes it end."""
        if how is not None:
            self.process.send_signal(how)
        rest, error = self.process.communicate(timeout=PATIENCE)
        assert (self.process.returncode, error) == (0, b""), error.decode()
        return (self.said + rest).decode().splitlines()[-1]

    def interrupt(self):
        return self.end(signal.SIGINT)


def speech(count, seed=1):
    """Something with loud and quiet samples."""
    dice = random.Random(seed)
    return array("h", (round(20000 * math.sin(n / 9) * dice.random() ** 3) for n in range(count)))


def write_wav(path, samples, rate=8000, channels=1, width=2):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def read_wav(path):
    with wave.open(str(path), "rb") as file:
        shape = (file.getnchannels(), file.getsampwidth(), file.getframerate())
        assert shape == (1, 2, 8000)
        return array("h", file.readframes(file.getnframes()))


def padded(samples, size=160):
    return samples + array("h", bytes(2 * (-len(samples) % size)))
