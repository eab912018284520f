#!/usr/bin/env python3
"""Joins two RTP endpoints: what comes in on one side goes out on the other, both ways.

    asyncio_bridge.py --left 0.0.0.0:5004 --right 0.0.0.0:5006 --right-peer 192.0.2.7:4000

A side sends to its peer, or, when none was given, to where its last packet came from. Prints its
counts each second, and ends at Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from dataclasses import dataclass

from rtpsynth.aio import Channel, open_channel
from rtpsynth.RtpServer import RtpQueueFullError

Address = tuple[str, int]


@dataclass
class Side:
    name: str
    channel: Channel
    has_target: bool
    learned: Address | None = None


def endpoint(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not host or not 0 <= int(port) < 65536:
        raise ValueError
    return host.strip("[]"), int(port)


async def forward(source: Side, sink: Side) -> None:
    async for packet in source.channel:
        source.learned = None if source.has_target else packet.addr
        if not sink.has_target and sink.learned is None:
            continue  # nobody is there yet
        try:
            sink.channel.send(packet.data, sink.learned)
        except RtpQueueFullError:
            pass  # counted in the channel's stats


async def open_side(name: str, bind: Address, peer: Address | None) -> Side:
    channel = await open_channel(*bind, queue_size=1024)
    try:
        if peer is not None:
            await channel.set_target(*peer)
    except OSError:
        channel.close()
        raise
    return Side(name, channel, has_target=peer is not None)


def report(*sides: Side) -> None:
    counts = ((side.name, side.channel.stats) for side in sides)
    print("; ".join(f"{name}: received {stats['received']}, sent {stats['sent']}, "
                    f"dropped {stats['dropped'] + stats['queue_full']}"
                    for name, stats in counts), flush=True)


async def report_each_second(*sides: Side) -> None:
    while True:
        await asyncio.sleep(1)
        report(*sides)


async def run(left: Side, right: Side, ended: asyncio.Event) -> None:
    tasks = [
        asyncio.create_task(forward(left, right)),
        asyncio.create_task(forward(right, left)),
        asyncio.create_task(report_each_second(left, right)),
        asyncio.create_task(ended.wait()),
    ]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


async def bridge(args: argparse.Namespace) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    left = await open_side("left", args.left, args.left_peer)
    async with left.channel:
        right = await open_side("right", args.right, args.right_peer)
        async with right.channel:
            print("left on {}:{}, right on {}:{}".format(
                *left.channel.local_addr, *right.channel.local_addr), flush=True)
            await run(left, right, ended)
    report(left, right)  # when all that was accepted has been sent


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for side, port in (("left", 5004), ("right", 5006)):
        parser.add_argument(f"--{side}", type=endpoint, default=("0.0.0.0", port),
                            metavar="HOST:PORT",
                            help=f"where to receive; default: 0.0.0.0:{port}")
        parser.add_argument(f"--{side}-peer", type=endpoint, metavar="HOST:PORT",
                            help="where to send; default: where packets come from")
    args = parser.parse_args()
    try:
        asyncio.run(bridge(args))
    except (OSError, ValueError) as error:
        parser.exit(1, f"{parser.prog}: {error}\n")


if __name__ == "__main__":
    main()
