"""RtpProc: what SPEC says of it."""

import inspect
import threading
import time

import pytest
from server_tools import DEADLINE, in_threads, unraisable, until

from rtpsynth import RtpProc as module
from rtpsynth.RtpProc import ChannelProcError, RtpProc, RtpProcChannel

MS = 1_000_000


@pytest.fixture
def proc():
    with RtpProc() as p:
        yield p


def test_one_instance():
    first = RtpProc()
    assert RtpProc() is first
    first.shutdown()
    second = RtpProc()
    assert second is not first and RtpProc() is second
    first.shutdown()
    assert RtpProc() is second
    with pytest.raises(RuntimeError):
        first.create_channel(lambda now, deadline: None)
    second.shutdown()
    with pytest.raises(TypeError):
        RtpProc(1)
    with pytest.raises(TypeError):
        RtpProcChannel()


def test_documented():
    for thing in (module, RtpProc, RtpProcChannel, RtpProc.create_channel, RtpProcChannel.close):
        assert inspect.getdoc(thing)
    assert str(inspect.signature(RtpProc.create_channel)) == "(self, /, proc_in)"
    assert RtpProc.__module__ == RtpProcChannel.__module__ == "rtpsynth.RtpProc"
    assert issubclass(ChannelProcError, RuntimeError)


def test_first_call_is_made_before_create_channel_returns(proc):
    calls = []

    def proc_in(now, deadline):
        calls.append((now, deadline, threading.get_ident()))

    before = time.monotonic_ns()
    channel = proc.create_channel(proc_in=proc_in)
    after = time.monotonic_ns()
    ((now, deadline, thread),) = calls
    assert before <= now <= after
    assert deadline == 0 and thread != threading.get_ident()
    assert channel.closed is False and channel.id > 0
    channel.close()
    assert channel.closed is True
    with pytest.raises(RuntimeError, match="closed"):
        channel.close()
    assert len(calls) == 1


def test_deadlines_are_exact_and_never_early(proc):
    calls = []
    done = threading.Event()

    def proc_in(now, deadline):
        calls.append((now, deadline, time.monotonic_ns()))
        if len(calls) == 50:
            return done.set()
        return (deadline or now) + MS + len(calls)  # of no even number

    channel = proc.create_channel(proc_in)
    assert done.wait(DEADLINE)
    expected = calls[0][0]
    for i, (now, deadline, clock) in enumerate(calls[1:], start=1):
        expected += MS + i
        assert deadline == expected
        assert deadline <= now <= clock
    assert channel.closed is False


@pytest.mark.parametrize("past", [0, 1, -1, -(10**30), True])
def test_the_past_means_now(proc, past):
    calls = []
    done = threading.Event()

    def proc_in(now, deadline):
        calls.append(deadline)
        if len(calls) == 3:
            return done.set()
        return past

    channel = proc.create_channel(proc_in)
    assert done.wait(DEADLINE)
    assert calls == [0, past, past]
    channel.close()


def test_the_far_future_never_comes(proc):
    calls = []
    channel = proc.create_channel(lambda now, deadline: calls.append(now) or 10**30)
    other = threading.Event()
    again = proc.create_channel(lambda now, deadline: other.set() if deadline else now + 20 * MS)
    assert other.wait(DEADLINE)
    assert len(calls) == 1
    channel.close()
    again.close()


def raises(now, deadline):
    raise LookupError("of the callback")


FAILURES = [
    (raises, LookupError),
    (lambda now, deadline: 1.5, TypeError),
    (lambda now, deadline: "soon", TypeError),
    (lambda now, deadline: b"", TypeError),
    (lambda: 0, TypeError),
]


@pytest.mark.parametrize("proc_in, cause", FAILURES)
@pytest.mark.parametrize("later", [False, True])
def test_failures_are_raised_by_close(proc, proc_in, cause, later):
    called = threading.Event()

    def fails_later(now, deadline):
        if not deadline:
            return now
        called.set()
        return proc_in(now, deadline)

    with unraisable() as seen:
        channel = proc.create_channel(fails_later if later else proc_in)
        assert not later or called.wait(DEADLINE)
        # The exception is kept when the call has ended: before another channel's first begins.
        proc.create_channel(lambda now, deadline: None).close()
        with pytest.raises(ChannelProcError) as caught:
            channel.close()
        assert type(caught.value.__cause__) is cause
        if cause is LookupError:
            assert caught.value.__cause__.__traceback__ is not None
        assert channel.closed is True
    assert seen == []


@pytest.mark.parametrize("bad", [None, 5, "f"])
def test_not_callable(proc, bad):
    with pytest.raises(TypeError, match="proc_in"):
        proc.create_channel(bad)


def test_close_in_the_callback(proc):
    channels = []
    made, closed = threading.Event(), threading.Event()
    calls = []

    def proc_in(now, deadline):
        calls.append(deadline)
        if deadline:
            made.wait(DEADLINE)
            channels[0].close()
            closed.set()
        return now + 5 * MS

    channels.append(proc.create_channel(proc_in))
    made.set()
    assert closed.wait(DEADLINE)
    later = threading.Event()
    other = proc.create_channel(lambda now, d: later.set() if d else now + 20 * MS)
    assert later.wait(DEADLINE)
    assert len(calls) == 2
    other.close()


