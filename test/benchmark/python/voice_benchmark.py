"""Calls of an event loop that echo PCM at 24 kHz, against as many phones in a process of their own.

    PYTHONPATH=build/release/python python3 test/benchmark/python/voice_benchmark.py --calls 500

Ways: `voice` is rtpsynth.voice; `asyncio` has a datagram endpoint, a queue and a task for each call,
with this package's G.711 and linear resampling. Each is run as it is and beside a thread that never lets
go of the interpreter by itself (--hog only, --no-hog only).

Printed per run: audio events that came of those expected; ticks that were lost or concealed; packets
sent more than 1 ms and 3 ms late, in percent, and the latest (of voice: since the calls were opened);
processor time of the loop's thread for an
event and its echo, in us; of the whole process, in percent of a core. `event_us`: of the loop's thread
for an event alone, of those that waited while the loop was held up for a second.
"""

import argparse
import array
import asyncio
import contextlib
import json
import math
import os
import resource
import subprocess
import sys
import threading
import time

HOST = "127.0.0.1"
RATE = 24000


def report(way, hog, args, **figures):
    print(json.dumps({"way": way, "hog": hog, "calls": args.calls, **figures}), flush=True)


class Measured:
    """Processor time since it was made, of this thread and of the process."""

    def __init__(self):
        self.began = time.monotonic(), time.thread_time(), time.process_time()

    def since(self):
        now = time.monotonic(), time.thread_time(), time.process_time()
        return [b - a for a, b in zip(self.began, now)]


async def until_phones_hang_up(read):
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, read)


async def voice_bot(args):
    from rtpsynth.voice import Audio, open_call

    calls = [
        await open_call((HOST, 0), rate=RATE, latch="follow", idle="nothing")
        for _ in range(args.calls)
    ]
    count = 0

    async def echo(call):
        nonlocal count
        async for event in call:
            if isinstance(event, Audio):
                count += 1
                await call.play(event.pcm, 1)

    tasks = [asyncio.create_task(echo(call)) for call in calls]
    if args.fifo:
        prefer_io_threads()
    print(json.dumps([call.local_addr[1] for call in calls]), flush=True)
    await until_phones_hang_up(sys.stdin.readline)  # they are talking now
    before = sums([call.stats for call in calls])
    measured, count = Measured(), 0
    await until_phones_hang_up(sys.stdin.readline)
    seconds, own, whole = measured.since()
    stats = [call.stats for call in calls]
    after = sums(stats)
    sent = after["sent"] - before["sent"]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    event_us = await cost_of_events(calls)
    print(
        json.dumps({
            "event_us": round(event_us, 2),
            "audio_percent": round(100 * count / (args.calls * seconds * 50), 2),
            "lost": after["lost"] - before["lost"],
            "concealed": after["concealed"] - before["concealed"],
            "missed": after["missed"] - before["missed"],
            "late_1ms_percent": round(100 * (after["late"] - before["late"]) / max(sent, 1), 3),
            "latest_ms": round(max(s["most_late_ns"] for s in stats) / 1e6, 2),
            "loop_us": round(1e6 * own / max(count, 1), 2),
            "process_percent": round(100 * whole / seconds, 1),
        }),
        flush=True,
    )
    for call in calls:
        call.close()


async def cost_of_events(calls):
    """Of those that wait, with nothing done about them, in us."""
    time.sleep(1)
    count, began = 0, time.thread_time()
    for call in calls:
        for _ in range(40):
            await call.next_event()
            count += 1
    return 1e6 * (time.thread_time() - began) / count


def sums(stats):
    return {
        "lost": sum(s["audio_lost"] for s in stats),
        "concealed": sum(s["playout"]["concealed_ticks"] for s in stats),
        "missed": sum(s["sender"]["missed"] for s in stats),
        "late": sum(s["late_by_1ms"] for s in stats),
        "sent": sum(s["sender"]["audio_ticks"] for s in stats),
    }


