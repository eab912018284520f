"""Who sent it: frames' addresses, datagrams beside RTP, and the lock on a source."""

import gc
import weakref

import pytest
from aio_tools import rtp
from rtpsynth.RtpJBuf import RtpJBuf
from rtpsynth.RtpServer import RtpServer
from server_tools import plain_socket, unraisable, until

RTCP = bytes((0x80, 201, 0, 1, 0, 0, 0, 7))
STUN = bytes(20)


def test_a_frame_knows_its_sender(server):
    frames = []
    channel = server.create_channel(
        frames_in=frames.extend, jitter_buffer=1, bind_host="127.0.0.1"
    )
    with plain_socket() as one, plain_socket() as other:
        senders = {0: one, 1: other, 2: one, 3: one, 5: other}
        for n, (seq, sender) in enumerate(senders.items(), 1):
            sender.sendto(rtp(seq), channel.local_addr)
            assert until(lambda: channel.jitter_stats["received"] == n)
        assert until(lambda: len(frames) == 6)
        one, other = one.getsockname(), other.getsockname()
    assert [f.addr for f in frames] == [one, other, one, one, None, other]
    assert frames[2].addr is frames[3].addr  # made once
    assert type(frames[0].addr[0]) is str and type(frames[0].addr[1]) is int
    kept = frames[1].addr
    del frames[:]
    gc.collect()
    assert kept == other
    with pytest.raises(AttributeError):
        RtpJBuf(1).udp_in(rtp(1))[0].addr = kept


def test_a_frame_of_ipv6(server):
    frames = []
    channel = server.create_channel(frames_in=frames.extend, jitter_buffer=1, bind_host="::")
    with plain_socket() as v4:
        v4.sendto(rtp(1), ("127.0.0.1", channel.local_addr[1]))
        assert until(lambda: frames)
        host, port = frames[0].addr
        assert (host, port) == ("::ffff:127.0.0.1", v4.getsockname()[1])
        channel.send_pkt(b"answer", frames[0].addr)
        assert v4.recv(100) == b"answer"


def test_frames_of_an_rtp_jbuf_have_no_sender():
    buffer = RtpJBuf(1)
    frames = [f for seq in (1, 3) for f in buffer.udp_in(rtp(seq))]
    assert [f.addr for f in frames] == [None] * 3


def test_an_echo_answers_each_sender(server):
    def echo(frames):
        for frame in frames:
            channel.send_pkt(frame.data, frame.addr)

    channel = server.create_channel(frames_in=echo, jitter_buffer=1, bind_host="127.0.0.1")
    with plain_socket() as s:
        s.sendto(rtp(1), channel.local_addr)
        assert s.recv(2000) == rtp(1)


def test_datagrams_that_are_not_rtp_are_offered(server):
    frames, others = [], []
    channel = server.create_channel(
        frames_in=frames.extend,
        other_in=lambda *packet: others.append(packet),
        jitter_buffer=1,
        bind_host="127.0.0.1",
    )
    with plain_socket() as s:
        for datagram in (rtp(1), RTCP, STUN, rtp(2), b"", b"\xff"):
            s.sendto(datagram, channel.local_addr)
        assert until(lambda: len(frames) == 2 and len(others) == 4)
        assert [data for data, _, _ in others] == [RTCP, STUN, b"", b"\xff"]
        assert {addr for _, addr, _ in others} == {s.getsockname()}
        assert all(type(time) is int and time > 0 for _, _, time in others)
    stats = channel.jitter_stats
    assert (stats["other"], stats["rtcp"], stats["stun"]) == (4, 1, 1)
    channel.close()


def test_they_are_counted_where_nobody_wants_them(server):
    frames = []
    channel = server.create_channel(
        frames_in=frames.extend, jitter_buffer=1, bind_host="127.0.0.1"
    )
    with plain_socket() as s:
        for datagram in (RTCP, rtp(1)):
            s.sendto(datagram, channel.local_addr)
        assert until(lambda: frames)
    assert channel.jitter_stats["rtcp"] == channel.jitter_stats["other"] == 1


def test_exceptions_of_other_in_are_reported(server):
    with unraisable() as seen:
        channel = server.create_channel(
            frames_in=print, other_in=lambda: None, jitter_buffer=1, bind_host="127.0.0.1"
        )
        with plain_socket() as s:
            for n in range(3):
                s.sendto(RTCP, channel.local_addr)
                assert until(lambda: len(seen) == n + 1)
    assert {kind for kind, _, _ in seen} == {TypeError}
    assert server.stats["handler_exceptions"] == 3


@pytest.mark.parametrize(
    "options, error, word",
    [
        (dict(pkt_in=print, other_in=print), TypeError, "frames_in"),
        (dict(pkt_in=print, batch=True, other_in=print), TypeError, "frames_in"),
        (dict(frames_in=print, jitter_buffer=1, other_in=5), TypeError, "other_in must be callable"),
    ],
)
def test_other_in_is_for_frames(server, options, error, word):
    with pytest.raises(error, match=word):
        server.create_channel(bind_host="127.0.0.1", **options)
    assert server.stats["open_channels"] == 0


def test_a_channel_in_a_cycle_with_other_in_is_collected(server):
    class Owner:
        def __init__(self):
            self.channel = server.create_channel(
                frames_in=print, other_in=self.other_in, jitter_buffer=1
            )

        def other_in(self, data, addr, rtime_ns):
            pass

    gone = weakref.ref(Owner())
    gc.collect()
    assert gone() is None
    assert until(lambda: server.stats["open_channels"] == 0)

    owner = Owner()
    kept = weakref.ref(owner)
    owner.channel.close()
    channel = owner.channel
    del owner
    assert kept() is None and channel.closed


def test_a_lock_on_the_first_source(server):
    received = []
    channel = server.create_channel(
        lambda data, addr, rtime: received.append(addr), "127.0.0.1", source_policy="first"
    )
    assert channel.locked_source is None

    def send(sender, first, count):
        def counts():
            stats = channel.stats
            return stats["received"], stats["rejected"]

        before = counts()
        for seq in range(first, first + count):
            sender.sendto(rtp(seq), channel.local_addr)
        assert until(lambda: sum(counts()) == sum(before) + count)
        return counts()[0] - before[0]

    with plain_socket() as one, plain_socket() as other:
        assert send(one, 1, 3) == 0 and channel.locked_source is None  # the first three are lost
        assert send(one, 4, 1) == 1 and channel.locked_source == one.getsockname()
        assert send(other, 1, 10) == 0
        channel.reset_source_lock()
        assert channel.locked_source is None
        assert send(other, 11, 6) == 3 and channel.locked_source == other.getsockname()
        assert send(one, 5, 10) == 0
        assert until(lambda: received == [one.getsockname()] + [other.getsockname()] * 3)
        assert channel.stats["rejected"] == 3 + 10 + 3 + 10
    channel.close()
    with pytest.raises(RuntimeError, match="closed"):
        channel.reset_source_lock()


def test_a_lock_of_a_server_that_is_shut_down():
    with RtpServer() as server:
        channels = [
            server.create_channel(print, bind_host="127.0.0.1", source_policy=policy)
            for policy in ("any", "target", "first")
        ]
        for channel in channels:
            assert channel.reset_source_lock() is None and channel.locked_source is None
    for channel in channels:
        assert channel.locked_source is None
        with pytest.raises(RuntimeError):
            channel.reset_source_lock()
