"""rtpsynth.aio: sending, receiving, options and errors."""

import asyncio
import errno
import inspect
import os
import socket
import sys
import threading
import time

import pytest
from aio_tools import (served_by,  # noqa: F401: the fixture
                       HOST, number, numbers, open_loopback, open_to_itself, plain_socket,
                       port_is_free, receiving, rtp, run, server_threads_are, until)

from rtpsynth.aio import Channel, FrameChannel, Packet, open_channel
from rtpsynth.RtpJBuf import ERSFrame, FrameWrapper, RTPFrame
from rtpsynth.RtpServer import RtpQueueFullError, RtpServer

PORTABLE = os.environ.get("RTPSYNTH_IO") == "portable"  # CMake sets it


def test_a_packet_is_its_data_its_sender_and_when_it_came():
    async def main():
        async with await open_loopback() as a, await open_loopback() as b:
            await a.set_target(*b.local_addr)
            before = time.monotonic_ns()
            a.send(b"question")
            packet = await b.recv()
            assert isinstance(packet, Packet)
            assert packet == (b"question", a.local_addr, packet.rtime_ns)
            assert before <= packet.rtime_ns <= time.monotonic_ns()
            b.send(bytearray(b"answer"), packet.addr)
            data, addr, _ = await a.recv()
            assert (data, addr) == (b"answer", b.local_addr)
            # What was sent is counted after the peer may have it.
            await until(lambda: a.stats["sent"] == a.stats["received"] == b.stats["sent"] == 1)
            assert a.stats["dropped"] == 0

    run(main())


def test_an_iterator_gives_every_packet_in_order():
    async def main():
        async with await open_to_itself(queue_size=128) as channel:
            for n in range(100):
                channel.send(number(n))
            seen = []
            async for packet in channel:
                seen.append(packet)
                if len(seen) == 100:
                    break
            assert numbers(seen) == list(range(100))
            channel.send(b"more")  # a break does not close
            assert (await channel.recv()).data == b"more"

    run(main())


def test_names_are_looked_up_and_families_kept_apart():
    async def main():
        async with await open_channel("localhost", bind_family="ipv4") as channel:
            assert channel.local_addr[0] == HOST
            await channel.set_target("localhost", channel.local_addr[1])
            channel.send(b"here")
            assert (await channel.recv()).data == b"here"
        async with await open_channel() as channel:
            assert channel.local_addr[0] == "0.0.0.0"

    run(main())


