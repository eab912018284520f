"""Speech, our side of a call, and waiting for others' ports."""
import array
import audioop
import contextlib
import json
import math
import os
import pathlib
import random
import socket
import subprocess
import time
import wave

PEER = os.environ["CALL_PEER"]  # CMake sets it
LIMIT = 120  # seconds that anything may take on a busy machine
PACKET = 160  # samples
WHOLE = ([], [0])  # what may be missing: where speech begins, it is faded in


def speech(seconds, seed=7):
    """Syllables with pauses, as PCMU has them. Every 20 ms differ from all others."""
    chance = random.Random(seed)
    pcm = array.array("h")
    while len(pcm) < seconds * 8000:
        pitch, formant = chance.uniform(90, 220), chance.uniform(400, 1800)
        for i in range(int(chance.uniform(0.12, 0.3) * 8000)):
            t = i % int(8000 / pitch) / 8000  # since the glottis closed
            tone = math.exp(-200 * t) * math.sin(2 * math.pi * formant * t)
            pcm.append(int(9000 * tone + chance.gauss(0, 250)))
        pcm.extend(int(chance.gauss(0, 60)) for _ in range(int(chance.uniform(0.02, 0.08) * 8000)))
    coded = array.array("h")
    coded.frombytes(audioop.ulaw2lin(audioop.lin2ulaw(pcm[:seconds * 8000].tobytes(), 2), 2))
    return array.array("h", (sample or 8 for sample in coded))  # for baresip decodes 0 as 2


def write_wav(path, pcm):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(pcm.tobytes())


def read_wav(path):
    """The samples, also if the program was killed that wrote them."""
    data = path.read_bytes()
    return data[data.index(b"data") + 8:]


def missing(sent, heard):
    """The numbers of the packets of `sent` (samples) that are not in `heard` (bytes), as they are and
    in order."""
    lost, position = [], 0
    for number, start in enumerate(range(0, len(sent) - PACKET + 1, PACKET)):
        at = heard.find(sent[start:start + PACKET].tobytes(), position)
        if at < 0:
            lost.append(number)
        else:
            position = at + 2 * PACKET
    return lost


def rtp_ports(count):
    """Even ports, whose odd neighbours are free, too, below those that Linux gives to others."""
    found, port = [], 20000 + os.getpid() * 16 % 10000
    while len(found) < count:
        with contextlib.ExitStack() as stack:
            try:
                for each in (port, port + 1):
                    stack.enter_context(socket.socket(type=socket.SOCK_DGRAM)).bind(("127.0.0.1", each))
                found.append(port)
            except OSError:
                pass
        port += 2
    return found


def wait_for(condition, what):
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, f"no {what}"
        time.sleep(0.02)


def is_bound(port):
    """Whether some program receives on a UDP port."""
    return any(line.split()[1].endswith(f":{port:04X}") for name in ("udp", "udp6")
               for line in pathlib.Path(f"/proc/net/{name}").read_text().splitlines()[1:])


class Side:
    """A call_peer."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([PEER, *map(str, arguments)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def play(self):
        self.process.stdin.write("play\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "played\n"

    def end(self):
        """Its counters."""
        out, _ = self.process.communicate(timeout=LIMIT)
        assert self.process.returncode == 0
        return json.loads(out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
