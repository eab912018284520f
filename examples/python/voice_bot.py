#!/usr/bin/env python3
"""Answers a phone: greets it, and repeats what it says. Whoever speaks meanwhile interrupts the bot.
Keys: 1 the greeting again, 2 what was said last, # the end. The phone sends PCMU, PCMA or G722, and
hears the bot where that comes from. The greeting is mono, 16 bits; without one it is a tone.
"""
import argparse
import asyncio
import math
import sys
import wave
from array import array

from rtpsynth.voice import Audio, Bye, Digit, Played, Quiet, Source, open_call


def load(name: str | None) -> tuple[bytes, int]:
    if name is None:
        return array("h", (round(9000 * math.sin(n / 6)) for n in range(16000))).tobytes(), 16000
    with wave.open(name) as file:
        samples = array("h", file.readframes(file.getnframes()))
        if sys.byteorder == "big":
            samples.byteswap()
        return samples.tobytes(), file.getframerate()


async def talk(bind: str, greeting: bytes, rate: int) -> None:
    said, last, pause, item = b"", b"", 0, 0
    codecs = ["PCMU", "PCMA", "G722"]
    async with await open_call(bind, codec=codecs, rate=rate, latch="follow", quiet_after=9) as call:
        print("listening on {}:{}".format(*call.local_addr), flush=True)
        async for event in call:
            speech = None
            match event:
                case Source() | Digit("1"):
                    speech = greeting
                case Digit("2"):
                    speech = last
                case Audio(pcm) if max(array("h", pcm)) > 1500:
                    if (heard := call.clear()).item is not None:
                        print(f"interrupted after {heard.ms} ms of {heard.item}", flush=True)
                    said, pause = said + pcm, 0
                case Audio(pcm) if said:
                    said, pause = said + pcm, pause + 20
                    if pause == 600:
                        speech, last, said = said, said, b""
                case Played(number, ms):
                    print(f"said {ms} ms of {number}", flush=True)
                case Digit("#") | Bye() | Quiet():
                    break
            if speech is not None:  # in a task, so that events come while it waits for room
                item += 1
                speaking = asyncio.create_task(call.play(speech, item))


parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("--bind", default="0.0.0.0:5004", metavar="HOST:PORT")
parser.add_argument("--greeting", metavar="FILE.wav")
args = parser.parse_args()
asyncio.run(talk(args.bind, *load(args.greeting)))
