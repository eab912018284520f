"""Callbacks of RtpServer: when, what of their errors, and its threads beside others."""

import ctypes
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest
from server_tools import DEADLINE, open_to_itself, plain_socket, unraisable, until

from rtpsynth.RtpServer import RtpServer


def test_what_callbacks_raise_is_told_and_the_channel_lives_on(server):
    calls = []

    def pkt_in(data, address, rtime):
        calls.append(data)
        if data == b"bad":
            raise ValueError("of the callback")

    channel = open_to_itself(server, pkt_in)
    with unraisable() as seen:
        for data in (b"bad", b"good"):
            channel.send_pkt(data)
        assert until(lambda: len(calls) == 2)
    assert seen == [(ValueError, "of the callback", pkt_in)]


def test_wrong_number_of_parameters_is_told(server):
    channel = open_to_itself(server, lambda: None)
    with unraisable() as seen:
        channel.send_pkt(b"x")
        assert until(lambda: seen)
    assert seen[0][0] is TypeError


def test_close():
    with RtpServer() as server:
        channel = server.create_channel(print, bind_host="127.0.0.1")
        address = channel.local_addr
        channel.close()
        with plain_socket() as s, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(address)  # free on return
            assert s.getsockname() != address
        assert channel.closed is True
        assert channel.local_addr == address
        assert channel.stats["received"] == 0
        for use in (
            channel.close,
            lambda: channel.send_pkt(b"x"),
            lambda: channel.set_target("127.0.0.1", 9),
        ):
            with pytest.raises(RuntimeError):
                use()
        with channel:
            pass  # closed already, and no error


def test_close_in_the_callback_means_no_further_callback(server):
    calls, done = [], threading.Event()

    def pkt_in(data, address, rtime):
        calls.append(data)
        channel.close()
        done.set()

    channel = open_to_itself(server, pkt_in)
    other_calls = []
    other = open_to_itself(server, lambda *packet: other_calls.append(packet))
    for i in range(20):
        channel.send_pkt(b"%d" % i)
    assert done.wait(DEADLINE)
    other.send_pkt(b"x")
    assert until(lambda: other_calls)
    assert calls == [b"0"]


def test_close_does_not_wait_for_a_callback(server):
    entered, leave = threading.Event(), threading.Event()

    def pkt_in(*packet):
        entered.set()
        leave.wait(DEADLINE)
        left.append(1)

    left = []
    channel = open_to_itself(server, pkt_in)
    channel.send_pkt(b"x")
    assert entered.wait(DEADLINE)
    channel.close()
    assert not left
    server.shutdown()
    assert not left
    leave.set()
    assert until(lambda: left)


def test_a_thread_that_never_lets_go_of_the_interpreter_delays_no_packet():
    """What was queued leaves while a function in C waits for it with the GIL."""
    libc = ctypes.PyDLL(None)  # which keeps the GIL
    with RtpServer(20) as server, plain_socket() as s:
        s.settimeout(None)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(DEADLINE), 0))
        channel = server.create_channel(print, bind_host="127.0.0.1", queue_size=256)
        channel.set_target(*s.getsockname())
        data = ctypes.create_string_buffer(100)
        for i in range(200):
            channel.send_pkt(b"%d" % i)
        for i in range(200):
            size = libc.recv(s.fileno(), data, len(data), 0)
            assert data.raw[:size] == b"%d" % i


def test_callbacks_without_end_let_others_run():
    """Two channels that never cease to call each other, one of them in C alone."""
    with RtpServer(None) as server:
        calls = []
        a = open_to_itself(server, lambda data, address, rtime: a.send_pkt(data))
        b = open_to_itself(server, calls.extend, batch=True, queue_size=1024)
        for _ in range(16):
            a.send_pkt(b"x")
        begin = time.monotonic()
        for _ in range(200):
            b.send_pkt(b"x")
            server.create_channel(print).close()
        assert time.monotonic() - begin < DEADLINE
        assert until(lambda: len(calls) == 200)


def test_a_packet_that_comes_before_the_callback_thread_first_looked():
    """Threads that run beside it on one processor let it look late, now and then."""
    program = """if True:
        import hashlib, os, threading, time
        from rtpsynth.RtpServer import RtpServer

        os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])
        block, end = bytes(1 << 16), time.monotonic() + 3

        def hog():
            while time.monotonic() < end:
                hashlib.sha256(block)  # without the GIL

        hogs = [threading.Thread(target=hog) for _ in range(4)]
        for thread in hogs:
            thread.start()
        while time.monotonic() < end:
            got = []
            with RtpServer(None) as server:
                channel = server.create_channel(lambda *packet: got.append(packet))
                channel.set_target("127.0.0.1", channel.local_addr[1])
                channel.send_pkt(b"x")
                while not got:
                    time.sleep(0)
        """
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
