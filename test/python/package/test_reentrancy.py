"""Every method from inside every callback, and from eight threads at once while callbacks run."""

import random
import threading
import time

import pytest
from server_tools import DEADLINE, in_threads, open_to_itself, unraisable, until

from rtpsynth.RtpProc import RtpProc
from rtpsynth.RtpServer import RtpQueueFullError, RtpServer

PERMITTED = 0.1  # seconds a call may take
LOAD = 20  # how much longer a loaded machine may


class Stage:
    """Two servers and the RtpProc, a channel of each, and what can be done with them."""

    def __init__(self):
        self.servers = [RtpServer(), RtpServer(None)]
        self.proc = RtpProc()
        self.channels = [open_to_itself(s, lambda *packet: None) for s in self.servers]
        self.timer = self.proc.create_channel(lambda now, deadline: now + 1_000_000)

    def act(self, action):
        server, channel = self.servers[0], self.channels[0]
        return {
            "create": lambda: open_to_itself(server, lambda *packet: None),
            "create_on_another": lambda: open_to_itself(self.servers[1], lambda *packet: None),
            "create_frames": lambda: server.create_channel(
                frames_in=lambda frames: None, jitter_buffer=4
            ),
            "create_and_close": lambda: open_to_itself(server, print).close(),
            "create_and_drop": lambda: open_to_itself(server, print) and None,
            "set_target": lambda: channel.set_target("127.0.0.1", 9),
            "set_target_by_name": lambda: channel.set_target("localhost", 9),
            "send": lambda: channel.send_pkt(b"x"),
            "send_to": lambda: channel.send_pkt(b"x", ("127.0.0.1", 9)),
            "close": channel.close,
            "attributes": lambda: (channel.local_addr, channel.closed, channel.stats),
            "server_attributes": lambda: (server.tick_ns, server.stats, self.proc.stats),
            "create_timer": lambda: self.proc.create_channel(lambda now, deadline: None),
            "create_endless_timer": lambda: self.proc.create_channel(lambda now, deadline: now),
            "close_timer": self.timer.close,
            "timer_attributes": lambda: (self.timer.id, self.timer.closed),
            "new_server": lambda: RtpServer().shutdown(),
            "shutdown": server.shutdown,
            "shutdown_twice": lambda: (server.shutdown(), server.shutdown()),
            "shutdown_another": self.servers[1].shutdown,
            "shutdown_proc": self.proc.shutdown,
            "shutdown_and_renew_proc": lambda: (
                self.proc.shutdown(),
                RtpProc().create_channel(lambda now, deadline: None),
            ),
        }[action]

    def end(self):
        for server in self.servers:
            server.shutdown()
        self.proc.shutdown()
        RtpProc().shutdown()


ACTIONS = [
    "create", "create_on_another", "create_frames", "create_and_close", "create_and_drop",
    "set_target", "set_target_by_name", "send", "send_to", "close", "attributes",
    "server_attributes", "create_timer", "create_endless_timer", "close_timer", "timer_attributes",
    "new_server", "shutdown", "shutdown_twice", "shutdown_another", "shutdown_proc",
    "shutdown_and_renew_proc",
]  # fmt: skip


def call_from_pkt_in(stage, action):
    open_to_itself_and_send(stage.servers[0], lambda *packet: action())


def call_from_batch(stage, action):
    open_to_itself_and_send(stage.servers[0], lambda packets: action(), batch=True)


def call_from_own_pkt_in(stage, action):
    """From a callback of the very channel that is acted upon."""
    channel = stage.channels[0] = open_to_itself(stage.servers[0], lambda *packet: action())
    channel.send_pkt(b"x")


def call_from_frames_in(stage, action):
    import struct

    channel = stage.servers[0].create_channel(
        frames_in=lambda frames: action(), jitter_buffer=1, bind_host="127.0.0.1"
    )
    channel.set_target(*channel.local_addr)
    for seq in (1, 2):
        channel.send_pkt(struct.pack("!BBHII", 0x80, 0, seq, seq * 160, 1) + bytes(160))
    stage.kept = channel


def call_from_proc_in(stage, action):
    def proc_in(now, deadline):
        if not deadline:
            return now
        action()

    stage.kept = stage.proc.create_channel(proc_in)


def call_from_first_proc_in(stage, action):
    stage.kept = stage.proc.create_channel(lambda now, deadline: action() and None)


def open_to_itself_and_send(server, pkt_in, **options):
    channel = open_to_itself(server, pkt_in, **options)
    channel.send_pkt(b"x")
    server_keeps.append(channel)


