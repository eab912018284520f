"""rtpsynth.aio: the end of channels, loops and programs."""

import asyncio
import concurrent.futures
import functools
import gc
import os
import subprocess
import sys
import textwrap
import threading
import time
import warnings
import weakref

import aio_tools
import pytest
from aio_tools import (served_by,  # noqa: F401: the fixture
                       DEADLINE, number, open_loopback, open_to_itself, plain_socket, port_is_free,
                       receiving, run, server_threads_are, threads_each, until)
from server_tools import OWN_HOST, forks_beside_threads

from rtpsynth.aio import Packet, open_channel
from rtpsynth.RtpServer import RtpServer


def wait_for(condition):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.001)


def test_close_frees_the_port_and_tells_everybody_who_waits():
    async def main():
        channel = await open_loopback()
        tasks = await receiving(channel, 3)
        assert not channel.closed
        channel.close()
        assert channel.closed and port_is_free(channel.local_addr)
        for task in tasks:
            with pytest.raises(RuntimeError, match="channel is closed"):
                await task
        with pytest.raises(RuntimeError, match="channel is closed"):
            await channel.recv()
        channel.close()
        await channel.aclose()
        assert channel.stats["received"] == 0
        assert "closed" in repr(channel)

    run(main())


@pytest.mark.parametrize("jitter_buffer", [None, 8])
def test_close_ends_iterators(jitter_buffer):
    async def main():
        channel = await open_loopback(jitter_buffer=jitter_buffer)

        async def consume():
            async for _ in channel:
                raise AssertionError("nothing was sent")
            return "ended"

        task = asyncio.create_task(consume())
        await asyncio.sleep(0)
        await channel.aclose()
        assert await task == "ended"
        assert await consume() == "ended"

    run(main())


def test_what_waits_in_the_queue_is_dropped_with_the_channel():
    async def main():
        async with await open_to_itself() as channel:
            channel.send(number(1))
            channel.send(number(2))
            await channel.recv()
            await until(lambda: channel.stats["received"] == 2)
            channel.close()
            with pytest.raises(RuntimeError):
                await channel.recv()
            await asyncio.sleep(0)  # the loop forgets whom it has just woken
            gc.collect()
            assert not [item for item in gc.get_objects() if isinstance(item, Packet)]

    run(main())


@pytest.mark.parametrize("how", ["close", "aclose"])
def test_what_was_accepted_is_sent_before_the_end(how):
    async def main():
        with RtpServer(tick_hz=2) as server, plain_socket() as receiver:
            channel = await open_loopback(server=server)
            await channel.set_target(*receiver.getsockname())
            for n in range(20):
                channel.send(number(n))
            if how == "close":
                channel.close()
            else:
                await channel.aclose()
            assert [receiver.recv(99) for _ in range(20)] == [number(n) for n in range(20)]

    run(main())


def test_async_with_closes_whatever_happens():
    async def main():
        with pytest.raises(KeyError):
            async with await open_loopback() as channel:
                raise KeyError
        assert channel.closed and port_is_free(channel.local_addr)

    run(main())


def test_a_cancelled_aclose_closes_nevertheless():
    async def main():
        channel = await open_loopback()
        busy = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(1) as executor:
            asyncio.get_running_loop().set_default_executor(executor)
            executor.submit(busy.wait)
            closing = asyncio.create_task(channel.aclose())
            await asyncio.sleep(0)
            closing.cancel()
            await asyncio.gather(closing, return_exceptions=True)
            assert closing.cancelled() and channel.closed and not port_is_free(channel.local_addr)
            busy.set()
        await until(lambda: port_is_free(channel.local_addr))
        assert server_threads_are(0)

    run(main())


def test_a_loops_channels_share_a_server_until_the_last_is_closed():
    async def main():
        assert server_threads_are(0)
        first = await open_loopback()
        second = await open_loopback(jitter_buffer=4)
        assert server_threads_are(threads_each())
        first.close()
        assert server_threads_are(threads_each())
        second.close()
        assert server_threads_are(0)
        async with await open_to_itself() as third:
            third.send(b"anew")
            assert (await third.recv()).data == b"anew"
        assert server_threads_are(0)

    run(main())


