"""Nothing is left behind: sockets, threads, memory, references."""

import contextlib
import gc
import sys
import threading
import time
import tracemalloc
import weakref

import pytest
from server_tools import (
    DEADLINE, OWN_HOST, collected, descriptors, in_threads, open_to_itself, plain_socket, threads,
    unraisable, until,
)  # fmt: skip

from rtpsynth.RtpProc import ChannelProcError, RtpProc
from rtpsynth.RtpServer import RtpServer

MANY = 10_000


class Session:
    """What applications look like: it has a channel and a timer, which call its methods."""

    def __init__(self, server, proc):
        self.channel = server.create_channel(self.pkt_in, bind_host="127.0.0.1")
        self.timer = proc.create_channel(self.proc_in)
        self.frames = server.create_channel(
            frames_in=self.frames_in, jitter_buffer=4, bind_host="127.0.0.1"
        )

    def pkt_in(self, data, address, rtime):
        pass

    def proc_in(self, now, deadline):
        return now + 20_000_000

    def frames_in(self, frames):
        pass

    def close(self):
        self.channel.close()
        self.timer.close()
        self.frames.close()


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "dropped"])
def test_ten_thousand_sessions_leave_nothing(closed):
    server, proc = RtpServer(), RtpProc()

    def some(n):
        for _ in range(n):
            session = Session(server, proc)
            if closed:
                session.close()
            alive.add(session)
            del session
            if not closed and len(alive) % 100 == 0:
                gc.collect()
        assert until(lambda: collected() and len(alive) == 0)

    alive = weakref.WeakSet()
    some(200)  # what is made once is made
    before = descriptors(), threads()
    tracemalloc.start()
    some(100)
    memory = tracemalloc.get_traced_memory()[0]
    some(MANY // 3)  # of three channels each
    grown = tracemalloc.get_traced_memory()[0] - memory
    tracemalloc.stop()
    assert until(lambda: descriptors() == before[0] and threads() <= before[1])
    assert grown < 100_000
    assert server.stats["open_channels"] == 0
    assert until(lambda: proc.stats["channels"] == 0)
    server.shutdown()
    proc.shutdown()


def test_threads_are_those_documented():
    before = threads()
    server = RtpServer()
    assert len(threads() - before) == 2
    channels = [server.create_channel(print) for _ in range(10)]
    server.create_channel(frames_in=print, jitter_buffer=1)
    proc = RtpProc()
    assert len(threads() - before) == 3
    timers = [proc.create_channel(lambda now, deadline: now) for _ in range(3)]
    assert len(threads() - before) == 3
    server.shutdown()
    proc.shutdown()
    assert until(lambda: threads() <= before)
    assert len(channels) == 10 and len(timers) == 3
    with RtpServer() as server:
        assert server.create_channel(print).closed is False
    with RtpProc() as proc:
        proc.create_channel(lambda now, deadline: None)
    assert until(lambda: threads() <= before)


def test_server_lives_as_long_as_its_channels():
    threads_before, descriptors_before = threads(), descriptors()
    got = threading.Event()
    channel = open_to_itself(RtpServer(), lambda *packet: got.set())
    gc.collect()
    channel.send_pkt(b"x")
    assert got.wait(DEADLINE)
    del channel
    gc.collect()
    assert until(lambda: threads() <= threads_before and descriptors() == descriptors_before)


def test_a_server_that_is_its_channels_application_is_collected():
    class Application(RtpServer):
        def __init__(self):
            super().__init__()
            self.channel = self.create_channel(self.pkt_in)
            self.timer = RtpProc().create_channel(self.proc_in)

        def pkt_in(self, *packet):
            pass

        def proc_in(self, now, deadline):
            return now + 1_000_000

    RtpProc()
    threads_before, descriptors_before = threads(), descriptors()
    for _ in range(20):
        dead = weakref.ref(Application())
        assert until(lambda: collected() and dead() is None)  # it may be called back just now
    assert until(lambda: threads() <= threads_before and descriptors() == descriptors_before)
    RtpProc().shutdown()


def test_initialised_twice():
    server = RtpServer()
    channel = server.create_channel(print)
    server.__init__(None)
    assert server.tick_ns is None and channel.closed is False
    with pytest.raises(ValueError):
        server.__init__(0)
    assert server.tick_ns is None
    server.shutdown()
    channel.close()


def test_callback_is_released_on_close_and_shutdown():
    def callback(*packet):
        pass

    held = sys.getrefcount(callback)
    server = RtpServer()
    channel = server.create_channel(callback)
    assert sys.getrefcount(callback) == held + 1
    channel.close()
    assert sys.getrefcount(callback) == held
    channel = server.create_channel(callback)
    server.shutdown()
    del channel
    assert sys.getrefcount(callback) == held
    with pytest.raises(ValueError):
        server2 = RtpServer()
        server2.create_channel(callback, queue_size=3)
    with pytest.raises(OSError), plain_socket() as s:
        server2.create_channel(callback, bind_host="127.0.0.1", bind_port=s.getsockname()[1])
    assert sys.getrefcount(callback) == held
    server2.shutdown()


def test_a_channel_dropped_in_its_own_callback_is_closed():
    with RtpServer(None) as server:
        holder, dead = [], threading.Event()

        def drop(data, address, rtime):
            weakref.finalize(holder.pop(), dead.set)

        holder.append(open_to_itself(server, drop))
        address = holder[0].local_addr
        holder[0].send_pkt(b"x")
        assert dead.wait(DEADLINE)
        assert until(lambda: server.stats["open_channels"] == 0)
        with plain_socket() as s:
            s.connect(address)


def flooded(channel, s, stop):
    """Sends to a channel's address until told to stop, also when there is no channel any more."""
    address = channel.local_addr

    def send():
        while not stop.is_set():
            with contextlib.suppress(OSError):
                s.sendto(b"x", address)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.mark.parametrize("kind", ["channel", "timer"])
def test_a_weak_reference_that_is_told_of_the_end(kind):
    """Its callback lets other threads run when the object is no more, and not yet gone."""
    with RtpServer(None) as server, RtpProc() as proc, plain_socket() as s:
        for _ in range(5):
            told, stop = threading.Event(), threading.Event()

            def tell(reference):
                time.sleep(0.03)
                told.set()

            if kind == "channel":
                dying = server.create_channel(lambda *packet: None, bind_host=OWN_HOST)
                thread = flooded(dying, s, stop)
            else:
                dying = proc.create_channel(lambda now, deadline: now)
            reference = weakref.ref(dying, tell)
            del dying
            assert told.wait(DEADLINE) and reference() is None
            if kind == "channel":
                stop.set()
                thread.join()
        assert until(lambda: server.stats["open_channels"] == 0)
        assert until(lambda: proc.stats["channels"] == 0)


def test_garbage_that_is_called_back_while_it_is_collected():
    """Other channels of the cycle let go of the interpreter when they are closed."""

    class Application:
        def pkt_in(self, *packet):
            pass

    with RtpServer(None) as server, plain_socket() as s:
        for _ in range(5):
            stop = threading.Event()
            application = Application()
            channel = server.create_channel(application.pkt_in, bind_host=OWN_HOST)
            thread = flooded(channel, s, stop)
            others = [server.create_channel(print, bind_host="127.0.0.1") for _ in range(30)]
            application.cycle = [channel, *others]
            application.cycle.append(application.cycle)
            del application, channel, others
            gc.collect()
            stop.set()
            thread.join()
            # One that was being called back then is garbage of the next collection.
            assert until(lambda: collected() and server.stats["open_channels"] == 0)


def test_a_deadline_that_refers_to_its_channel():
    class Deadline(int):
        pass

    with RtpProc() as proc:
        given = []
        channel = proc.create_channel(
            lambda now, deadline: given.append(Deadline(now + 10**12)) or given[0]
        )
        given.pop().channel = channel
        dead = weakref.ref(channel)
        del channel
        gc.collect()
        assert dead() is None


def test_error_of_a_timer_that_nobody_closes_is_told_once():
    with unraisable() as seen, RtpProc() as proc:
        channel = proc.create_channel(lambda now, deadline: 1 / 0)
        del channel
        gc.collect()
        assert [kind for kind, *_ in seen] == [ChannelProcError]
        channel = proc.create_channel(lambda now, deadline: 1 / 0)
        with pytest.raises(ChannelProcError) as caught:
            channel.close()
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
        del channel, caught
        gc.collect()
        assert len(seen) == 1


def test_collection_while_packets_arrive():
    """Cycles are collected in one thread while others receive for them."""
    with RtpServer(None) as server:

        def churn():
            for _ in range(100):
                session = Session.__new__(Session)
                session.channel = open_to_itself(server, session.pkt_in)
                for _ in range(5):
                    session.channel.send_pkt(b"x")
                del session
                gc.collect()

        assert in_threads([churn] * 4, 60) == []
        assert until(lambda: collected() and server.stats["open_channels"] == 0)
