"""RtpServer and RtpChannel: what SPEC says of them."""

import errno
import inspect
import socket
import struct
import threading
import time

import pytest
from server_tools import DEADLINE, open_to_itself, plain_socket, until

from rtpsynth import RtpServer as module
from rtpsynth.RtpServer import RtpChannel, RtpQueueFullError, RtpServer


def rtp(seq, ssrc=1, payload=bytes(160)):
    return struct.pack("!BBHII", 0x80, 0, seq & 0xFFFF, seq * 160 & 0xFFFFFFFF, ssrc) + payload


def test_echo_between_sockets(server):
    received = []

    def pkt_in(data, address, rtime_ns):
        received.append((data, address, rtime_ns))
        channel.set_target(*address)
        channel.send_pkt(data)

    channel = server.create_channel(pkt_in, bind_host="127.0.0.1")
    with plain_socket() as s:
        before = time.monotonic_ns()
        for size in (0, 1, 172, 1472, 65507):
            s.sendto(bytes(size), channel.local_addr)
            assert s.recvfrom(70000) == (bytes(size), channel.local_addr)
        after = time.monotonic_ns()
        assert [len(data) for data, *_ in received] == [0, 1, 172, 1472, 65507]
        for data, address, rtime in received:
            assert type(data) is bytes
            assert address == s.getsockname()
            assert before <= rtime <= after
    bytes_each_way = 1 + 172 + 1472 + 65507
    # Counted after the peer may have it.
    assert until(lambda: channel.stats["sent_bytes"] == bytes_each_way)
    stats = channel.stats
    assert stats["sent"] == stats["received"] == 5
    assert stats["received_bytes"] == bytes_each_way
    assert stats["queue_full"] == stats["send_errors"] == stats["receive_errors"] == 0
    assert all(type(n) is int for n in {**stats, **server.stats}.values())


def test_arguments_have_names_and_places():
    assert list(inspect.signature(RtpServer.create_channel).parameters)[:6] == [
        "self", "pkt_in", "bind_host", "bind_port", "queue_size", "bind_family",
    ]  # fmt: skip
    assert str(inspect.signature(RtpChannel.set_target)) == "(self, /, host, port)"
    for thing in (RtpServer, RtpChannel, RtpChannel.send_pkt, RtpServer.shutdown, module):
        assert inspect.getdoc(thing)
    server = RtpServer(tick_hz=100)
    assert server.tick_ns == 10_000_000
    channel = server.create_channel(
        pkt_in=print, bind_host="127.0.0.1", bind_port=0, queue_size=4, bind_family=4
    )
    channel.set_target(host="127.0.0.1", port=9)
    channel.send_pkt(data=b"x")
    server.create_channel(print, "127.0.0.1", 0, 4, 0).close()
    server.shutdown()
    assert RtpServer.__module__ == RtpChannel.__module__ == "rtpsynth.RtpServer"


@pytest.mark.parametrize("hz, ns", [(200, 5_000_000), (1, 10**9), (999.5, 1_000_500), (None, None)])
def test_tick(hz, ns):
    with RtpServer(hz) as server:
        assert server.tick_ns == ns


@pytest.mark.parametrize("hz", [0, -1, -0.5, 0.0, 10**7, float("nan"), float("inf")])
def test_bad_tick(hz):
    with pytest.raises(ValueError, match="tick_hz"):
        RtpServer(hz)


@pytest.mark.parametrize("hz", ["200", b"", [], object()])
def test_bad_tick_type(hz):
    with pytest.raises(TypeError):
        RtpServer(hz)


FAMILIES = [
    (0, "0.0.0.0"), (None, "0.0.0.0"), ("auto", "0.0.0.0"), (socket.AF_UNSPEC, "0.0.0.0"),
    (4, "0.0.0.0"), ("ipv4", "0.0.0.0"), (socket.AF_INET, "0.0.0.0"),
    (6, "::"), ("ipv6", "::"), (socket.AF_INET6, "::"),
]  # fmt: skip


