"""Calls with any arguments, every method from inside a callback, and anything at once."""

import array
import random
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from server_tools import DEADLINE, in_threads, unraisable, until
from voice_tools import HOST, create_silent, tone

from rtpsynth import _rtpsynth
from rtpsynth.RtpServer import RtpServer
from rtpsynth.voice import Codec, open_call

EXPECTED = (TypeError, ValueError, OverflowError, MemoryError, OSError, NotImplementedError)
SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None
)

ANY = (
    st.none() | st.booleans() | st.integers() | st.integers(-5, 200) | st.floats() | st.text()
    | st.binary(max_size=9) | st.just("PCMU") | st.tuples(st.text(max_size=4), st.integers())
    | st.lists(st.text(max_size=8), max_size=3) | st.just(object()) | st.just((HOST, 9))
    | st.tuples(st.sampled_from(["L16/8000", "opus", "", "\0"]), st.none() | st.integers(-1, 200))
)  # fmt: skip
NAMES = [row[0] for row in _rtpsynth._options["create_call"] if row[0] not in ("peer", "bind_host")]


@pytest.fixture(scope="module")
def shared():
    with RtpServer(tick_hz=None) as server:
        yield server, server.create_call(None, HOST, peer=(HOST, 9), play_queue=0.1)


@SETTINGS
@given(st.dictionaries(st.sampled_from(NAMES), ANY, max_size=3))
def test_any_options(shared, options):
    if options.get("audio_queue", 0) == 1 << 40:
        return
    try:
        call = shared[0].create_call(**{"bind_host": HOST, **options})
    except EXPECTED as e:
        assert str(e) or isinstance(e, MemoryError)
    else:
        call.close()


@SETTINGS
@given(
    st.sampled_from(
        ["send_digits", "set_codec", "set_srtp", "set_play_rate", "play", "_cancel", "drained"]
    ),
    st.lists(ANY, max_size=4),
)
def test_any_arguments(shared, name, arguments):
    if name == "play":
        arguments = [*arguments[:2], 0]
    if name == "drained":
        arguments = arguments[:1] or [0]
        if arguments[0] is None or arguments[0] is True or arguments[0]:
            return  # it may wait
    try:
        getattr(shared[1], name)(*arguments)
    except EXPECTED:
        pass
    except TimeoutError:
        shared[1].clear()
    shared[1].clear()


@pytest.mark.parametrize(
    "options, error, text",
    [
        ({"rate": 11025}, ValueError, "whole number of samples"),
        ({"rate": 7999}, ValueError, "rate must be 8000..96000"),
        ({"ptime_ms": 0}, ValueError, "ptime_ms must be 1..120"),
        ({"codec": "NOPE"}, ValueError, "NOPE"),
        ({"codec": "opus"}, ValueError, "opus/48000/2|payload_type"),
        ({"codec": []}, ValueError, "codec must have one"),
        ({"codec": 5}, TypeError, "codec must be a str, a Codec"),
        ({"codec": [5]}, TypeError, "codec must be a str or a Codec"),
        ({"codec": Codec("L16/8000", 128)}, ValueError, "payload_type must be 0..127"),
        ({"codec": Codec("L16/8000", 101)}, ValueError, "given twice"),
        ({"dtmf": 128}, ValueError, "dtmf must be 0..127"),
        ({"latch": "maybe"}, ValueError, "latch must be 'none', 'once' or 'follow', not 'maybe'"),
        ({"idle": 1}, TypeError, "idle"),
        ({"peer": "host"}, TypeError, "peer must be"),
        ({"peer": (HOST, 0)}, ValueError, "port must be 1..65535"),
        ({"play_queue": float("nan")}, ValueError, "play_queue must be"),
        ({"play_queue": "x"}, TypeError, "play_queue must be"),
        ({"srtp": "x"}, TypeError, "srtp must be a tuple"),
        ({"on_event": 5}, TypeError, "on_event must be callable"),
        ({"idle": "comfort_noise", "noise": None}, ValueError, "noise"),
    ],
)
def test_errors_name_the_argument(shared, options, error, text):
    with pytest.raises(error, match=text):
        shared[0].create_call(bind_host=HOST, **options)


