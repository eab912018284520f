"""Calls and the process: how programs end with calls open, fork() and other interpreters."""

import gc
import os
import threading

import pytest
from server_tools import forks_beside_threads, plain_socket, until
from test_exit import COMMON, run
from test_fork import in_child
from voice_tools import HOST, Heard, create_silent, open_silent, tone

from rtpsynth.RtpServer import RtpServer
from rtpsynth.voice import Source

import textwrap

RUNS = int(os.environ.get("RTPSYNTH_EXIT_RUNS", "2"))
OPEN = """
import asyncio
from rtpsynth.voice import open_call
server = RtpServer(tick_hz=None)
kept = []
def call(on_event, **options):
    there = server.create_call(on_event, "127.0.0.1", **options)
    kept.append(server.create_call(None, "127.0.0.1", peer=there.local_addr))
    kept.append(there)
    return there
"""
PROGRAMS = {
    "open_call": "call(lambda event: running.set()); running.wait()",
    "idle_call": "server.create_call(None, '127.0.0.1')",
    "callback_running": """
        def busy(event):
            running.set()
            while True:
                pass
        call(busy)
        running.wait()
    """,
    "callback_blocked": """
        def blocked(event):
            running.set()
            threading.Event().wait()
        call(blocked)
        running.wait()
    """,
    "callback_asleep": """
        def asleep(event):
            running.set()
            time.sleep(0.05)
        call(asleep)
        running.wait()
        atexit.register(time.sleep, 0.02)
    """,
    "callback_raises_into_a_hook_that_sleeps": """
        sys.unraisablehook = asleep_hook
        call(lambda event: 1 / 0)
        running.wait()
    """,
    "thread_plays": """
        c = call(None, play_queue=0.1)
        threading.Thread(target=lambda: (running.set(), c.play(bytes(16000 * 600))),
                         daemon=True).start()
        running.wait()
        time.sleep(0.05)
    """,
    "loop_left_open": """
        loop = asyncio.new_event_loop()
        async def main():
            there = await open_call(("127.0.0.1", 0), play_queue=0.1)
            here = await open_call(("127.0.0.1", 0), peer=there.local_addr)
            tasks = [loop.create_task(there.play(bytes(16000 * 60)))]
            await there.next_event()
            return there, here, tasks
        kept = loop.run_until_complete(main())
    """,
    "loop_ended": """
        async def main():
            global there
            there = await open_call(("127.0.0.1", 0))
        asyncio.run(main())
    """,
    "closed_by_an_object_that_dies_last": """
        class Late:
            def __init__(self):
                self.call = call(lambda event: self and running.set())
            def __del__(self):
                try:
                    self.call.close()
                except RuntimeError:
                    pass
        late = Late()
        running.wait()
        sys.modules["late"] = late
    """,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_ends(name):
    program = COMMON + OPEN + textwrap.dedent(PROGRAMS[name])
    for _ in range(RUNS):
        ended, now = run(program)
        assert ended.returncode == 0, ended.stderr
        for word in ("Fatal", "terminate", "Segmentation", "core dumped", "not rethrown"):
            assert word not in ended.stderr
        assert now - float(ended.stdout) < 10


@forks_beside_threads
def test_fork():
    heard = Heard()
    server = RtpServer(tick_hz=None)
    there = create_silent(server, heard)
    here = create_silent(server, peer=there.local_addr, idle="silence")
    assert isinstance(heard.next(), Source)

    def child():
        nonlocal there, here, server
        for use in (
            lambda: here.play(tone(20)), here.drained, here.clear, here.close, here.end_item,
            lambda: here.set_peer(HOST, 9), lambda: here.send_digits("1"), lambda: here.stats,
            lambda: here.quality, lambda: here.peer, lambda: here.set_codec("PCMU"),
            lambda: server.create_call(None, HOST),
        ):  # fmt: skip
            with pytest.raises(RuntimeError, match="fork"):
                use()
        with RtpServer(tick_hz=None) as mine:
            own_heard = Heard()
            own = create_silent(mine, own_heard)
            other = create_silent(mine, peer=own.local_addr, idle="silence")
            assert isinstance(own_heard.next(), Source)
            other.close()
        del there, here, server
        gc.collect()

    for _ in range(5):
        assert in_child(child) == 0
        count = len(heard.audio)
        assert until(lambda: len(heard.audio) > count)  # the parent's goes on
    server.shutdown()


@forks_beside_threads
def test_fork_in_a_callback():
    with RtpServer(tick_hz=None) as server:
        children, events = [], []

        def on_event(event):
            if not children:
                child = os.fork()
                if child == 0:
                    return
                children.append(child)
            events.append(event)

        there = create_silent(server, on_event)
        here = create_silent(server, peer=there.local_addr, idle="silence")
        assert until(lambda: children)
        assert os.waitpid(children[0], 0)[1] == 0
        count = len(events)
        assert until(lambda: len(events) > count + 3)
        here.close()


@forks_beside_threads
def test_fork_beside_a_loop_with_calls():
    import asyncio

    from aio_tools import run as run_loop

    async def talk():
        async with (
            await open_silent() as there,
            await open_silent(peer=there.local_addr, idle="silence") as here,
        ):
            await there.next_event()
            return here.closed

    async def main():
        async with (
            await open_silent() as there,
            await open_silent(peer=there.local_addr, idle="silence") as here,
        ):
            await there.next_event()

            def child():
                with pytest.raises(RuntimeError, match="fork"):
                    here.clear()
                asyncio._set_running_loop(None)
                assert asyncio.run(talk()) is False

            for _ in range(3):
                assert in_child(child) == 0
                await there.next_event()

    run_loop(main())


def test_another_interpreter_gets_an_import_error():
    from test_interpreters import COMMON as INTERPRETERS

    program = INTERPRETERS + textwrap.dedent("""
        import rtpsynth.voice
        from rtpsynth.RtpServer import RtpServer
        for _ in range(3):
            assert elsewhere("import rtpsynth.voice") == MAIN_ONLY
        with RtpServer(tick_hz=None) as server:
            server.create_call(None, "127.0.0.1").close()
        drop_all()
        from rtpsynth.voice import Audio, VoiceCall
        from rtpsynth.RtpServer import RtpServer
        came = threading.Event()
        with RtpServer(tick_hz=None) as server:
            there = server.create_call(lambda event: came.set(), "127.0.0.1")
            here = server.create_call(None, "127.0.0.1", peer=there.local_addr)
            assert came.wait(60)
    """)
    ended, _ = run(program)
    assert ended.returncode == 0, ended.stderr


def test_a_plain_phone_hears_a_program_that_computes():
    """A thread that holds the interpreter does not hold up what is sent."""
    with RtpServer(tick_hz=None) as server, plain_socket() as phone:
        call = create_silent(server, peer=phone.getsockname())
        call.play(tone(400))
        stop = threading.Event()

        def compute():
            while not stop.is_set():
                sum(range(100_000))

        computing = threading.Thread(target=compute)
        computing.start()
        assert [len(phone.recv(2000)) for _ in range(20)] == [172] * 20
        stop.set()
        computing.join()
        assert call.stats["sender"]["missed"] == 0 or call.stats["late_by_1ms"] > 0