@pytest.mark.parametrize("family, host", FAMILIES)
def test_families(server, family, host):
    assert server.create_channel(print, bind_family=family).local_addr[0] == host


def test_hosts(server):
    assert server.create_channel(print, "::1").local_addr[0] == "::1"
    assert server.create_channel(print, "").local_addr[0] == "0.0.0.0"
    assert server.create_channel(print, "localhost", bind_family=4).local_addr[0] == "127.0.0.1"


BAD = [
    (dict(pkt_in=None), TypeError, "callable"),
    (dict(pkt_in=5), TypeError, "callable"),
    (dict(queue_size=0), ValueError, "queue_size"),
    (dict(queue_size=3), ValueError, "queue_size"),
    (dict(queue_size=-4), ValueError, "queue_size"),
    (dict(queue_size="4"), TypeError, "queue_size"),
    (dict(queue_size=1 << 40), (MemoryError, OverflowError), ""),
    (dict(queue_size=1 << 100), (MemoryError, OverflowError), ""),
    (dict(bind_port=-1), ValueError, "bind_port"),
    (dict(bind_port=65536), ValueError, "bind_port"),
    (dict(bind_port=1 << 80), ValueError, "bind_port"),
    (dict(bind_port=1.5), TypeError, "bind_port"),
    (dict(bind_host=5), TypeError, "bind_host"),
    (dict(bind_host="127.0.0.1\0"), ValueError, "null"),
    (dict(bind_host="no such host"), OSError, ""),
    (dict(bind_host="::1", bind_family=4), OSError, ""),
    (dict(bind_host="203.0.113.1"), OSError, ""),
    (dict(bind_family=7), ValueError, "bind_family"),
    (dict(bind_family="ip"), ValueError, "bind_family"),
    (dict(bind_family=[]), TypeError, "bind_family"),
    (dict(dscp=64), ValueError, "dscp"),
    (dict(receive_buffer_size=0), ValueError, "receive_buffer_size"),
    (dict(source_policy="me"), ValueError, "source_policy"),
    (dict(probation=0), ValueError, "probation"),
    (dict(frames_in=print), TypeError, "pkt_in"),
    (dict(jitter_buffer=4), TypeError, "frames_in"),
    (dict(nonsense=4), TypeError, "nonsense"),
    (dict(pkt_in=None, frames_in=print), TypeError, "jitter_buffer"),
    (dict(pkt_in=None, frames_in=print, jitter_buffer=0), ValueError, "capacity"),
    (dict(pkt_in=None, frames_in=print, jitter_buffer={}), TypeError, "capacity"),
    (dict(pkt_in=None, frames_in=print, jitter_buffer={"size": 1}), TypeError, "size"),
    (dict(pkt_in=None, frames_in=print, jitter_buffer={1: 2}), TypeError, "keys"),
    (dict(pkt_in=None, frames_in=print, jitter_buffer={"capacity": 4, "max_delay_ns": -1}),
     ValueError, "max_delay_ns"),
    (dict(pkt_in=None, frames_in=print, jitter_buffer="4"), TypeError, "capacity"),
]  # fmt: skip


@pytest.mark.parametrize("arguments, error, word", BAD)
def test_bad_arguments(server, arguments, error, word):
    with pytest.raises(error, match=word):
        server.create_channel(**{"pkt_in": print, **arguments})
    assert server.stats["open_channels"] == 0


def test_port_in_use_is_an_oserror_with_errno(server):
    with plain_socket() as s:
        with pytest.raises(OSError) as caught:
            server.create_channel(print, *s.getsockname())
    assert caught.value.errno == errno.EADDRINUSE


def test_unknown_host_is_what_socket_says(server):
    with pytest.raises(socket.gaierror) as caught:
        server.create_channel(print, "no such host")
    assert caught.value.errno == socket.EAI_NONAME


