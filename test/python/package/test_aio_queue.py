"""rtpsynth.aio between the server and the loop: wake-ups, the receive queue, cancellation."""

import asyncio
import concurrent.futures
import gc
import random
import threading
import time

import pytest
from aio_tools import (served_by,  # noqa: F401: the fixture
                       HOST, number, numbers, open_loopback, open_to_itself, plain_socket,
                       port_is_free, receiving, rtp, run, server_threads_are, until)

from rtpsynth.RtpServer import RtpServer


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts its wake-ups, and does something right after one."""

    wake_ups = 0

    def after_wake_up(self):
        pass

    def call_soon_threadsafe(self, callback, *args, context=None):
        def call():
            callback(*args)
            self.after_wake_up()

        self.wake_ups += 1
        return super().call_soon_threadsafe(call, context=context)


def run_counting(main):
    loop = CountingLoop()
    try:
        return loop.run_until_complete(asyncio.wait_for(main(loop), 20))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def block_until(condition):
    """Without giving the loop a turn."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def fill(server, channel, payloads):
    """All of them are in the queue when it returns, and the loop has had no turn meanwhile."""
    before = channel.stats["received"]
    with plain_socket() as sender:
        for n, payload in enumerate(payloads, before + 1):
            sender.sendto(payload, channel.local_addr)
            block_until(lambda n=n: channel.stats["received"] == n)
    through = threading.Event()  # callbacks of a server come in order
    with server.create_channel(lambda *_: through.set(), HOST) as other:
        other.send_pkt(b"", other.local_addr)
        assert through.wait(20)


def test_one_wake_up_does_for_all_that_came():
    async def main(loop):
        with RtpServer(tick_hz=None) as server:
            async with await open_loopback(server=server) as channel:
                first, second = await receiving(channel, 2)
                before = loop.wake_ups
                fill(server, channel, map(number, range(50)))
                assert numbers([await first, await second]) == [0, 1]
                assert loop.wake_ups == before + 1
                for n in range(2, 50):  # what waits already needs none
                    assert numbers([await channel.recv()]) == [n]
                assert loop.wake_ups == before + 1

    run_counting(main)


def test_nobody_is_woken_while_nobody_waits():
    async def main(loop):
        with RtpServer(tick_hz=None) as server:
            async with await open_loopback(server=server) as channel:
                before = loop.wake_ups
                fill(server, channel, map(number, range(20)))
                assert loop.wake_ups == before
                assert numbers([await channel.recv() for _ in range(20)]) == list(range(20))

    run_counting(main)


def test_when_the_queue_is_full_the_oldest_are_dropped_and_counted():
    async def main():
        with RtpServer(tick_hz=None) as server:
            async with await open_loopback(server=server, recv_queue=4) as channel:
                fill(server, channel, map(number, range(10)))
                assert channel.stats["dropped"] == 6
                assert numbers([await channel.recv() for _ in range(4)]) == [6, 7, 8, 9]
                (waiting,) = await receiving(channel)
                assert not waiting.done()
                fill(server, channel, [number(10)])
                assert numbers([await waiting]) == [10]
                assert channel.stats["dropped"] == 6

    run(main())


def test_frames_are_dropped_likewise():
    async def main():
        with RtpServer(tick_hz=None) as server:
            options = {"recv_queue": 1, "jitter_buffer": 4}
            async with await open_loopback(server=server, **options) as channel:
                fill(server, channel, map(rtp, range(5)))
                assert channel.stats["dropped"] == 4
                assert (await channel.recv()).content.frame.rtp.info.seq == 4

    run(main())


def test_whoever_waits_first_is_served_first():
    async def main():
        async with await open_to_itself() as channel:
            tasks = await receiving(channel, 10)
            for n in range(5):
                channel.send(number(n))
            await asyncio.gather(*tasks[:5])
            late = await receiving(channel, 1)
            for n in range(5, 11):
                channel.send(number(n))
            assert numbers(await asyncio.gather(*tasks, *late)) == list(range(11))

    run(main())


def test_nobody_overtakes_whoever_is_about_to_be_woken():
    async def main():
        with RtpServer(tick_hz=None) as server:
            async with await open_loopback(server=server) as channel:
                (waiting,) = await receiving(channel)
                fill(server, channel, map(number, range(2)))
                assert numbers([await channel.recv(), await waiting]) == [1, 0]

    run(main())


def test_a_cancelled_recv_leaves_its_place():
    async def main():
        async with await open_to_itself() as channel:
            tasks = await receiving(channel, 4)
            tasks[0].cancel()
            tasks[2].cancel()
            channel.send(number(0))
            channel.send(number(1))
            assert numbers([await tasks[1], await tasks[3]]) == [0, 1]
            assert tasks[0].cancelled() and tasks[2].cancelled()

    run(main())


@pytest.mark.parametrize("others", [0, 2])
def test_what_a_recv_was_given_while_it_was_cancelled_is_for_the_next(others):
    async def main(loop):
        with RtpServer(tick_hz=None) as server:
            async with await open_loopback(server=server) as channel:
                tasks = await receiving(channel, 1 + others)
                loop.after_wake_up = tasks[0].cancel  # between being given and running
                fill(server, channel, map(number, range(1 + others)))
                with pytest.raises(asyncio.CancelledError):
                    await tasks[0]
                loop.after_wake_up = lambda: None
                assert numbers([await task for task in tasks[1:]]) == list(range(1, 1 + others))
                assert numbers([await channel.recv()]) == [0]

    run_counting(main)