def test_close_does_not_wait_for_the_callback(proc):
    entered, leave = threading.Event(), threading.Event()
    left = []

    def proc_in(now, deadline):
        if not deadline:
            return now
        entered.set()
        leave.wait(DEADLINE)
        left.append(1)
        raise LookupError("after close()")

    channel = proc.create_channel(proc_in)
    assert entered.wait(DEADLINE)
    with unraisable() as seen:
        channel.close()
        assert not left
        leave.set()
        assert until(lambda: seen)
    assert seen[0][0] is LookupError


def test_shutdown_ends_all_schedules():
    proc = RtpProc()
    calls = []
    channels = [
        proc.create_channel(lambda now, deadline: calls.append(now) or now) for _ in range(5)
    ]
    failed = proc.create_channel(raises)
    proc.shutdown()
    made = len(calls) + 1  # one that runs is waited for only briefly
    assert all(not c.closed for c in channels)
    for channel in channels:
        channel.close()
        with pytest.raises(RuntimeError):
            channel.close()
    with pytest.raises(ChannelProcError):
        failed.close()
    assert len(calls) <= made


def test_overdue_channels_do_not_starve_others(proc):
    """One that is always overdue and burns time, beside others on a schedule."""
    stop = threading.Event()

    def burns(now, deadline):
        end = time.monotonic_ns() + MS
        while time.monotonic_ns() < end:
            pass
        return None if stop.is_set() else 0

    calls = {i: 0 for i in range(10)}

    def periodic(i):
        def proc_in(now, deadline):
            calls[i] += 1
            return (deadline or now) + 20 * MS

        return proc_in

    greedy = [proc.create_channel(burns) for _ in range(3)]
    channels = [proc.create_channel(periodic(i)) for i in calls]
    before = dict(calls)
    assert until(lambda: min(calls[i] - before[i] for i in calls) >= 25)
    made = [calls[i] - before[i] for i in calls]
    assert max(made) <= 2 * min(made)
    begin = time.monotonic()
    proc.create_channel(lambda now, deadline: None).close()
    assert time.monotonic() - begin < DEADLINE / 5
    stop.set()
    for channel in greedy + channels:
        channel.close()


def test_hundreds_from_many_threads(proc):
    counts = [0] * 8

    def make(i):
        def proc_in(now, deadline):
            counts[i] += 1
            return now + 10 * MS if not deadline else None

        kept = [proc.create_channel(proc_in) for _ in range(100)]
        assert until(lambda: counts[i] == 200)
        for channel in kept:
            channel.close()

    assert in_threads([lambda i=i: make(i) for i in range(8)], 60) == []
    stats = proc.stats
    assert stats["calls"] == 1600
    assert until(lambda: proc.stats["channels"] == 0)
    assert all(type(n) is int for n in stats.values())
    assert 0 <= stats["lateness_p50_ns"] <= stats["lateness_p99_ns"] <= stats["lateness_max_ns"]


def test_callbacks_written_in_c_let_others_run(proc):
    """They never look whether another thread waits for the interpreter."""
    channels = [proc.create_channel(max) for _ in range(10)]  # max(now, deadline): always due
    begin = time.monotonic()
    for _ in range(10):
        proc.create_channel(lambda now, deadline: None).close()
    assert time.monotonic() - begin < DEADLINE
    assert proc.stats["calls"] > 100
    for channel in channels:
        channel.close()


def test_slack(proc):
    proc.shutdown()
    with RtpProc(slack_ns=10 * MS) as p:
        assert p.slack_ns == 10 * MS
        assert RtpProc() is p and RtpProc(slack_ns=10 * MS) is p and RtpProc(slack_ns=None) is p
        with pytest.raises(RuntimeError, match="slack_ns=10000000"):
            RtpProc(slack_ns=0)
        calls = []
        done = threading.Event()

        def proc_in(now, deadline):
            calls.append((now, deadline))
            return done.set() if len(calls) == 5 else (deadline or now) + 50 * MS

        channel = p.create_channel(proc_in)
        assert done.wait(DEADLINE)
        first = calls[0][0]
        assert [d for _, d in calls[1:]] == [first + i * 50 * MS for i in range(1, 5)]
        # A lone schedule has no other wake-ups than its own.
        late = [now - deadline for now, deadline in calls[1:]]
        assert min(late) >= 0
        assert p.stats["overdue"] or min(late) >= 10 * MS
        channel.close()
    with RtpProc() as p:
        assert p.slack_ns == 0


@pytest.mark.parametrize("bad, error", [(-1, ValueError), (10**9 + 1, ValueError),
                                        (10**30, ValueError), (1.0, TypeError), ("1", TypeError)])
def test_bad_slack(bad, error):
    with pytest.raises(error, match="slack_ns"):
        RtpProc(slack_ns=bad)