def test_ipv6():
    try:
        with plain_socket("::1", socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("there is no IPv6 here")

    async def main():
        async with await open_channel("::1") as channel:
            channel.send(b"six", channel.local_addr)
            packet = await channel.recv()
            assert packet[:2] == (b"six", channel.local_addr)

    run(main())


def test_send_raises_as_send_pkt_does():
    async def main():
        with RtpServer(tick_hz=0.1) as server:  # nothing leaves for ten seconds
            async with await open_loopback(server=server, queue_size=2) as channel:
                with pytest.raises(RuntimeError, match="target"):
                    channel.send(b"")
                await channel.set_target(*channel.local_addr)
                for bad, error in ((b"x" * 65508, ValueError), ("text", TypeError)):
                    with pytest.raises(error):
                        channel.send(bad)
                with pytest.raises(ValueError):
                    channel.send(b"", ("no address", 5))
                with pytest.raises(RtpQueueFullError):
                    for _ in range(4):
                        channel.send(b"")
                channel.close()
                with pytest.raises(RuntimeError, match="closed"):
                    channel.send(b"")

    run(main())


def test_set_target_raises_what_it_raises_elsewhere():
    async def main():
        async with await open_loopback() as channel:
            with pytest.raises(ValueError, match="port"):
                await channel.set_target(HOST, 0)
            with pytest.raises(OSError):
                await channel.set_target("no.such.host.invalid", 5004)
            with pytest.raises(TypeError):
                await channel.set_target(5, 5)
        with pytest.raises(RuntimeError, match="closed"):
            await channel.set_target(HOST, 5)

    run(main())


def test_what_cannot_be_opened_leaves_nothing_behind():
    async def main():
        with plain_socket() as taken:
            with pytest.raises(OSError) as raised:
                await open_channel(*taken.getsockname())
            assert raised.value.errno == errno.EADDRINUSE
        for error, arguments in (
            (ValueError, {"bind_port": 65536}),
            (ValueError, {"queue_size": 3}),
            (ValueError, {"recv_queue": 0}),
            (TypeError, {"recv_queue": 1.5}),
            (TypeError, {"recv_queue": True}),
            (ValueError, {"jitter_buffer": 0}),
            (TypeError, {"jitter_buffer": {"size": 5}}),
            (TypeError, {"jitter_buffer": "8"}),
            (ValueError, {"dscp": 64}),
            (ValueError, {"source_policy": "none"}),
            (TypeError, {"no_such_option": 1}),
            (OSError, {"bind_host": "no.such.host.invalid"}),
        ):
            with pytest.raises(error):
                await open_channel(**arguments)
        assert server_threads_are(0)

    run(main())


def test_options_reach_the_channel():
    async def main():
        options = {"receive_buffer_size": 65536, "send_buffer_size": 65536, "coalesce": True,
                   "source_policy": "target", "probation": 2, "bind_family": 4}
        async with await open_loopback(**options) as channel:
            with plain_socket() as stranger:
                stranger.sendto(b"who?", channel.local_addr)
                await until(lambda: channel.stats["rejected"] == 1)

    run(main())


FOR_LINUX = {"dscp": 46, "reuse_port": True, "kernel_timestamps": True}


@pytest.mark.skipif(PORTABLE, reason='the I/O backend "portable" has none of these options')
def test_options_of_linux_reach_the_channel():
    async def main():
        async with await open_loopback(**FOR_LINUX) as channel:
            async with await open_channel(*channel.local_addr, reuse_port=True):
                pass

    run(main())


@pytest.mark.skipif(not PORTABLE, reason='the I/O backend "linux" has all options')
@pytest.mark.parametrize("option", FOR_LINUX)
def test_an_option_that_the_backend_has_not_is_refused(option):
    async def main():
        with pytest.raises(OSError) as refused:
            await open_loopback(**{option: FOR_LINUX[option]})
        assert refused.value.errno == errno.EOPNOTSUPP

    run(main())


def test_the_signature_names_every_option_of_create_channel():
    theirs = inspect.signature(RtpServer.create_channel).parameters
    ours = inspect.signature(open_channel).parameters
    assert set(theirs) - set(ours) == {"self", "pkt_in", "batch", "frames_in", "other_in"}
    assert set(ours) - set(theirs) == {"on_packet", "server", "recv_queue", "threaded"}
    for name in set(ours) & set(theirs):
        assert ours[name].default == theirs[name].default, name


def test_frames_come_in_order_of_sequence():
    async def main():
        async with await open_loopback(jitter_buffer=4) as channel:
            assert isinstance(channel, FrameChannel) and not isinstance(channel, Channel)
            with plain_socket() as sender:
                address = sender.getsockname()
                for seq in (100, 102, 101, 101, *range(103, 108)):
                    sender.sendto(rtp(seq), channel.local_addr)
            frames = []
            async for frame in channel:
                frames.append(frame)
                if len(frames) == 4:
                    break
            assert all(isinstance(frame, FrameWrapper) for frame in frames)
            seqs = [frame.content.frame.rtp.info.seq for frame in frames]
            assert seqs == [100, 101, 102, 103]
            assert frames[0].rtp_data == b"\xff" * 160
            assert {frame.addr for frame in frames} == {address}
            assert channel.jitter_stats["duplicate"] == 1

    run(main())


def test_a_packet_that_never_comes_is_an_erasure():
    async def main():
        options = {"capacity": 16, "max_delay_ns": 1_000_000}
        async with await open_loopback(jitter_buffer=options) as channel:
            with plain_socket() as sender:
                for seq in (1, 2, 5):
                    sender.sendto(rtp(seq), channel.local_addr)
            frames = [await channel.recv() for _ in range(4)]
            assert isinstance(frames[2].content, ERSFrame)
            assert frames[2].content.ts_diff == 320
            assert isinstance(frames[3].content, RTPFrame)
            assert frames[3].content.frame.rtp.info.seq == 5

    run(main())


def test_a_server_of_ones_own_is_used_and_left_running():
    async def main():
        with RtpServer(tick_hz=1000) as server:
            async with await open_loopback(server=server) as channel:
                assert server.stats["open_channels"] == 1
                assert server_threads_are(2)  # there is no other
                channel.send(b"own", channel.local_addr)
                assert (await channel.recv()).data == b"own"
            assert server.stats["open_channels"] == 0
            server.create_channel(print, HOST).close()
        with pytest.raises(RuntimeError):
            await open_loopback(server=server)
        assert server_threads_are(0)

    run(main())


def test_a_channel_whose_server_was_shut_down_can_still_be_closed():
    async def main():
        server = RtpServer(tick_hz=None)
        channel = await open_loopback(server=server)
        (waiting,) = await receiving(channel)
        server.shutdown()
        with pytest.raises(RuntimeError):
            channel.send(b"", (HOST, 9))
        channel.close()
        with pytest.raises(RuntimeError, match="closed"):
            await waiting

    run(main())


def test_set_up_does_not_hold_up_the_loop():
    class Slow:
        """A server that takes until it is told."""

        def __init__(self, server, released):
            self.server, self.released = server, released

        def create_channel(self, *args, **kwargs):
            assert self.released.wait(20)
            return self.server.create_channel(*args, **kwargs)

    async def main():
        released = threading.Event()
        with RtpServer(tick_hz=None) as server:
            opening = asyncio.create_task(open_loopback(server=Slow(server, released)))
            for _ in range(10):
                await asyncio.sleep(0)
            assert not opening.done()
            released.set()
            await (await opening).aclose()

            released.clear()
            opening = asyncio.create_task(open_loopback(server=Slow(server, released)))
            await asyncio.sleep(0)
            opening.cancel()
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await opening
            released.set()  # what comes too late is closed
            await asyncio.get_running_loop().shutdown_default_executor()
            assert server.stats["open_channels"] == 0
            del cancelled  # whose traceback refers to the channel

    run(main())


def test_uvloop():
    uvloop = pytest.importorskip("uvloop")

    async def main():
        async with await open_to_itself(queue_size=128) as channel:
            for n in range(100):
                channel.send(number(n))
            assert numbers([await channel.recv() for _ in range(100)]) == list(range(100))
        assert port_is_free(channel.local_addr)
        left_open.append(await open_loopback())

    left_open = []
    uvloop.run(asyncio.wait_for(main(), 20))
    assert left_open[0].closed and server_threads_are(0)


def test_nothing_of_the_loop_that_is_private_is_touched():
    class Guarded(asyncio.SelectorEventLoop):
        def __getattribute__(self, name):
            caller = sys._getframe(1).f_globals["__name__"]
            if name.startswith("_") and caller.startswith("rtpsynth"):
                raise AssertionError(f"{caller} uses {name}")
            return super().__getattribute__(name)

    async def main():
        async with await open_to_itself() as channel:
            (waiting,) = await receiving(channel)
            channel.send(b"x")
            assert (await waiting).data == b"x"
            (waiting,) = await receiving(channel)
            waiting.cancel()
        return True

    loop = Guarded()
    try:
        assert loop.run_until_complete(asyncio.wait_for(main(), 20))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


def test_a_lock_on_the_first_source():
    async def main():
        async with await open_loopback(source_policy="first", probation=2) as channel:
            assert channel.locked_source is None
            with plain_socket() as one, plain_socket() as other:
                for sender in one, other:
                    channel.reset_source_lock()
                    for seq in 1, 2:
                        sender.sendto(rtp(seq), channel.local_addr)
                    assert (await channel.recv()).addr == sender.getsockname()
                    assert channel.locked_source == sender.getsockname()
            assert channel.stats["rejected"] == 2
        with pytest.raises(RuntimeError):
            channel.reset_source_lock()

    run(main())
