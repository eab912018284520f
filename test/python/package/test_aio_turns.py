"""rtpsynth.aio among the other callbacks and tasks of its loop."""

import asyncio
import contextvars
import time

import pytest
from aio_tools import (served_by,  # noqa: F401: the fixture
                       LOOPS_OWN, number, open_loopback, open_to_itself, plain_socket, run, until)

import aio_tools


def test_many_busy_channels_leave_the_loop_its_turns():
    channels_count, packets = 8, 40

    async def main():
        turns, seen, between = 0, 0, []

        def on_packet(*_):
            nonlocal seen
            seen += 1
            between[-1] += 1
            time.sleep(0.001)

        def turn():
            between.append(0)
            if seen < channels_count * packets:
                loop.call_soon(turn)

        loop = asyncio.get_running_loop()
        channels = [await open_loopback(on_packet=on_packet) for _ in range(channels_count)]
        with plain_socket() as sender:
            for n in range(packets):
                for channel in channels:
                    sender.sendto(number(n), channel.local_addr)
        turn()
        await until(lambda: seen == channels_count * packets)
        # By the loop, 5 ms and the rest of what one channel has read; by threads, 64 of each.
        assert max(between) <= (5 + 32 if aio_tools.threads_each() == 0 else 64 * channels_count)
        for channel in channels:
            await channel.aclose()

    run(main())


def test_a_callback_has_the_context_of_whoever_opened_its_channel():
    who = contextvars.ContextVar("who", default="nobody")

    async def main():
        seen = {}

        async def open_as(name):
            who.set(name)
            return await open_loopback(on_packet=lambda *_: seen.setdefault(name, who.get()))

        channels = [await asyncio.create_task(open_as(name)) for name in "ab"]
        with plain_socket() as sender:
            for channel in channels:
                sender.sendto(b"x", channel.local_addr)
        await until(lambda: len(seen) == 2)
        assert seen == {"a": "a", "b": "b"}
        for channel in channels:
            await channel.aclose()

    run(main())


def test_the_next_packet_may_be_a_task():
    async def main():
        async with await open_to_itself() as channel:
            task = asyncio.create_task(anext(channel))
            in_time = asyncio.create_task(asyncio.wait_for(anext(channel), aio_tools.DEADLINE))
            await asyncio.sleep(0)
            channel.send(b"0")
            channel.send(b"1")
            assert [(await task).data, (await in_time).data] == [b"0", b"1"]

    run(main())


def test_a_loop_that_is_run_inside_a_task_loses_no_packet():
    if aio_tools.threaded or not LOOPS_OWN:
        pytest.skip("a thread serves the sockets")

    async def main():
        async with await open_to_itself() as channel:
            waiting = asyncio.create_task(channel.recv())
            await asyncio.sleep(0)
            channel.send(b"x")
            while not channel.stats["received"]:
                channel._home.loops_server().poll()  # as the loop would, run by this very task
            assert (await waiting).data == b"x"

    run(main())
