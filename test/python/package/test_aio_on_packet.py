"""rtpsynth.aio: open_channel(on_packet=…)."""

import asyncio
import gc
import os
import threading
import time
import warnings
import weakref

import pytest
from aio_tools import (served_by,  # noqa: F401: the fixture
                       HOST, number, open_loopback, plain_socket, port_is_free, rtp, run,
                       until)
from server_tools import forks_beside_threads

import aio_tools
from rtpsynth.aio import Channel, open_channel


def test_it_is_called_with_each_packet_in_the_loops_thread():
    async def main():
        seen = []

        def on_packet(*args):
            assert threading.current_thread() is threading.main_thread()
            assert asyncio.get_running_loop() is loop and asyncio.current_task() is None
            seen.append(args)

        loop = asyncio.get_running_loop()
        with plain_socket() as sender:
            async with await open_loopback(on_packet=on_packet) as channel:
                assert isinstance(channel, Channel)
                before = time.monotonic_ns()
                for n in range(100):
                    sender.sendto(number(n), channel.local_addr)
                await until(lambda: len(seen) == 100)
                assert [data for data, _, _ in seen] == [number(n) for n in range(100)]
                assert {addr for _, addr, _ in seen} == {sender.getsockname()}
                assert all(before <= t <= time.monotonic_ns() for _, _, t in seen)

    run(main())


def test_it_answers():
    async def main():
        channel = await open_loopback(on_packet=lambda data, addr, _: channel.send(data, addr))
        with plain_socket() as sender:
            sender.setblocking(False)
            for n in range(50):
                sender.sendto(number(n), channel.local_addr)
                assert await asyncio.get_running_loop().sock_recv(sender, 99) == number(n)
        await channel.aclose()
        assert channel.stats["sent"] == 50

    run(main())


def test_what_it_raises_goes_to_the_loops_handler_and_the_next_packet_comes():
    async def main():
        told, seen = [], []

        def on_packet(data, addr, rtime_ns):
            seen.append(data)
            if data == b"bad":
                raise KeyError("of the callback")

        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: told.append(context))
        with plain_socket() as sender:
            async with await open_loopback(on_packet=on_packet) as channel:
                for data in (b"bad", b"good", b"bad", b"good"):
                    sender.sendto(data, channel.local_addr)
                await until(lambda: len(seen) == 4)
        assert [str(context["exception"]) for context in told] == ["'of the callback'"] * 2
        assert "on_packet" in told[0]["message"]
        assert told[0]["exception"].__traceback__ is not None

    run(main())


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_programs_ends_the_loops_run_and_nothing_is_lost(error):
    seen = []

    def on_packet(data, addr, rtime_ns):
        seen.append(data)
        if len(seen) == 3:
            raise error

    loop = asyncio.new_event_loop()
    try:
        channel = loop.run_until_complete(open_loopback(on_packet=on_packet))
        with plain_socket() as sender:
            for n in range(10):
                sender.sendto(number(n), channel.local_addr)
        with pytest.raises(error):
            loop.run_until_complete(until(lambda: len(seen) == 10))
        loop.run_until_complete(until(lambda: len(seen) == 10))
        assert seen == [number(n) for n in range(10)]
        loop.run_until_complete(channel.aclose())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


@pytest.mark.parametrize("how", ["close", "close elsewhere", "drop"])
def test_it_is_not_called_after_the_channels_end(how):
    async def main():
        seen = []

        def on_packet(data, addr, rtime_ns):
            seen.append(data)
            if how == "close":
                channels.pop().close()
            elif how == "drop":
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ResourceWarning)
                    channels.pop()
            else:
                channels.pop()._native.close()

        with plain_socket() as sender:
            channels = [await open_loopback(on_packet=on_packet)]
            address = channels[0].local_addr
            for n in range(20):
                sender.sendto(number(n), address)
            await until(lambda: not channels)
            await until(lambda: port_is_free(address))
            await asyncio.sleep(0.05)
        assert seen == [number(0)]

    run(main())


def test_arguments_that_do_not_go_together():
    async def main():
        with pytest.raises(TypeError, match="callable"):
            await open_channel(on_packet=5)
        with pytest.raises(TypeError, match="jitter_buffer"):
            await open_channel(on_packet=print, jitter_buffer=4)
        async with await open_loopback(on_packet=print) as channel:
            with pytest.raises(RuntimeError, match="on_packet"):
                await channel.recv()
            with pytest.raises(RuntimeError, match="on_packet"):
                async for _ in channel:
                    pass
        with pytest.raises(RuntimeError, match="closed"):
            await channel.recv()

    run(main())


