"""What the tests of channels and timers share."""

import gc
import os
import socket
import sys
import threading
import time
from contextlib import contextmanager

import pytest

DEADLINE = 60.0  # seconds; what takes that long has failed
# For whoever sends to a port that is closed by then: of 127.0.0.1 a neighbour may have been given it.
OWN_HOST = "127.{}.{}.{}".format(128 + (os.getpid() >> 16 & 127), os.getpid() >> 8 & 255,
                                 os.getpid() & 255)

# The child of a fork() waits for good for a lock that a thread of its parent had in malloc().
forks_beside_threads = pytest.mark.skipif(
    "libasan" in os.environ.get("LD_PRELOAD", ""),
    reason="GCC 12's AddressSanitizer does not hold its allocator's locks across fork()")


def until(condition):
    """Waits for a condition; says whether it came."""
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.001)
    return True


def open_to_itself(server, pkt_in, **options):
    """A channel that is its own target."""
    channel = server.create_channel(pkt_in, bind_host="127.0.0.1", **options)
    channel.set_target(*channel.local_addr)
    return channel


@contextmanager
def plain_socket(family=socket.AF_INET, host="127.0.0.1"):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.bind((host, 0))
        s.settimeout(DEADLINE)
        yield s


@contextmanager
def unraisable():
    """Collects what goes to sys.unraisablehook."""
    seen = []
    before = sys.unraisablehook
    sys.unraisablehook = lambda u: seen.append((u.exc_type, str(u.exc_value), u.object))
    try:
        yield seen
    finally:
        sys.unraisablehook = before


def threads():
    """Their ids: the kernel lists a thread that was joined a moment longer, and it is not to be
    counted among those that are new."""
    return set(os.listdir("/proc/self/task"))


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def collected():
    gc.collect()
    return True


class Stalled(Exception):
    """Some thread did not return in time."""


def in_threads(functions, seconds=DEADLINE):
    """Runs functions at once, each in a thread; returns what they raised."""
    raised = []

    def guarded(function):
        try:
            function()
        except BaseException as e:  # noqa: BLE001
            raised.append(e)

    started = [threading.Thread(target=guarded, args=(f,), daemon=True) for f in functions]
    for thread in started:
        thread.start()
    end = time.monotonic() + seconds
    for thread in started:
        thread.join(max(0, end - time.monotonic()))
        if thread.is_alive():
            raise Stalled(thread)
    return raised
