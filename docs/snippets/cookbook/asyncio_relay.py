"""Cookbook: the relay with asyncio."""
import asyncio

from rtpsynth.aio import open_channel

async def forward(source, sink, targets):
    async for packet in source:
        targets.setdefault(source, packet.addr)
        if sink in targets:  # else nobody is there yet
            sink.send(packet.data, targets[sink])

async def main():
    loopback = "127.0.0.1"
    async with await open_channel(loopback) as left, await open_channel(loopback) as right, \
            await open_channel(loopback) as alice, await open_channel(loopback) as bob:
        targets = {}
        tasks = [asyncio.create_task(forward(left, right, targets)),
                 asyncio.create_task(forward(right, left, targets))]

        alice.send(b"is anybody there?", left.local_addr)  # not yet
        while left not in targets:
            await asyncio.sleep(0.01)
        bob.send(b"hello", right.local_addr)
        print("Alice hears:", (await alice.recv()).data.decode())
        alice.send(b"good morning", left.local_addr)
        print("Bob hears:", (await bob.recv()).data.decode())
        for task in tasks:
            task.cancel()

asyncio.run(main())
