"""Which of RtpServer's two threads serves the sockets, and when."""

import os
import threading
import time

import pytest
from server_tools import open_to_itself, plain_socket, until

from rtpsynth.RtpServer import RtpServer

WAITS_FOR_SOCKETS = {"232", "281", "441"}  # epoll_wait, epoll_pwait, epoll_pwait2 of x86-64
SLEEPS = {"202"}  # futex

pytestmark = pytest.mark.skipif(
    os.uname().machine != "x86_64" or os.environ.get("RTPSYNTH_IO") == "portable",
    reason="it is told by system calls of x86-64",
)


def threads():
    """(thread that calls back, I/O thread) of the only server, as paths below /proc."""
    found = {}
    for task in os.listdir("/proc/self/task"):
        path = f"/proc/self/task/{task}"
        with open(f"{path}/comm") as file:
            found[file.read().strip()] = path
    return found["rtpsynth-py"], found["rtpsynth"]


def calls(path):
    """The system call that a thread waits in, or running."""
    with open(f"{path}/syscall") as file:
        return file.read().split()[0]


def switches(path):
    """How often a thread has begun to wait."""
    with open(f"{path}/status") as file:
        return int(next(line for line in file if line.startswith("voluntary")).split()[1])


def test_the_thread_that_calls_back_waits_for_the_sockets_and_the_other_sleeps():
    with RtpServer(tick_hz=None) as server:
        came = threading.Semaphore(0)
        channel = open_to_itself(server, lambda *_: came.release())
        python, io = threads()

        def is_led_by_python():
            # Again, since a callback that the system holds up for 1 ms has the I/O thread lead.
            channel.send_pkt(b"x")
            assert came.acquire(timeout=60)
            time.sleep(0.005)
            return calls(python) in WAITS_FOR_SOCKETS and calls(io) in SLEEPS

        for _ in range(3):
            assert until(is_led_by_python)


def test_nobody_wakes_up_while_nothing_comes():
    with RtpServer(tick_hz=None) as server:
        came = threading.Event()
        channel = open_to_itself(server, lambda *_: came.set())
        channel.send_pkt(b"x")
        assert came.wait(60)
        both = threads()

        def quiet():
            before = [switches(t) for t in both]
            time.sleep(0.2)
            return before == [switches(t) for t in both]

        assert until(quiet)  # the I/O thread looks again when the packet is a millisecond old
        assert quiet()


def test_the_io_thread_takes_over_from_a_callback_that_does_not_return():
    with RtpServer(tick_hz=None) as server, plain_socket() as plain:
        inside, go_on, calls_back = threading.Event(), threading.Event(), []

        def pkt_in(data, address, rtime_ns):
            calls_back.append(data)
            inside.set()
            go_on.wait(60)

        channel = server.create_channel(pkt_in, "127.0.0.1")
        other = server.create_channel(pkt_in, "127.0.0.1")
        python, io = threads()
        plain.sendto(b"first", channel.local_addr)
        assert inside.wait(60)
        assert until(lambda: calls(io) in WAITS_FOR_SOCKETS)
        for n in range(1, 100):  # more than the kernel's smallest buffers take
            plain.sendto(b"x" * 1000, other.local_addr)
            assert until(lambda: other.stats["received"] == n)
        other.send_pkt(b"sent meanwhile", plain.getsockname())
        assert plain.recv(99) == b"sent meanwhile"
        assert len(calls_back) == 1
        go_on.set()
        assert until(lambda: len(calls_back) == 100)

        def leads_again():  # packets come, and callbacks are quick
            plain.sendto(b"more", channel.local_addr)
            time.sleep(0.01)
            return calls(python) in WAITS_FOR_SOCKETS and calls(io) in SLEEPS

        assert until(leads_again)


def test_ticks_go_on_while_a_callback_does_not_return():
    with RtpServer(tick_hz=100) as server, plain_socket() as plain:
        inside, go_on = threading.Event(), threading.Event()

        def pkt_in(*_):
            inside.set()
            go_on.wait(60)

        channel = server.create_channel(pkt_in, "127.0.0.1")
        channel.set_target(*plain.getsockname())
        plain.sendto(b"x", channel.local_addr)
        assert inside.wait(60)
        for n in range(20):
            channel.send_pkt(b"%d" % n)
            assert plain.recv(99) == b"%d" % n
        go_on.set()


@pytest.mark.parametrize("how", ["idle", "in a callback", "after a takeover"])
def test_shutdown_ends_both_threads(how):
    go_on = threading.Event()
    with RtpServer(tick_hz=None) as server:
        python, io = threads()
        if how != "idle":
            inside = threading.Event()

            def pkt_in(*_):
                inside.set()
                go_on.wait(60)

            channel = open_to_itself(server, pkt_in)
            channel.send_pkt(b"x")
            assert inside.wait(60)
        if how == "after a takeover":
            assert until(lambda: calls(io) in WAITS_FOR_SOCKETS)
        server.shutdown()
        assert until(lambda: not os.path.exists(io))
        go_on.set()
        assert until(lambda: not os.path.exists(python))
