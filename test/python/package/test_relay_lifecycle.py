"""RtpRelay's life: callbacks, close, garbage, fork() and the ends of programs."""

import gc
import socket
import subprocess
import sys
import textwrap
import threading
import time
import weakref

import pytest
from relay_tools import leg, phones, relaying
from server_tools import (DEADLINE, collected, descriptors, forks_beside_threads, in_threads,
                          unraisable, until)
from test_fork import in_child

from rtpsynth.relay import RtpRelay
from rtpsynth.RtpServer import RtpServer

TIMEOUT = 100_000_000


@pytest.fixture
def quick():
    with RtpServer(None) as server:
        yield server


def silent_relay(server, callback, **options):
    """One whose legs are silent after 0.1 s."""
    return RtpRelay(server, leg(), leg(), media_timeout_ns=TIMEOUT, on_media_timeout=callback,
                    **options)


def test_what_callbacks_raise_is_told_and_the_relay_lives_on(quick):
    calls = []

    def on_media_timeout(relay, side):
        calls.append(side)
        raise ValueError("of the callback")

    with unraisable() as seen:
        relay = silent_relay(quick, on_media_timeout)
        assert until(lambda: len(seen) == 2)
    assert seen == [(ValueError, "of the callback", on_media_timeout)] * 2
    assert quick.stats["handler_exceptions"] == 2
    assert sorted(calls) == ["a", "b"] and not relay.closed


def test_close():
    with phones() as (a, _), relaying(leg(a.addr)) as relay:
        addr = relay.local_addr("a")
        a.send(addr)
        assert until(lambda: relay.stats("a")["received"] == 1)
        assert relay.closed is False
        relay.close()
        assert relay.closed is True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(addr)  # free on return
        assert relay.local_addr("a") == addr and relay.stats("a")["received"] == 1
        for use in (relay.close, lambda: relay.set_peer("a", addr),
                    lambda: relay.set_crypto("a", None, None)):
            with pytest.raises(RuntimeError, match="relay is closed"):
                use()
        with relay:
            pass  # closed already, and no error


def test_close_that_calls_back(quick):
    done = threading.Event()
    told = []

    def closed(relay, error):
        told.append((relay, error))
        done.set()

    relay = RtpRelay(quick, leg(), leg())
    assert quick.stats["open_channels"] == 2
    relay.close(closed)
    assert relay.closed
    with pytest.raises(RuntimeError, match="relay is closed"):
        relay.close(closed)
    assert done.wait(DEADLINE)
    assert told == [(relay, None)]
    assert quick.stats["open_channels"] == 0


def test_close_in_a_callback_means_no_further_one(quick):
    calls = []

    def on_media_timeout(relay, side):
        calls.append(side)
        relay.close()

    silent_relay(quick, on_media_timeout)  # which nothing else keeps
    kept = silent_relay(quick, on_media_timeout)
    assert until(lambda: calls and kept.closed)
    time.sleep(0.2)
    assert calls in (["a"], ["b"])
    assert quick.stats["open_channels"] == 0


def test_a_callback_may_do_anything(quick):
    """Opens another relay, closes that, drops what keeps its own, and collects garbage."""
    ended = threading.Event()
    kept = []

    def on_media_timeout(relay, side):
        other = silent_relay(quick, print)
        other.close(lambda o, error: ended.set())
        kept.clear()
        kept.append(other)
        gc.collect()

    kept.append(silent_relay(quick, on_media_timeout))
    assert ended.wait(DEADLINE)
    kept.clear()
    assert until(lambda: collected() and quick.stats["open_channels"] == 0)


def test_a_relay_that_nobody_refers_to_is_collected(quick):
    class Owner:
        def __init__(self):
            self.relay = silent_relay(quick, self.on_media_timeout,
                                      on_source_changed=self.on_source_changed)

        def on_media_timeout(self, relay, side):
            pass

        def on_source_changed(self, relay, side, source):
            pass

    before = descriptors()
    owner = weakref.ref(Owner())
    relay = weakref.ref(RtpRelay(quick, leg(), leg()))
    assert relay() is None
    gc.collect()
    assert owner() is None
    assert quick.stats["open_channels"] == 0 and descriptors() == before


def test_shutdown():
    server = RtpServer(None)
    calls = []
    relay = silent_relay(server, lambda *args: calls.append(args))
    server.shutdown()
    assert relay.closed is False
    for use in (relay.close, lambda: relay.set_peer("a", ("127.0.0.1", 9))):
        with pytest.raises(RuntimeError, match="shutdown"):
            use()
    with relay:
        pass
    assert relay.stats("a")["received"] == 0
    with pytest.raises(RuntimeError):
        RtpRelay(server, leg(), leg())
    del relay
    assert calls == []


def test_a_callback_that_never_returns(quick):
    begun, end = threading.Event(), threading.Event()

    def on_media_timeout(relay, side):
        begun.set()
        end.wait(DEADLINE)

    with phones() as (a, b):
        relay = RtpRelay(quick, leg(a.addr), leg(b.addr), media_timeout_ns=TIMEOUT,
                         on_media_timeout=on_media_timeout)
        assert begun.wait(DEADLINE)
        a.send(relay.local_addr("a"), 50)  # goes on without Python
        for _ in range(50):
            b.receive()
        relay.close()
        end.set()


def test_from_many_threads(quick):
    with phones() as (a, b):
        relays = [RtpRelay(quick, leg(a.addr), leg(b.addr), media_timeout_ns=TIMEOUT,
                           on_media_timeout=lambda r, side: r.stats(side),
                           on_source_changed=lambda r, side, source: r.target(side))
                  for _ in range(8)]
        stop = threading.Event()

        def use():
            while not stop.is_set():
                for relay in relays:
                    relay.stats("a")
                    relay.source_stats("b")
                    relay.target("a")

        def change():
            for i in range(200):
                relay = relays[i % len(relays)]
                a.send(relay.local_addr("a"))
                relay.set_peer("b", b.addr if i % 2 else a.addr)
            for i, relay in enumerate(relays):
                relay.close(None if i % 2 else lambda r, error: None)
            stop.set()

        assert in_threads([use, use, change]) == []
    assert until(lambda: quick.stats["open_channels"] == 0)


@forks_beside_threads
def test_fork(quick):
    relay = silent_relay(quick, print)

    def child():
        nonlocal relay
        for use in (lambda: relay.stats("a"), lambda: relay.target("a"), relay.close,
                    lambda: relay.local_addr("a"), lambda: relay.set_peer("a", ("127.0.0.1", 9)),
                    lambda: RtpRelay(quick, leg(), leg())):
            with pytest.raises(RuntimeError, match="before fork"):
                use()
        relay = None
        gc.collect()
        done = threading.Event()
        with RtpServer(None) as server:
            other = silent_relay(server, lambda r, side: done.set())
            assert done.wait(DEADLINE)
            other.close()

    assert in_child(child) == 0
    relay.close()


def test_a_program_that_ends_with_relays():
    program = textwrap.dedent("""
        import threading, time
        from rtpsynth.relay import LegOptions, RtpRelay
        from rtpsynth.RtpServer import RtpServer

        server = RtpServer(None)
        called = threading.Event()
        def on_media_timeout(relay, leg):
            called.set()
            time.sleep(3600 if leg == "b" else 0)
        relays = [RtpRelay(server, LegOptions(bind_host="127.0.0.1"), LegOptions(),
                           media_timeout_ns=100_000_000, on_media_timeout=on_media_timeout)
                  for _ in range(10)]
        relays[0].close(lambda relay, error: None)
        assert called.wait(60)
    """)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                           timeout=2 * DEADLINE, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