server_keeps = []
CALLERS = [
    call_from_pkt_in, call_from_batch, call_from_own_pkt_in, call_from_frames_in,
    call_from_proc_in, call_from_first_proc_in,
]  # fmt: skip


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("action", ACTIONS)
def test_from_a_callback(caller, action):
    stage = Stage()
    done = threading.Event()
    result = []

    def act():
        if done.is_set():
            return
        begin = time.monotonic()
        try:
            # Looked up in the callback, when the stage is complete.
            stage.kept_result = stage.act(action)()
        except Exception as e:  # noqa: BLE001
            result.append(e)
        result.append(time.monotonic() - begin)
        done.set()

    try:
        with unraisable() as seen:
            caller(stage, act)
            assert done.wait(DEADLINE)
    finally:
        server_keeps.clear()
        stage.end()
    assert len(result) == 1, result  # no exception
    assert result[0] < PERMITTED * LOAD
    assert seen == []


@pytest.mark.parametrize("action", ACTIONS)
def test_from_eight_threads(action):
    """While callbacks of a server and of the RtpProc run without a pause."""
    stage = Stage()
    busy = RtpServer(None)
    rounds = threading.Event()

    def again(data, address, rtime):
        rounds.set()
        try:
            echo.send_pkt(data)
        except (RtpQueueFullError, RuntimeError):
            pass

    echo = open_to_itself(busy, again)
    echo.send_pkt(b"x")
    timer = stage.proc.create_channel(lambda now, deadline: now + 50_000)
    assert rounds.wait(DEADLINE)
    once = {"close", "close_timer"}  # a second one is to be refused
    after_shutdown = {"shutdown_and_renew_proc"}  # others may have shut the new one down
    took = []

    def repeat():
        for _ in range(20):
            begin = time.monotonic()
            try:
                stage.act(action)()
            except RtpQueueFullError:
                assert action in ("send", "send_to")
            except RuntimeError as e:
                assert action in once | after_shutdown, e
                assert "closed" in str(e) or "shut" in str(e)
            took.append(time.monotonic() - begin)

    try:
        assert in_threads([repeat] * 8, seconds=60) == []
    finally:
        timer.close()
        busy.shutdown()
        stage.end()
    assert len(took) == 160
    took.sort()
    assert took[len(took) // 2] < PERMITTED * LOAD


@pytest.mark.parametrize("seed", range(4))
def test_anything_at_once(seed):
    """Random actions in eight threads and in callbacks: errors are those of closed things only."""
    stage = Stage()
    servers = [RtpServer(), RtpServer(None), RtpServer(1000)]
    errors = []

    def act(rng, depth=0):
        server = rng.choice(servers)
        actions = [
            lambda: channels.append(open_to_itself(server, pkt_in(rng, depth))),
            lambda: channels.append(open_to_itself(server, lambda p: None, batch=True)),
            lambda: channels.pop(rng.randrange(len(channels))),
            lambda: rng.choice(channels).send_pkt(bytes(rng.randrange(1000))),
            lambda: rng.choice(channels).send_pkt(b"x"),
            lambda: rng.choice(channels).set_target("127.0.0.1", 9),
            lambda: rng.choice(channels).close(),
            lambda: rng.choice(channels).stats,
            lambda: timers.append(RtpProc().create_channel(proc_in(rng, depth))),
            lambda: rng.choice(timers).close(),
            lambda: timers.pop(rng.randrange(len(timers))),
        ]
        try:
            rng.choice(actions)()
        except (RtpQueueFullError, RuntimeError, IndexError, ValueError):
            pass
        except BaseException as e:  # noqa: BLE001
            errors.append(e)
        if rng.random() < 0.002:
            server.shutdown()
            servers.remove(server) if server in servers and len(servers) > 1 else None
            servers.append(RtpServer(rng.choice([None, 200])))

    def pkt_in(rng, depth):
        own = random.Random(rng.random())
        return lambda *packet: act(own, depth + 1) if depth < 3 else None

    def proc_in(rng, depth):
        own = random.Random(rng.random())

        def call(now, deadline):
            if depth < 3:
                act(own, depth + 1)
            return now + own.randrange(10_000_000) if own.random() < 0.7 else None

        return call

    channels, timers = [], []
    generators = [random.Random(8 * seed + i) for i in range(8)]
    try:
        raised = in_threads([lambda r=r: [act(r) for _ in range(300)] for r in generators], 120)
    finally:
        for server in list(servers):
            server.shutdown()
        stage.end()
    assert raised == [] and errors == []

    def ended():
        for server in list(servers):  # a callback that was not waited for may make another one
            server.shutdown()
        return all(s.stats["open_channels"] == 0 for s in servers)

    assert until(ended)