def test_bad_targets_change_nothing(server):
    got = threading.Event()
    channel = open_to_itself(server, lambda *packet: got.set())
    for host, port, error in [
        ("127.0.0.1", 0, ValueError), ("127.0.0.1", 65536, ValueError),
        ("127.0.0.1", "9", TypeError),
        (5, 9, TypeError), ("no such host", 9, OSError), ("::1", 9, OSError), ("", 9, OSError),
    ]:  # fmt: skip
        with pytest.raises(error):
            channel.set_target(host, port)
    channel.send_pkt(b"x")
    assert got.wait(DEADLINE)


def test_ipv6_channels_reach_both_families(server):
    received = []
    channel = server.create_channel(lambda *packet: received.append(packet), bind_family=6)
    with plain_socket() as v4, plain_socket(socket.AF_INET6, "::1") as v6:
        for s, host in ((v4, "127.0.0.1"), (v6, "::1")):
            channel.set_target(*s.getsockname()[:2])
            channel.send_pkt(host.encode())
            assert s.recv(100) == host.encode()
            s.sendto(b"back", (host, channel.local_addr[1]))
        assert until(lambda: len(received) == 2)
        assert {address[0] for _, address, _ in received} == {"::ffff:127.0.0.1", "::1"}
        assert all(len(address) == 2 for _, address, _ in received)
        for _, address, _ in received:
            channel.send_pkt(b"again", address)
        assert v4.recv(100) == v6.recv(100) == b"again"


def test_sending(server):
    channel = server.create_channel(print, bind_host="127.0.0.1")
    with pytest.raises(RuntimeError, match="target"):
        channel.send_pkt(b"x")
    with plain_socket() as s:
        channel.set_target(*s.getsockname())
        for data in (bytearray(b"ba"), memoryview(b"mv"), memoryview(b"stride")[:3]):
            channel.send_pkt(data)
            assert s.recv(100) == bytes(data)
        for data, error in [("x", TypeError), (None, TypeError), (5, TypeError),
                            (memoryview(b"stride")[::2], BufferError), (bytes(65508), ValueError)]:
            with pytest.raises(error):
                channel.send_pkt(data)
        for address in [("localhost", 9), ("127.0.0.1", 0)]:
            with pytest.raises(ValueError, match="addr"):
                channel.send_pkt(b"x", address)
        for address in ["127.0.0.1:9", ("127.0.0.1",), ("127.0.0.1", "9"), ["127.0.0.1", 9]]:
            with pytest.raises(TypeError):
                channel.send_pkt(b"x", address)
        channel.send_pkt(b"last", addr=s.getsockname())
        assert s.recv(100) == b"last"
    assert channel.stats["accepted"] == 4
    assert until(lambda: channel.stats["sent"] == 4)  # counted after the peer may have it


def test_full_queue():
    with RtpServer(0.1) as server, plain_socket() as s:
        channel = server.create_channel(print, bind_host="127.0.0.1", queue_size=4)
        channel.set_target(*s.getsockname())
        accepted = 0
        with pytest.raises(RtpQueueFullError):
            for _ in range(9):  # the tick under way may take the first
                channel.send_pkt(b"x")
                accepted += 1
        assert accepted >= 4
        assert not issubclass(RtpQueueFullError, RuntimeError)
        assert channel.stats["queue_full"] == 1
        channel.close()  # sends what was accepted
        assert [s.recv(10) for _ in range(accepted)] == [b"x"] * accepted


def test_order():
    for hz in (200, None):
        with RtpServer(hz) as server:
            received = []
            channel = open_to_itself(
                server, lambda data, *_: received.append(data), queue_size=1024,
                receive_buffer_size=1 << 20,
            )  # fmt: skip
            packets = [str(i).encode() for i in range(200)]
            for packet in packets:
                channel.send_pkt(packet)
            assert until(lambda: len(received) == len(packets))
            assert received == packets


