"""fork(): in a program with servers and timers, and in their callbacks."""

import gc
import os
import signal
import sys
import threading

import pytest
from server_tools import DEADLINE, forks_beside_threads, open_to_itself, until

from rtpsynth.RtpProc import RtpProc
from rtpsynth.RtpServer import RtpServer


def in_child(function):
    """Runs a function in a forked child; says what became of it."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.alarm(int(DEADLINE))
            function()
            status = 0
        except BaseException as e:  # noqa: BLE001
            print(repr(e), file=sys.stderr)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@forks_beside_threads
@pytest.mark.parametrize("busy", [False, True])
def test_fork(busy):
    got, child_got = threading.Event(), threading.Event()
    server, proc = RtpServer(None), RtpProc()
    stop = threading.Event()

    def again(data, address, rtime):
        got.set()
        if busy and not stop.is_set():
            channel.send_pkt(data)

    channel = open_to_itself(server, again)
    timer = proc.create_channel(lambda now, deadline: now + 100_000)
    channel.send_pkt(b"x")
    assert got.wait(DEADLINE)

    def child():
        nonlocal server, proc, channel, timer
        for use in (
            lambda: channel.send_pkt(b"x"),
            lambda: channel.set_target("127.0.0.1", 9),
            channel.close,
            lambda: channel.stats,
            lambda: server.stats,
            lambda: proc.stats,
            lambda: server.create_channel(print),
            lambda: proc.create_channel(print),
        ):
            with pytest.raises(RuntimeError, match="fork"):
                use()
        server.shutdown()
        proc.shutdown()
        timer.close()
        assert RtpProc() is not proc
        with RtpServer() as mine, RtpProc() as my_proc:
            own = open_to_itself(mine, lambda *packet: child_got.set())
            own.send_pkt(b"x")
            assert child_got.wait(DEADLINE)
            calls = []
            my_proc.create_channel(lambda now, deadline: calls.append(now))
            assert len(calls) == 1
        del server, proc, channel, timer
        gc.collect()

    for _ in range(10):
        assert in_child(child) == 0
        got.clear()
        channel.send_pkt(b"x")
        assert got.wait(DEADLINE)  # the parent's goes on
    stop.set()
    server.shutdown()
    proc.shutdown()


@forks_beside_threads
def test_fork_in_a_callback():
    with RtpServer() as server:
        statuses = []
        done = threading.Event()

        def fork(data, address, rtime):
            statuses.append(in_child(lambda: RtpServer().shutdown()))
            done.set()

        channel = open_to_itself(server, fork)
        channel.send_pkt(b"x")
        assert done.wait(2 * DEADLINE)
        assert statuses == [0]


@forks_beside_threads
def test_child_that_returns_from_a_callback_ends():
    with RtpServer(None) as server:
        children, received = [], []

        def pkt_in(data, address, rtime):
            if not children:
                child = os.fork()
                if child == 0:
                    return
                children.append(child)
            received.append(data)

        channel = open_to_itself(server, pkt_in)
        channel.send_pkt(b"x")
        assert until(lambda: received)
        assert os.waitpid(children[0], 0)[1] == 0
        channel.send_pkt(b"y")
        assert until(lambda: len(received) == 2)


@forks_beside_threads
def test_child_that_returns_from_proc_in_ends():
    children, calls = [], []

    def proc_in(now, deadline):
        calls.append(now)
        if len(calls) == 3:
            child = os.fork()
            if child == 0:
                return now
            children.append(child)
        return now + 1_000_000

    channel = RtpProc().create_channel(proc_in)
    assert until(lambda: children)
    assert os.waitpid(children[0], 0)[1] == 0
    assert until(lambda: len(calls) > 10)
    channel.close()
