"""Counters: every one that C++ has, under its name."""

import re
from pathlib import Path

import pytest
from rtpsynth.RtpJBuf import RtpJBuf
from rtpsynth.RtpProc import RtpProc
from rtpsynth.RtpServer import RtpChannel, RtpServer
from rtpsynth.RtpSynth import RtpSynth
from server_tools import open_to_itself, unraisable, until

ROOT = Path(__file__).resolve().parents[3]
LIB = "lib/include/rtpsynth"
ASIO_SERVER = "asio_server/include/rtpsynth/asio_server"


def members(header, struct):
    """The data members of a C++ struct."""
    text = (ROOT / header).read_text(encoding="utf-8")
    body = re.search(rf"^struct {struct} {{\n(.*?)^}};", text, re.S | re.M)[1]
    body = re.sub(r"//.*", "", body)
    return re.findall(r"^    [\w:]+ (\w+)(?: = 0|\{\});", body, re.M)


CHANNEL = members(f"{ASIO_SERVER}/channel/stats.hpp", "channel_stats")
SERVER = members(f"{ASIO_SERVER}/server/options.hpp", "server_stats")
FRAME_RECEIVER = members(f"{ASIO_SERVER}/channel/frame_receiver.hpp", "frame_receiver_stats")
JITTER_BUFFER = members(f"{LIB}/jitter/buffer_stats.hpp", "jitter_buffer_stats")
PROC = members(f"{ASIO_SERVER}/proc/rtp_proc.hpp", "rtp_proc_stats")


def replaced(names, name, *others):
    """The names, with others for the one that is a struct or a histogram."""
    assert name in names
    return sorted([n for n in names if n != name] + list(others))


def check(stats, names):
    assert sorted(stats) == sorted(names)
    assert all(type(n) is int and n >= 0 for n in stats.values())


def test_the_headers_are_read():
    assert len(CHANNEL) >= 14 and {"received", "cancelled", "last_send_error"} <= set(CHANNEL)
    assert len(JITTER_BUFFER) >= 9 and len(FRAME_RECEIVER) >= 9 and len(SERVER) >= 4


def test_jitter_buffer():
    check(RtpJBuf(4).stats, JITTER_BUFFER)


def test_channel_and_server(server):
    channel = server.create_channel(print, bind_host="127.0.0.1")
    check(channel.stats, [*CHANNEL, "overrun"])
    check(server.stats, replaced(SERVER, "channels", *CHANNEL, "overrun"))
    assert channel.jitter_stats is None


def test_channel_with_a_jitter_buffer(server):
    channel = server.create_channel(frames_in=print, jitter_buffer=4, bind_host="127.0.0.1")
    check(channel.stats, [*CHANNEL, "overrun"])
    check(channel.jitter_stats, replaced(FRAME_RECEIVER, "jitter_buffer", *JITTER_BUFFER))


def test_proc():
    with RtpProc() as proc:
        lateness = [f"lateness_{n}_ns" for n in ("p50", "p99", "max")]
        check(proc.stats, replaced(PROC, "lateness", *lateness))


@pytest.mark.parametrize(
    "attribute, names",
    [
        (RtpJBuf.stats, JITTER_BUFFER),
        (RtpChannel.stats, [*CHANNEL, "overrun"]),
        (RtpChannel.jitter_stats, FRAME_RECEIVER[1:]),
        (RtpServer.stats, SERVER[1:]),
        (RtpProc.stats, PROC[:-1]),
    ],
)
def test_the_documentation_names_every_counter(attribute, names):
    documented = re.findall(r"\w+", attribute.__doc__)
    assert set(names) <= set(documented)


def test_exceptions_that_callbacks_raise_are_counted(server):
    def fails(*packet):
        raise ValueError

    with unraisable() as seen:
        single = open_to_itself(server, fails)
        batch = open_to_itself(server, fails, batch=True)
        for channel in single, single, batch:
            channel.send_pkt(b"x")
            assert until(lambda: channel.stats["sent"] == channel.stats["accepted"])
        assert until(lambda: server.stats["handler_exceptions"] == 3)
        assert until(lambda: len(seen) == 3)


def test_exceptions_that_end_schedules_are_counted():
    def fails(now, deadline):
        raise ValueError

    with RtpProc() as proc, unraisable():
        before = proc.stats["exceptions"]
        channels = [proc.create_channel(f) for f in (fails, lambda now, deadline: "x", print)]
        assert proc.stats["exceptions"] == before + 2
        for channel in channels[:2]:
            with pytest.raises(RuntimeError):
                channel.close()
        channels[2].close()


def test_errors_of_a_socket_are_reported(server):
    channel = server.create_channel(print, bind_host="127.0.0.1")
    assert channel.stats["last_receive_error"] == channel.stats["last_send_error"] == 0
    channel.set_target("255.255.255.255", 9)  # without SO_BROADCAST
    channel.send_pkt(b"x")
    assert until(lambda: channel.stats["send_errors"] == 1)
    assert channel.stats["last_send_error"] == server.stats["last_send_error"] > 0


def test_overflows_are_counted_everywhere(server):
    packets = RtpSynth(8000, 20).next_pkts(6000, 1000, 0)
    blocked, go_on = [], []

    def frames_in(frames):
        blocked.append(1)
        assert until(lambda: go_on)

    receiver = server.create_channel(frames_in=frames_in, jitter_buffer=1, bind_host="127.0.0.1",
                                     receive_buffer_size=1 << 20)
    sender = server.create_channel(print, bind_host="127.0.0.1", queue_size=64)
    sender.set_target(*receiver.local_addr)
    try:
        for i in range(0, len(packets), 50):
            for packet in packets[i : i + 50]:
                sender.send_pkt(packet)
            assert until(lambda: sender.stats["sent"] == i + 50)
            assert until(
                lambda: receiver.stats["received"] + receiver.stats["overflow"] >= i + 50
            )
        assert blocked
        assert until(lambda: receiver.jitter_stats["overrun"] > 1000 and receiver.stats["overrun"]
                     == server.stats["overrun"] == receiver.jitter_stats["overrun"])
    finally:
        go_on.append(1)