def test_the_iterator_loses_nothing_to_cancellation_either():
    async def main(loop):
        async with await open_loopback(threaded=True) as channel:
            task = asyncio.ensure_future(channel.__anext__())
            await asyncio.sleep(0)
            loop.after_wake_up = task.cancel
            with plain_socket() as sender:
                sender.sendto(number(7), channel.local_addr)
                with pytest.raises(asyncio.CancelledError):
                    await task
            async for packet in channel:
                assert numbers([packet]) == [7]
                break

    run_counting(main)


def test_cancelling_at_random_loses_and_doubles_nothing():
    async def main():
        dice = random.Random(5)
        async with await open_loopback() as channel:
            with plain_socket() as sender:
                seen, sent, cancelled = [], 0, 0
                while len(seen) < 2000:
                    while sent < min(2000, len(seen) + 50):
                        sender.sendto(number(sent), channel.local_addr)
                        sent += 1
                    task = asyncio.ensure_future(channel.recv())
                    for _ in range(dice.randrange(4)):
                        await asyncio.sleep(0)
                    if dice.random() < 0.5:
                        task.cancel()
                    try:
                        seen.append(await task)
                    except asyncio.CancelledError:
                        cancelled += 1
            assert numbers(seen) == list(range(2000))
            assert cancelled > 100 and channel.stats["dropped"] == 0

    run(main())


def test_waiting_in_vain_costs_nothing():
    async def main():
        async with await open_to_itself() as channel:
            for _ in range(50):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(channel.recv(), 0.001)
            gc.collect()
            futures = [f for f in gc.get_objects() if isinstance(f, asyncio.Future)]
            assert len(futures) < 20
            del futures
            (waiting,) = await receiving(channel)
            channel.send(b"at last")
            assert (await waiting).data == b"at last"

    run(main())


def test_a_flood_leaves_the_other_tasks_their_turn():
    async def main():
        with RtpServer(tick_hz=None) as server:
            async with await open_loopback(server=server) as channel:
                fill(server, channel, map(number, range(1000)))
                turns = 0

                async def other():
                    nonlocal turns
                    while True:
                        turns += 1
                        await asyncio.sleep(0)

                task = asyncio.create_task(other())
                got = [await channel.recv() for _ in range(1000)]
                task.cancel()
                assert numbers(got) == list(range(1000))
                assert turns >= 10

    run(main())


def test_several_iterators_share_what_comes():
    async def main():
        async with await open_to_itself() as channel:
            seen = [[], [], []]

            async def consume(mine):
                async for packet in channel:
                    mine.append(packet)

            tasks = [asyncio.create_task(consume(mine)) for mine in seen]
            await asyncio.sleep(0)
            for n in range(30):
                channel.send(number(n))
            await until(lambda: sum(map(len, seen)) == 30)
            for mine in seen:
                assert numbers(mine) == sorted(numbers(mine))
            assert sorted(sum(map(numbers, seen), [])) == list(range(30))
            channel.close()
            await asyncio.gather(*tasks)

    run(main())


def test_a_task_that_nothing_else_refers_to_goes_on_waiting():
    async def main():
        async with await open_to_itself() as channel:
            seen = []

            async def consume():
                seen.append((await channel.recv()).data)

            asyncio.create_task(consume())
            await asyncio.sleep(0)
            gc.collect()
            channel.send(b"x")
            await until(lambda: seen == [b"x"])

    run(main())


def test_a_task_that_ends_the_loops_run_leaves_the_rest_to_the_next():
    loop = asyncio.new_event_loop()
    seen = []
    in_a_row = 64  # then a task waits in line although there is more

    async def begin():
        channel = await open_to_itself()
        for n in range(in_a_row + 4):
            channel.send(number(n))
            await until(lambda n=n: channel.stats["received"] == n + 1)
        await asyncio.sleep(0.01)

        async def interrupted():
            for _ in range(in_a_row + 1):
                await channel.recv()
            raise KeyboardInterrupt

        async def other():
            while len(seen) != 3:
                seen.append(await channel.recv())

        return channel, asyncio.create_task(interrupted()), asyncio.create_task(other())

    try:
        channel, interrupted, other = loop.run_until_complete(begin())
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(asyncio.wait({interrupted, other}))
        assert isinstance(interrupted.exception(), KeyboardInterrupt)
        loop.run_until_complete(asyncio.wait_for(other, 20))
        assert numbers(seen) == list(range(in_a_row + 1, in_a_row + 4))
        loop.run_until_complete(channel.aclose())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


def test_a_channel_is_closed_in_another_thread_that_runs_its_loop():
    loop = asyncio.new_event_loop()
    turns = []

    async def close(channel):
        await channel.aclose()
        call_soon_threadsafe = loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *args: (turns.append(args), call_soon_threadsafe(*args))
        await asyncio.sleep(0.05)
        await loop.shutdown_asyncgens()
        await loop.shutdown_default_executor()

    with concurrent.futures.ThreadPoolExecutor(1) as other:
        channel = other.submit(loop.run_until_complete, open_loopback()).result()
        address = channel.local_addr
        loop.run_until_complete(asyncio.wait_for(close(channel), 20))
    loop.close()
    assert port_is_free(address) and server_threads_are(0) and len(turns) < 10
