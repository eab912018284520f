#!/usr/bin/env python3
"""Sends every datagram back to where it came from.

    echo_server.py --bind 0.0.0.0 --port 5004 --stats 1

Ends at Ctrl-C or SIGTERM, and then prints its totals.
"""

from __future__ import annotations

import argparse
import signal
import threading

from rtpsynth.RtpServer import RtpChannel, RtpQueueFullError, RtpServer


class Echo:
    def __init__(self) -> None:
        self.channel: RtpChannel | None = None

    def packet_in(self, data: bytes, sender: tuple[str, int], rtime_ns: int) -> None:
        if self.channel is None:
            return  # it came before create_channel returned
        try:
            self.channel.send_pkt(data, sender)
        except RtpQueueFullError:
            pass  # counted in the channel's stats


def report(channel: RtpChannel) -> None:
    names = ("received", "sent", "queue_full", "send_errors", "overflow")
    stats = channel.stats
    print(", ".join(f"{name} {stats[name]}" for name in names), flush=True)


def positive(text: str) -> float:
    number = float(text)
    if not 0 < number < threading.TIMEOUT_MAX:
        raise ValueError
    return number


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bind", default="0.0.0.0", metavar="HOST", help="default: %(default)s")
    parser.add_argument("--port", type=int, default=5004, help="0: any; default: %(default)s")
    parser.add_argument("--stats", type=positive, metavar="SECONDS", help="print counts so often")
    args = parser.parse_args()

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())

    echo = Echo()
    with RtpServer(tick_hz=None) as server:
        try:
            channel = server.create_channel(
                echo.packet_in, bind_host=args.bind, bind_port=args.port, queue_size=1024
            )
        except (OSError, ValueError) as error:
            parser.exit(1, f"{parser.prog}: {error}\n")
        echo.channel = channel
        print("listening on {}:{}".format(*channel.local_addr), flush=True)
        while not ended.wait(args.stats):
            report(channel)
        channel.close()  # sends what waits
        report(channel)


if __name__ == "__main__":
    main()