def test_a_channel_whose_callback_refers_to_it_is_collected():
    class Application:
        async def open(self):
            self.channel = await open_loopback(on_packet=self.on_packet)
            return self

        def on_packet(self, data, addr, rtime_ns):
            raise AssertionError("nothing was sent")

    async def main():
        application = await Application().open()
        gone, address = weakref.ref(application), application.channel.local_addr
        del application

        def is_gone():  # loop and executor forget the channel's opening when they please
            gc.collect()
            return gone() is None

        with pytest.warns(ResourceWarning, match="unclosed"):
            await until(is_gone)
        await until(lambda: port_is_free(address))

    run(main())


def test_with_threads_the_oldest_of_too_many_are_dropped():
    if not aio_tools.threaded:
        pytest.skip("the loop keeps nothing")

    async def main():
        seen = []
        with plain_socket() as sender:
            async with await open_loopback(on_packet=lambda d, *_: seen.append(d),
                                           recv_queue=4) as channel:
                for n in range(10):  # and the loop has no turn meanwhile
                    sender.sendto(number(n), channel.local_addr)
                    while channel.stats["received"] != n + 1:
                        time.sleep(0.001)
                deadline = time.monotonic() + 60
                while channel.stats["dropped"] != 6 and time.monotonic() < deadline:
                    time.sleep(0.001)
                assert seen == []
                await until(lambda: len(seen) == 4)
                assert seen == [number(n) for n in range(6, 10)]

    run(main())


@forks_beside_threads
def test_a_callback_that_forks():
    if aio_tools.threaded:
        pytest.skip("the child of a loop's callback has the same loop")

    async def main():
        children = []

        def on_packet(data, addr, rtime_ns):
            child = os.fork()
            if child == 0:
                os._exit(7)
            children.append(child)

        with plain_socket() as sender:
            async with await open_loopback(on_packet=on_packet) as channel:
                for _ in range(3):
                    sender.sendto(b"x", channel.local_addr)
                await until(lambda: len(children) == 3)
        assert [os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children] == [7] * 3

    run(main())


def test_uvloop():
    uvloop = pytest.importorskip("uvloop")

    async def main():
        seen = []
        with plain_socket() as sender:
            async with await open_loopback(on_packet=lambda d, *_: seen.append(d)) as channel:
                for n in range(100):
                    sender.sendto(number(n), channel.local_addr)
                await until(lambda: len(seen) == 100)
        assert seen == [number(n) for n in range(100)]

    uvloop.run(asyncio.wait_for(main(), 60))


def test_packets_that_come_as_fast_as_it_takes_them_leave_the_loop_its_turns():
    if not aio_tools.threaded:
        pytest.skip("the loop takes no more meanwhile")

    async def main():
        count, turns = 0, 0

        def on_packet(data, addr, rtime_ns):  # the next has come before it returns
            nonlocal count
            count += 1
            if count < 1000:
                before = channel.stats["received"]
                channel.send(data)
                while channel.stats["received"] == before:
                    time.sleep(0.0001)
                time.sleep(0.0005)

        channel = await open_loopback(on_packet=on_packet)
        await channel.set_target(*channel.local_addr)
        channel.send(b"a")
        channel.send(b"b")
        while count < 1000:
            turns += 1
            await asyncio.sleep(0)
        await channel.aclose()
        assert turns >= 10

    run(main())


def test_a_jitter_buffer_is_due_in_the_loops_next_run():
    def on_packet(data, addr, rtime_ns):
        raise KeyboardInterrupt

    async def begin():
        options = {"capacity": 64, "max_delay_ns": 50_000_000}
        return await open_loopback(on_packet=on_packet), await open_loopback(jitter_buffer=options)

    loop = asyncio.new_event_loop()
    try:
        channel, buffered = loop.run_until_complete(begin())
        with plain_socket() as sender:
            for seq in (1, 2, 4):
                sender.sendto(rtp(seq), buffered.local_addr)
            sender.sendto(b"", channel.local_addr)
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(asyncio.sleep(60))

        async def end():
            frames = [await asyncio.wait_for(buffered.recv(), 20) for _ in range(4)]
            await channel.aclose()
            await buffered.aclose()
            return frames

        assert len(loop.run_until_complete(end())) == 4
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
