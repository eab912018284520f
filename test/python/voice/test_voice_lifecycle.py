"""Calls leave nothing behind: sockets, threads, memory, references. Loops end while calls are open."""

import asyncio
import gc
import sys
import threading
import tracemalloc
import warnings
import weakref

import pytest
from aio_tools import port_is_free, run, server_threads_are, until as until_in_loop
from server_tools import collected, descriptors, plain_socket, threads, unraisable, until
from voice_tools import HOST, create_silent, open_silent, rtp, tone

from rtpsynth.RtpServer import RtpServer
from rtpsynth.voice import Audio, Call, open_call


class Phone:
    """What applications look like: it has a call, which calls its method."""

    def __init__(self, server, **options):
        self.call = create_silent(server, self.on_event, **options)

    def on_event(self, event):
        pass


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "dropped"])
def test_many_calls_leave_nothing(closed):
    server = RtpServer(tick_hz=None)
    alive = weakref.WeakSet()

    def some(n):
        for _ in range(n):
            phone = Phone(server)
            phone.call.play(tone(20))
            if closed:
                phone.call.close()
            alive.add(phone)
            del phone
            if not closed and len(alive) % 100 == 0:
                gc.collect()
        assert until(lambda: collected() and len(alive) == 0)

    some(200)  # what is made once is made
    before = descriptors(), threads()
    tracemalloc.start()
    some(100)
    memory = tracemalloc.get_traced_memory()[0]
    some(1000)
    grown = tracemalloc.get_traced_memory()[0] - memory
    tracemalloc.stop()
    assert until(lambda: descriptors() <= before[0] and threads() <= before[1])
    assert grown < 100_000
    assert server.stats["open_channels"] == 0
    server.shutdown()


def test_the_callback_is_released():
    def on_event(event):
        pass

    held = sys.getrefcount(on_event)
    server = RtpServer(tick_hz=None)
    call = server.create_call(on_event, HOST)
    assert sys.getrefcount(on_event) == held + 1
    call.close()
    assert sys.getrefcount(on_event) == held
    call = server.create_call(on_event, HOST)
    server.shutdown()
    del call
    server = RtpServer(tick_hz=None)
    for bad in ({"rate": 8001}, {"codec": "none"}, {"codec": []}):
        with pytest.raises(ValueError):
            server.create_call(on_event, HOST, **bad)
    with pytest.raises(OSError), plain_socket() as s:
        server.create_call(on_event, HOST, s.getsockname()[1])
    assert sys.getrefcount(on_event) == held
    server.shutdown()


def test_a_call_that_its_callback_drops_is_closed():
    with RtpServer(tick_hz=None) as server, plain_socket() as phone:
        kept, dropped = [], threading.Event()

        def on_event(event):
            kept.clear()
            dropped.set()

        kept.append(create_silent(server, on_event))
        address, gone = kept[0].local_addr, weakref.ref(kept[0])
        for seq in range(3):
            phone.sendto(rtp(seq), address)
        assert dropped.wait(60)
        assert until(lambda: gone() is None and port_is_free(address))


def test_a_call_lives_as_long_as_it_is_used_without_its_server():
    before = threads()
    call = RtpServer(tick_hz=None).create_call(None, HOST)
    gc.collect()
    with plain_socket() as phone:
        call.set_peer(*phone.getsockname())
        assert len(phone.recv(2000)) == 172
    del call
    assert until(lambda: collected() and threads() <= before)


def test_collections_while_events_arrive():
    with RtpServer(tick_hz=None) as server, unraisable() as told:
        phones = [Phone(server) for _ in range(20)]
        others = [create_silent(server, peer=p.call.local_addr, idle="silence") for p in phones]
        for _ in range(200):
            phones.pop(0)
            phones.append(Phone(server))
            others[0].set_peer(*phones[-1].call.local_addr)
            others.append(others.pop(0))
            gc.collect()
        assert told == []


def test_a_call_of_a_loop_that_is_dropped_is_closed_with_a_warning():
    async def main():
        call = await open_silent()
        await call.play(tone(20))
        address, gone = call.local_addr, weakref.ref(call)
        with pytest.warns(ResourceWarning, match=r"unclosed <Call 127.0.0.1:\d+>"):
            del call
        assert gone() is None and port_is_free(address) and server_threads_are(0)
        for _ in range(50):
            call = await open_silent()
            gone = weakref.ref(call)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                del call
            assert gone() is None

    run(main())


