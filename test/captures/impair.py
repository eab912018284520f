#!/usr/bin/python3
"""A UDP relay that loses, duplicates, delays and reorders, by a seeded generator.

netem does this in the kernel; this kernel has none. Packets that come to --listen go to --to from
one socket, so that several senders look like one with several SSRCs. Ends when nothing has come
for --idle seconds.
"""
import argparse
import heapq
import random
import socket
import time

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--listen", type=int, required=True, help="port on 127.0.0.1")
parser.add_argument("--to", type=int, required=True, help="port on 127.0.0.1")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--loss", type=float, default=0, help="share of packets lost")
parser.add_argument("--duplicate", type=float, default=0, help="share of packets sent twice")
parser.add_argument("--late", type=float, default=0, help="share of packets that come --late-ms later")
parser.add_argument("--late-ms", type=float, default=0)
parser.add_argument("--jitter-ms", type=float, default=0, help="delay of all others, 0 up to this")
parser.add_argument("--idle", type=float, default=2)
args = parser.parse_args()

rng = random.Random(args.seed)
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("127.0.0.1", args.listen))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
due = []  # (when, order, packet)
order = 0
last = None
while True:
    now = time.monotonic()
    while due and due[0][0] <= now:
        sender.sendto(heapq.heappop(due)[2], ("127.0.0.1", args.to))
    if last and not due and now - last > args.idle:
        break
    receiver.settimeout(max(0.0005, min(0.1, due[0][0] - now)) if due else 0.1)
    try:
        packet = receiver.recv(65536)
    except (TimeoutError, ConnectionRefusedError):
        continue
    last = time.monotonic()
    lost, twice, late = (rng.random() < p for p in (args.loss, args.duplicate, args.late))
    delay = args.late_ms if late else rng.uniform(0, args.jitter_ms)
    if lost:
        continue
    for _ in range(2 if twice else 1):
        order += 1
        heapq.heappush(due, (last + delay / 1000, order, packet))