def test_loops_in_other_threads_have_servers_of_their_own():
    assert server_threads_are(0)  # also of what was before
    seen = []
    meet = threading.Barrier(3, timeout=DEADLINE)

    async def main():
        async with await open_to_itself() as channel:
            meet.wait()
            assert server_threads_are(3 * threads_each())
            meet.wait()
            channel.send(b"x")
            seen.append((await channel.recv()).data)

    threads = [threading.Thread(target=run, args=(main(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [b"x"] * 3
    assert server_threads_are(0)


def test_a_channel_that_is_dropped_is_closed_with_a_warning():
    async def main():
        channel = await open_to_itself()
        channel.send(b"x")
        await channel.recv()
        address, gone = channel.local_addr, weakref.ref(channel)
        with pytest.warns(ResourceWarning, match=r"unclosed <Channel 127.0.0.1:\d+>"):
            del channel
        assert gone() is None and port_is_free(address) and server_threads_are(0)

    run(main())


def test_a_channel_that_is_dropped_at_once_is_gone_at_once():
    async def main():
        for _ in range(50):
            channel = await open_loopback()
            gone = weakref.ref(channel)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                del channel
            assert gone() is None

    run(main())


def test_a_channel_in_a_cycle_with_who_waits_for_it_is_collected():
    async def main():
        channel = await open_loopback()
        channel.myself = channel
        waiting = channel.recv()
        waiting.send(None)  # waits, in no task
        channel.waiting = waiting
        address, gone = channel.local_addr, weakref.ref(channel)
        del channel, waiting
        with pytest.warns(ResourceWarning, match="unclosed"):
            gc.collect()
        assert gone() is None and port_is_free(address) and server_threads_are(0)

    run(main())


def test_neither_loop_nor_queue_keeps_a_channel():
    async def main():
        with RtpServer(tick_hz=None) as server, plain_socket() as sender:
            channel = await open_loopback(server=server)
            (waiting,) = await receiving(channel)
            address, gone = channel.local_addr, weakref.ref(channel)
            sender.sendto(b"x", address)
            await waiting
            del waiting
            sender.sendto(b"in the queue", address)
            await until(lambda: server.stats["received"] == 2)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                del channel
                gc.collect()
            assert gone() is None and server.stats["open_channels"] == 0

    run(main())


def test_the_end_of_the_loop_closes_its_channels():
    left_open = []

    async def main():
        left_open.append(await open_loopback())
        with RtpServer(tick_hz=None) as server:
            left_open.append(await open_loopback(server=server))
        left_open.append(await open_loopback(jitter_buffer=4))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(main())
        assert all(channel.closed for channel in left_open)
        assert all(port_is_free(channel.local_addr) for channel in left_open)
        assert server_threads_are(0)
        for channel in left_open:
            channel.close()
        left_open.clear()
        gc.collect()


def test_a_loop_that_is_closed_while_packets_arrive(served_by):
    unraisable = []
    before, sys.unraisablehook = sys.unraisablehook, unraisable.append
    try:
        for round_ in range(20):
            loop = asyncio.new_event_loop()
            channel = loop.run_until_complete(
                open_channel(OWN_HOST, threaded=aio_tools.threaded)
            )
            if round_ % 2:
                waiting = loop.create_task(channel.recv())
                loop.run_until_complete(asyncio.sleep(0))
            stop = threading.Event()

            def flood(address=channel.local_addr, stop=stop):
                with plain_socket() as sender:
                    while not stop.is_set():
                        sender.sendto(b"x" * 20, address)
                        time.sleep(0.0001)

            sending = threading.Thread(target=flood, daemon=True)
            sending.start()
            some_came = functools.partial(lambda c: c.stats["received"] > 5, channel)
            if served_by == "loop":
                loop.run_until_complete(until(some_came))
            else:
                wait_for(some_came)
            if round_ % 2:
                loop.run_until_complete(waiting)
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()  # and not a word to the channel
            wait_for(lambda: channel.closed)
            wait_for(lambda: port_is_free(channel.local_addr))
            stop.set()
            sending.join()
        assert server_threads_are(0)
    finally:
        sys.unraisablehook = before
    assert unraisable == []


def test_opening_and_closing_leaves_nothing_behind():
    async def main():
        descriptors = len(os.listdir("/proc/self/fd"))
        for n in range(200):
            channel = await open_loopback(jitter_buffer=4 if n % 3 == 0 else None)
            (waiting,) = await receiving(channel)
            if n % 2:
                await channel.aclose()
            else:
                channel.close()
            with pytest.raises(RuntimeError):
                await waiting
        del channel, waiting
        gc.collect()
        assert server_threads_are(0)
        # The last to let go of the server's own descriptors may be a thread that is ending.
        await until(lambda: len(os.listdir("/proc/self/fd")) == descriptors)

    run(main())


def program(source, *flags):
    """What a program of its own says; nothing may go to stderr."""
    prologue = (
        "import asyncio, logging, os, sys, threading\n"
        "from rtpsynth.aio import open_channel\n"
        # In debug mode asyncio warns of a step that took 0.1 s, as it may on a busy machine.
        "logging.getLogger('asyncio').setLevel(logging.ERROR)\n"
    )
    # Since 3.12 Python warns of any fork() beside threads.
    flags = ("-W", "ignore:This process:DeprecationWarning", *flags)
    done = subprocess.run([sys.executable, *flags, "-c", prologue + textwrap.dedent(source)],
                          capture_output=True, text=True, timeout=2 * DEADLINE)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.split()


@pytest.mark.parametrize("flags", [(), ("-X", "dev", "-W", "error")])
def test_a_program_that_does_all_and_ends(flags):
    assert program("""
        async def main():
            async with await open_channel("127.0.0.1") as channel:
                await channel.set_target(*channel.local_addr)
                channel.send(b"fine")
                print((await channel.recv()).data.decode())
            global left_open
            left_open = await open_channel("127.0.0.1")
        asyncio.run(main())
    """, *flags) == ["fine"]


def test_a_program_that_ends_without_ending_its_loop():
    assert program("""
        loop = asyncio.new_event_loop()
        channel = loop.run_until_complete(open_channel("127.0.0.1"))
        waiting = loop.create_task(channel.recv())
        loop.run_until_complete(asyncio.sleep(0))
        waiting.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        print("ends")
    """) == ["ends"]


@forks_beside_threads
def test_the_child_of_a_fork_opens_channels_of_its_own():
    assert program("""
        from rtpsynth import _aio_home
        async def talk():
            async with await open_channel("127.0.0.1") as channel:
                await channel.set_target(*channel.local_addr)
                channel.send(b"alive")
                return (await channel.recv()).data.decode()
        loop = asyncio.new_event_loop()
        channel = loop.run_until_complete(open_channel("127.0.0.1"))
        held, done = threading.Event(), threading.Event()
        def hold():
            with _aio_home._lock:
                held.set()
                done.wait()
        holder = threading.Thread(target=hold)
        holder.start()
        held.wait()
        child = os.fork()
        if child == 0:
            print(asyncio.run(talk()), flush=True)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        done.set()
        holder.join()
        channel.close()
        print(loop.run_until_complete(talk()))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    """) == ["alive", "alive"]
