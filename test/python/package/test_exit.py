"""How programs end: whatever is alive then, at once, cleanly and with their own exit status."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

RUNS = int(os.environ.get("RTPSYNTH_EXIT_RUNS", "5"))
# Seconds. A program ends within 0.2 s, on a busy machine in two or three; who waited for a callback
# would wait for good, who waited for each of many for 50 ms would take longer than this.
AT_ONCE = 10
MANY = 250

COMMON = f"""
MANY = {MANY}
import atexit, os, signal, sys, threading, time
from rtpsynth.RtpServer import RtpServer
from rtpsynth.RtpProc import RtpProc

def until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)

def echo(server, pkt_in):
    channel = server.create_channel(pkt_in, bind_host="127.0.0.1")
    channel.set_target(*channel.local_addr)
    channel.send_pkt(b"x")
    return channel

# Runs before the package's own, so that its time is that of the end's beginning.
atexit.register(lambda: print(time.monotonic(), flush=True))
server = RtpServer()
proc = RtpProc()
running = threading.Event()

def asleep_hook(unraisable, sleep=time.sleep, entered=running.set):
    entered()
    while True:
        sleep(0.01)

class Slow:
    # Gives other threads time while the interpreter is ending.
    def __del__(self, sleep=time.sleep):
        sleep(0.1)