def test_a_call_in_a_cycle_with_who_waits_for_it_is_collected():
    class MyCall(Call):
        pass

    async def main():
        call = MyCall(asyncio.get_running_loop())
        await call._open({"bind_host": HOST, "idle": "nothing"})
        call.myself = call
        call.waiting = call.next_event()
        call.waiting.send(None)  # waits, in no task
        address, gone = call.local_addr, weakref.ref(call)
        del call
        with pytest.warns(ResourceWarning, match="unclosed"):
            gc.collect()
        assert gone() is None and port_is_free(address) and server_threads_are(0)

    run(main())


def test_what_waits_is_dropped_with_the_call():
    async def main():
        async with (
            await open_silent() as there,
            await open_silent(peer=there.local_addr) as here,
        ):
            await here.play(tone(100))
            await until_in_loop(lambda: there.stats["playout"]["received"] >= 5)
            there.close()
            with pytest.raises(RuntimeError, match="call is closed"):
                await there.next_event()
            gc.collect()
            assert not [item for item in gc.get_objects() if isinstance(item, Audio)]

    run(main())


def test_the_end_of_the_loop_closes_its_calls():
    left_open = []

    async def main():
        left_open.extend([await open_silent(play_queue=0.1) for _ in range(3)])
        left_open.append(asyncio.create_task(left_open[0].play(tone(9000))))
        left_open.append(asyncio.create_task(left_open[0].next_event()))
        await asyncio.sleep(0.05)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(main())
        calls, tasks = left_open[:3], left_open[3:]
        assert all(task.cancelled() for task in tasks)
        assert all(call.closed and port_is_free(call.local_addr) for call in calls)
        assert server_threads_are(0)
        for call in calls:
            call.close()
        calls.clear()
        left_open.clear()
        gc.collect()


def test_a_loop_that_is_closed_while_audio_arrives():
    with RtpServer(tick_hz=None) as server, unraisable() as told:
        for round_ in range(10):
            loop = asyncio.new_event_loop()
            call = loop.run_until_complete(open_silent(play_queue=0.1))
            other = create_silent(server, peer=call.local_addr, idle="silence")
            waits = []
            if round_ % 2:
                waits = [loop.create_task(call.next_event()), loop.create_task(call.play(tone(999)))]
            loop.run_until_complete(until_in_loop(lambda: call.stats["rtp"]["received"] > 3))
            if round_ % 2:
                for task in waits:
                    task.cancel()
                loop.run_until_complete(asyncio.gather(*waits, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()  # and not a word to the call
            assert until(lambda: call.closed and port_is_free(call.local_addr))
            other.close()
    assert server_threads_are(0)
    assert told == []


def test_loops_in_other_threads_have_threads_of_their_own():
    def talk():
        async def main():
            async with (
                await open_silent() as there,
                await open_silent(peer=there.local_addr) as here,
            ):
                await here.play(tone(100))
                count = 0
                async for event in there:
                    count += isinstance(event, Audio)
                    if count == 5:
                        break

        run(main())

    from server_tools import in_threads

    assert in_threads([talk] * 4) == []
    assert server_threads_are(0)


def test_a_call_closed_in_another_thread_and_after_the_loop():
    async def main():
        call = await open_silent()
        await asyncio.to_thread(call._native.close)  # as a garbage collection may do anywhere
        with pytest.raises(RuntimeError):
            await call.play(b"")
        call.close()
        return await open_silent()

    run(main()).close()


def test_an_error_leaves_nothing_open():
    async def main():
        for bad in ({"rate": 8001}, {"codec": "none"}, {"peer": ("no.such.host.invalid", 9)}):
            with pytest.raises((ValueError, OSError)):
                await open_call((HOST, 0), **bad)
        assert server_threads_are(0)

    before = descriptors()
    run(main())
    assert until(lambda: collected() and descriptors() <= before)


def test_a_loop_without_add_reader_is_told():
    class Poor(asyncio.SelectorEventLoop):
        def add_reader(self, *args):
            if "poll" in repr(args):
                raise NotImplementedError
            return super().add_reader(*args)

    async def main():
        with pytest.raises(RuntimeError, match="add_reader"):
            await open_silent()
        assert server_threads_are(0)

    loop = Poor()
    loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