def test_arguments_of_methods(shared):
    call = shared[1]
    for bad in ("x", "12E", "\u0664", "1" * 100_000):
        with pytest.raises(ValueError, match="digits"):
            call.send_digits(bad)
    for bad in (b"\0", bytearray(3)):
        with pytest.raises(ValueError, match="pcm"):
            call.play(bad)
    for bad in (None, "text", 5, array.array("f", [1.0])):
        with pytest.raises(TypeError, match="pcm"):
            call.play(bad)
    assert call.play(memoryview(bytes(40))[1:-1][:20]) is True  # not aligned
    assert call.play(b"") is True
    for bad in (-1, 1 << 64):
        with pytest.raises(ValueError, match="item"):
            call.play(b"", bad)
    with pytest.raises(TypeError, match="item"):
        call.play(b"", "1")
    for bad in (-1, float("nan"), 1e9):
        with pytest.raises(ValueError, match="timeout"):
            call.play(b"", timeout=bad)
    for bad in (3999, 384001):
        with pytest.raises(ValueError, match="rate must be 4000..384000"):
            call.set_play_rate(bad)
    with pytest.raises(TypeError, match="cannot create"):
        type(call)()
    call.clear()
    no_digits = shared[0].create_call(None, HOST, dtmf=None)
    with pytest.raises(ValueError, match="dtmf"):
        no_digits.send_digits("1")


class Stage:
    """A server with calls that talk to each other, and what can be done with them."""

    def __init__(self, server):
        self.server = server
        self.there = create_silent(server, lambda event: None)
        self.here = create_silent(server, peer=self.there.local_addr, idle="silence", play_queue=0.1)

    def actions(self):
        here, there, server = self.here, self.there, self.server
        return {
            "create": lambda: create_silent(server, print),
            "create_and_close": lambda: create_silent(server, print).close(),
            "play": lambda: here.play(tone(20), timeout=0.5),
            "play_more": lambda: here.play(tone(300), timeout=0.2),
            "drained": lambda: here.drained(timeout=0.2),
            "clear": here.clear,
            "digits": lambda: here.send_digits("1"),
            "peer": lambda: here.set_peer("localhost", 9),
            "codec": lambda: here.set_codec("PCMA"),
            "attributes": lambda: (here.stats, here.quality.mos, here.peer, there.closed),
            "close": here.close,
            "close_own": there.close,
            "shutdown": server.shutdown,
        }


@pytest.mark.parametrize("action", list(Stage.actions(Stage(RtpServer(tick_hz=None)))))
def test_from_a_callback(action):
    with RtpServer(tick_hz=None) as server, unraisable() as told:
        stage, took, done = Stage(server), [], threading.Event()

        def on_event(event):
            if done.is_set():
                return
            began = time.monotonic()
            try:
                stage.actions()[action]()
            except TimeoutError:
                pass
            finally:
                took.append(time.monotonic() - began)
                done.set()

        own = stage.there = create_silent(server, on_event)
        stage.here.set_peer(*own.local_addr)
        assert done.wait(DEADLINE)
        assert took[0] < 10
        if action != "shutdown":
            server.create_call(None, HOST).close()
        assert told == []


@pytest.mark.parametrize("seed", range(3))
def test_anything_at_once(seed):
    with RtpServer(tick_hz=None) as server, unraisable() as told:
        stage = Stage(server)

        def act(number):
            chance = random.Random(seed * 100 + number)
            for _ in range(60):
                name = chance.choice(list(stage.actions()))
                if name == "shutdown":
                    continue
                try:
                    stage.actions()[name]()
                except (RuntimeError, TimeoutError):
                    pass
                if stage.here.closed or stage.there.closed:
                    stage.__init__(server)

        def ends():
            time.sleep(chance_of_end)
            server.shutdown()

        chance_of_end = random.Random(seed).uniform(0.1, 2)

        def guarded(number):
            try:
                act(number)
            except RuntimeError:
                pass  # it was shut down in Stage

        raised = in_threads([lambda n=n: guarded(n) for n in range(6)] + [ends])
        assert raised == []
        assert told == []


def test_events_of_a_call_that_is_closed_while_they_come():
    with RtpServer(tick_hz=None) as server, unraisable() as told:
        for _ in range(100):
            heard = []
            there = create_silent(server, heard.append)
            here = create_silent(server, peer=there.local_addr, idle="silence")
            if random.random() < 0.3:
                assert until(lambda: heard)  # noqa: B023
            there.close()
            here.close()
        assert told == []


def test_open_call_checks_before_it_opens():
    import asyncio

    async def main():
        for bad in ({"rate": 1}, {"latch": "x"}, {"codec": 3}, {"ptime_ms": "x"}, {"srtp": 5}):
            with pytest.raises((TypeError, ValueError)):
                await open_call((HOST, 0), **bad)

    asyncio.run(main())