def test_batches(server):
    batches = []
    channel = open_to_itself(server, batches.append, batch=True, queue_size=64)
    packets = [str(i).encode() for i in range(50)]
    for packet in packets:
        channel.send_pkt(packet)
    assert until(lambda: sum(map(len, batches)) == len(packets))
    assert [data for batch in batches for data, _, _ in batch] == packets
    assert all(address == channel.local_addr for batch in batches for _, address, _ in batch)


def test_frames(server):
    frames = []
    channel = server.create_channel(
        frames_in=frames.extend, bind_host="127.0.0.1",
        jitter_buffer={"capacity": 8, "max_delay_ns": 300_000_000},
    )  # fmt: skip
    assert channel.jitter_stats["received"] == 0
    with plain_socket() as s:
        for seq in (1, 2, 4, 3, 4, 7):
            s.sendto(rtp(seq), channel.local_addr)
        s.sendto(b"\x80", channel.local_addr)
        s.sendto(b"no RTP", channel.local_addr)
        assert until(lambda: len(frames) == 6)
        assert until(lambda: sum(channel.jitter_stats[w] for w in ("invalid", "other")) == 2)
    lseqs = [f.content.frame.rtp.lseq if f.data else "gap" for f in frames]
    assert lseqs == [1, 2, 3, 4, "gap", 7]
    gap = frames[4].content
    assert (gap.lseq_start, gap.lseq_end, gap.ts_diff, gap.restart) == (5, 6, 320, False)
    assert frames[0].data == rtp(1) and frames[0].rtp_data == bytes(160)
    assert frames[0].opaque is None
    stats = channel.jitter_stats
    assert stats["received"] == 6 and stats["duplicate"] == 1
    assert server.create_channel(print).jitter_stats is None


def test_shutdown():
    server = RtpServer()
    channel = server.create_channel(print, bind_host="127.0.0.1")
    closed = server.create_channel(print)
    closed.close()
    for _ in range(3):
        server.shutdown()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(channel.local_addr)
    assert channel.closed is False and closed.closed is True
    for use in (
        channel.close,
        closed.close,
        lambda: channel.send_pkt(b"x"),
        lambda: channel.set_target("127.0.0.1", 9),
        lambda: server.create_channel(print),
    ):
        with pytest.raises(RuntimeError):
            use()
    assert channel.stats["sent"] == 0 and server.stats["open_channels"] == 0
    with channel:
        pass


def test_objects_that_were_never_made():
    with pytest.raises(TypeError):
        RtpChannel()
    with pytest.raises(TypeError):
        RtpServer.__new__(RtpServer).create_channel(print)
    with pytest.raises(TypeError):
        RtpServer.create_channel(5, print)

    class Forgetful(RtpServer):
        def __init__(self):
            pass

    with pytest.raises(TypeError):
        Forgetful().shutdown()

    class Named(RtpServer):
        def __init__(self, name):
            super().__init__(None)
            self.name = name

    with Named("mine") as server:
        assert server.tick_ns is None and server.name == "mine"


def test_source_policy(server):
    received = []
    channel = server.create_channel(
        lambda data, address, rtime: received.append(address), "127.0.0.1", source_policy="target"
    )
    with plain_socket() as friend, plain_socket() as stranger:
        channel.set_target(*friend.getsockname())
        for s in (stranger, friend, stranger, friend):
            s.sendto(b"x", channel.local_addr)
        assert until(lambda: len(received) + channel.stats["rejected"] == 4)
        assert received == [friend.getsockname()] * 2


def test_unreachable_peers_are_survived(server):
    got = threading.Event()
    channel = server.create_channel(lambda *packet: got.set(), bind_host="127.0.0.1")
    with plain_socket() as s:
        nobody = s.getsockname()
    for _ in range(3):
        channel.send_pkt(b"x", nobody)
    channel.send_pkt(b"x", channel.local_addr)
    assert got.wait(DEADLINE)