"""

# name: (program, expected exit status)
PROGRAMS = {
    "live_server": ("channel = echo(server, lambda *a: running.set()); running.wait()", 0),
    "live_server_without_traffic": ("channel = server.create_channel(print)", 0),
    "live_timers": (
        "channels = [proc.create_channel(lambda now, deadline: now + 100_000) for _ in range(50)]",
        0,
    ),
    "callback_running": (
        """
        def busy(*packet):
            running.set()
            while True:
                pass
        channel = echo(server, busy)
        running.wait()
        """,
        0,
    ),
    "callbacks_without_end": (
        """
        def again(data, address, rtime):
            running.set()
            channel.send_pkt(data)
        server = RtpServer(None)
        channel = server.create_channel(again, bind_host="127.0.0.1")
        channel.set_target(*channel.local_addr)
        for _ in range(16):
            channel.send_pkt(b"x")
        running.wait()
        """,
        0,
    ),
    "callback_blocked": (
        """
        def blocked(*packet):
            running.set()
            threading.Event().wait()
        channel = echo(server, blocked)
        running.wait()
        """,
        0,
    ),
    "callback_asleep": (
        """
        def asleep(*packet):
            running.set()
            time.sleep(0.05)  # wakes while the interpreter is ending
        channel = echo(server, asleep)
        running.wait()
        atexit.register(time.sleep, 0.02)
        """,
        0,
    ),
    "timer_callback_blocked": (
        """
        def blocked(now, deadline):
            if deadline:
                running.set()
                threading.Event().wait()
            return now
        channel = proc.create_channel(blocked)
        running.wait()
        """,
        0,
    ),
    "timer_callback_running": (
        """
        def busy(now, deadline):
            while deadline:
                running.set()
            return now
        channel = proc.create_channel(busy)
        running.wait()
        """,
        0,
    ),
    "many_servers_with_blocked_callbacks": (
        """
        import resource
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        count = []
        def blocked(*packet):
            count.append(1)
            threading.Event().wait()
        servers = [RtpServer() for _ in range(MANY)]
        channels = [echo(s, blocked) for s in servers]
        until(lambda: len(count) == MANY)
        """,
        0,
    ),
    "unclosed_channel_in_a_cycle": (
        """
        class Cycle:
            def __init__(self):
                self.channel = server.create_channel(self.pkt_in)
                self.timer = proc.create_channel(self.proc_in)
            def pkt_in(self, *packet): pass
            def proc_in(self, now, deadline): return now + 1000
        Cycle()
        kept = Cycle()
        """,
        0,
    ),
    "hook_asleep": (
        """
        sys.unraisablehook = asleep_hook
        channel = echo(server, lambda: None)
        running.wait()
        sys.slow = Slow()
        """,
        0,
    ),
    "timer_hook_asleep": (
        """
        sys.unraisablehook = asleep_hook
        made = threading.Event()
        def fails(now, deadline):
            if deadline:
                made.wait()  # the call may come before there is a channel to close
                channel.close()
                raise ValueError
            return now
        channel = proc.create_channel(fails)
        made.set()
        running.wait()
        sys.slow = Slow()
        """,
        0,
    ),
    "destructor_of_a_callback": (
        """
        made = threading.Event()
        class PktIn:
            def __call__(self, *packet):
                made.wait()
                channel.close()
            def __del__(self, sleep=time.sleep):
                running.set()
                while True:
                    sleep(0.01)
        channel = echo(server, PktIn())
        made.set()
        running.wait()
        sys.slow = Slow()
        """,
        0,
    ),
    "collection_in_the_callback_thread": (
        """
        import gc
        main = threading.get_ident()
        class Cycle:
            def __init__(self):
                self.me = self
            def __del__(self, sleep=time.sleep):
                if threading.get_ident() != main:
                    running.set()
                    while True:
                        sleep(0.01)
        kept = []  # new tuples begin a collection; from 3.12 on, Python code does
        def keep(batch):
            kept.append(batch)
            Cycle()  # where the main thread's were collected by itself
            kept.append([[] for _ in range(20)])
        channel = server.create_channel(keep, "127.0.0.1", batch=True)
        channel.set_target(*channel.local_addr)
        gc.set_threshold(10)
        while not running.is_set():
            gc.disable()
            Cycle(), Cycle()
            gc.enable()
            for _ in range(30):
                channel.send_pkt(b"x")
            # The queue has room for the next ones, and they may have arrived together.
            until(lambda: channel.stats["sent"] == channel.stats["accepted"])
            time.sleep(0.01)
        sys.slow = Slow()
        """,
        0,
    ),
    "server_dropped_while_it_is_stopped": (
        """
        def asleep(*packet):
            running.set()
            time.sleep(0.5)
        server = RtpServer()
        channel = echo(server, asleep)
        running.wait()
        def drop():
            global server, channel
            time.sleep(0.03)
            channel = server = None
        atexit.register(lambda: threading.Thread(target=drop, daemon=True).start())
        """,
        0,
    ),
    "failed_timer": (
        """
        def fails(now, deadline): raise ValueError("told at exit or never")
        channel = proc.create_channel(fails)
        """,
        0,
    ),
    "exception_on_the_main_thread": (
        """
        channel = echo(server, lambda *a: running.set())
        running.wait()
        raise SystemError("the program's own")
        """,
        1,
    ),
    "exit_in_a_thread": (
        """
        channel = echo(server, lambda *a: running.set())
        def leave():
            running.wait()
            sys.exit(7)
        thread = threading.Thread(target=leave)
        thread.start()
        thread.join()
        """,
        0,
    ),
    "exit_in_a_callback": (
        """
        sys.unraisablehook = lambda unraisable: None
        def leave(*packet):
            running.set()
            sys.exit(7)
        channel = echo(server, leave)
        running.wait()
        """,
        0,
    ),
    "daemon_thread_that_sends": (
        """
        channel = echo(server, lambda *a: running.set())
        def send():
            while True:
                try:
                    channel.send_pkt(b"x")
                    channel.set_target("localhost", 9)
                except Exception:
                    pass
        for _ in range(3):
            threading.Thread(target=send, daemon=True).start()
        running.wait()
        """,
        0,
    ),
    "daemon_thread_that_creates": (
        """
        def create():
            while True:
                try:
                    s = RtpServer()
                    running.set()
                    s.create_channel(print)
                    proc.create_channel(lambda now, deadline: now + 1000)
                except Exception:
                    pass
        for _ in range(2):
            threading.Thread(target=create, daemon=True).start()
        running.wait()
        """,
        0,
    ),
    "late_users": (
        """
        class Late:
            def __del__(self):
                try:
                    RtpServer().create_channel(print)
                except Exception:
                    pass
        sys.modules["late"] = Late()
        atexit.register(server.shutdown)
        atexit.register(lambda: server.create_channel(print))
        channel = server.create_channel(print)
        """,
        0,
    ),
    "os_exit": ("channel = server.create_channel(print); os._exit(3)", 3),
    "sigint": (
        """
        def interrupt(*packet):
            os.kill(os.getpid(), signal.SIGINT)
        channel = echo(server, interrupt)
        time.sleep(60)
        """,
        -signal.SIGINT,
    ),
}


def run(program):
    ended = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", "import signal\n"
         "signal.signal(signal.SIGINT, signal.default_int_handler)\n" + program],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return ended, time.monotonic()


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_ends(name):
    body, status = PROGRAMS[name]
    program = COMMON + textwrap.dedent(body)
    for _ in range(RUNS):
        ended, now = run(program)
        assert ended.returncode == status, ended.stderr
        for word in ("Fatal", "terminate", "Segmentation", "core dumped", "not rethrown"):
            assert word not in ended.stderr
        if ended.stdout:
            assert now - float(ended.stdout) < AT_ONCE
        else:
            assert name == "os_exit"