async def asyncio_bot(args):
    from rtpsynth.RtpSynth import RtpSynth
    from rtpsynth.RtpUtils import linear2ulaw, resample_linear, resample_linear_to_bytes, ulaw2linear

    loop = asyncio.get_running_loop()
    ports, tasks, late = [], [], []
    count = lost = 0
    measuring = False

    class Call(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport, self.peer, self.received = transport, None, asyncio.Queue(50)
            self.to_send = asyncio.Queue()
            self.synth = RtpSynth(8000, 20)
            ports.append(transport.get_extra_info("sockname")[1])
            tasks.extend([loop.create_task(self.echo()), loop.create_task(self.send())])

        def datagram_received(self, data, addr):
            nonlocal lost
            self.peer = addr
            pcm = resample_linear_to_bytes(ulaw2linear(data[12:]), 8000, RATE)
            try:
                self.received.put_nowait(pcm)
            except asyncio.QueueFull:
                lost += 1

        async def echo(self):
            nonlocal count
            while True:
                pcm = await self.received.get()
                count += 1
                self.to_send.put_nowait(pcm)

        async def send(self):
            due = loop.time()
            while True:
                due += 0.02
                await asyncio.sleep(due - loop.time())
                if self.to_send.empty():
                    continue
                if measuring:
                    late.append(loop.time() - due)
                payload = linear2ulaw(resample_linear(self.to_send.get_nowait(), RATE, 8000))
                self.transport.sendto(self.synth.next_pkt(160, 0, payload), self.peer)

    for _ in range(args.calls):
        await loop.create_datagram_endpoint(Call, local_addr=(HOST, 0))
    print(json.dumps(ports), flush=True)
    await until_phones_hang_up(sys.stdin.readline)
    measured, count, lost, measuring = Measured(), 0, 0, True
    await until_phones_hang_up(sys.stdin.readline)
    measuring = False
    seconds, own, whole = measured.since()
    late.sort()
    over = [100 * sum(x > limit for x in late) / max(len(late), 1) for limit in (0.001, 0.003)]
    print(
        json.dumps({
            "audio_percent": round(100 * count / (args.calls * seconds * 50), 2),
            "lost": lost,
            "late_1ms_percent": round(over[0], 3),
            "late_3ms_percent": round(over[1], 3),
            "latest_ms": round(1000 * late[-1], 2) if late else None,
            "loop_us": round(1e6 * own / max(count, 1), 2),
            "process_percent": round(100 * whole / seconds, 1),
        }),
        flush=True,
    )
    for task in tasks:
        task.cancel()


def prefer_io_threads():
    """On a machine that does other things: the threads of C++ before all else. For root."""
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/comm") as file:
            if file.read().startswith("rtpsynth"):
                os.sched_setscheduler(int(task), os.SCHED_FIFO, os.sched_param(1))


def hog():
    while True:
        sum(range(1_000_000))  # one call in C: it answers no request for the lock before its end


def bot(args):
    if args.hog:
        threading.Thread(target=hog, daemon=True).start()
    asyncio.run({"voice": voice_bot, "asyncio": asyncio_bot}[args.bot](args))
    os._exit(0)


def run(way, with_hog, args):
    from rtpsynth.RtpServer import RtpServer

    command = [sys.executable, __file__, "--bot", way, "--calls", str(args.calls)]
    command += ["--hog"] * with_hog + ["--fifo"] * args.fifo
    tone = array.array("h", (round(8000 * math.sin(n / 3)) for n in range(8000 * 30)))
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child,
        RtpServer(tick_hz=None) as server,
        contextlib.ExitStack() as talking,
    ):
        ports = json.loads(child.stdout.readline())
        phones = [
            server.create_call(None, HOST, peer=(HOST, port), audio=False, play_queue=60)
            for port in ports
        ]
        if args.fifo:
            prefer_io_threads()
        for phone in phones:
            talking.enter_context(phone)
            phone.play(tone)
        time.sleep(args.settle)
        child.stdin.write("now\n")
        child.stdin.flush()
        received = sum(phone.stats["rtp"]["received"] for phone in phones)
        time.sleep(args.seconds)
        received = sum(phone.stats["rtp"]["received"] for phone in phones) - received
        child.stdin.write("end\n")
        child.stdin.flush()
        figures = json.loads(child.stdout.readline())
        answered = round(100 * received / (args.calls * args.seconds * 50), 2)
        report(way, with_hog, args, **figures, answered_percent=answered)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--calls", type=int, default=500)
parser.add_argument("--seconds", type=float, default=10)
parser.add_argument("--settle", type=float, default=3, help="before measuring")
parser.add_argument("--way", choices=["voice", "asyncio"], help="default: both")
parser.add_argument("--hog", action="store_true", help="only beside a thread that computes")
parser.add_argument("--no-hog", action="store_true", help="only without")
parser.add_argument("--fifo", action="store_true", help="threads of C++ with SCHED_FIFO; needs root")
parser.add_argument("--bot", help=argparse.SUPPRESS)
arguments = parser.parse_args()
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
if arguments.bot:
    bot(arguments)
for hogged in (False, True):
    if arguments.no_hog and hogged or arguments.hog and not hogged:
        continue
    for name in ("voice", "asyncio"):
        if arguments.way in (None, name):
            run(name, hogged, arguments)
