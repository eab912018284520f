"""VoiceCall: calls of an RtpServer, with callbacks."""

import array
import socket
import threading
import time

import pytest
from server_tools import (
    DEADLINE, descriptors, in_threads, plain_socket, threads, unraisable, until,
)  # fmt: skip
from voice_tools import HOST, Heard, create_silent, power, rtp, tone

from rtpsynth.RtpServer import RtpServer
from rtpsynth.media import CallQuality
from rtpsynth.voice import Bye, Codec, Digit, Played, Quiet, Source

MY_KEY = "AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40
ITS_KEY = "AES_CM_128_HMAC_SHA1_80 inline:" + "B" * 40


@pytest.fixture
def heard():
    return Heard()


def test_audio_goes_from_one_to_the_other(server, heard):
    there = create_silent(server, heard, rate=16000)
    here = create_silent(server, rate=24000, peer=there.local_addr)
    assert here.play(tone(400, 24000), item=5) is True
    here.drained()
    source = heard.next()
    assert source == Source(here.local_addr, source.ssrc, True)
    assert until(lambda: len(heard.audio) > 25)
    assert all(len(audio.pcm) == 640 for audio in heard.audio)
    assert max(power(audio.pcm) for audio in heard.audio) > 1e7
    assert {a.kind for a in heard.audio} <= {
        "speech", "stretched", "compressed", "concealed", "silence", "comfort_noise"
    }  # fmt: skip
    times = [a.time_ns for a in heard.audio if not a.skipped]
    assert {b - a for a, b in zip(times, times[1:])} == {20_000_000}
    assert abs(heard.audio[0].time_ns - time.monotonic_ns()) < DEADLINE * 1e9
    assert isinstance(there.quality, CallQuality) and there.quality.expected > 0
    assert here.quality.mos is None
    stats = there.stats
    assert stats["playout"]["received"] >= 20 and stats["session"]["rtp_accepted"] >= 19
    assert stats["rtp"]["received"] >= 20 and stats["audio_lost"] == stats["events_lost"] == 0
    assert stats["round_trip_ns"] is None
    assert here.stats["sender"]["audio_ticks"] >= 20
    assert len(heard.threads) == 1 and threading.get_ident() not in heard.threads


def test_items_and_digits_and_the_end_are_told(server, heard):
    sender_heard = Heard()
    there = create_silent(server, heard)
    here = create_silent(server, sender_heard, peer=there.local_addr)
    assert here.play(tone(60), 2**64 - 1)
    assert here.play(array.array("h", tone(40)), 8)
    here.end_item()
    assert sender_heard.next() == Played(2**64 - 1, 60)
    assert sender_heard.next() == Played(8, 40)
    here.send_digits("4#", on_ms=80, off_ms=40)
    here.drained()
    assert heard.next_of(Digit) == Digit("4", 80, 4)
    assert heard.next_of(Digit) == Digit("#", 80, 11)
    here.close("so long")
    assert heard.next_of(Bye).reason == "so long"
    there.close()
    assert there.closed and here.closed


def test_play_waits_for_room(server):
    with plain_socket() as phone:
        call = create_silent(server, peer=phone.getsockname(), play_queue=0.1)
        assert call.play(tone(400)) is True
        assert call.clear().ms >= 200  # most of it has been sent
        assert call.clear() == (None, 0) == Played(None, 0)
        with pytest.raises(TimeoutError):
            call.play(tone(1000), timeout=0.1)
        with pytest.raises(TimeoutError):
            call.play(tone(1000), timeout=0)
        assert call.clear().item == 0
        call.drained(timeout=DEADLINE)
        call.play(tone(100))
        with pytest.raises(TimeoutError):
            call.drained(timeout=0)


def test_clear_tells_who_waits(server):
    call = create_silent(server, play_queue=0.1)
    told = []
    waits = threading.Thread(target=lambda: told.append(call.play(tone(60_000), 3)))
    waits.start()
    assert until(lambda: call.stats["sender"]["audio_ticks"] > 2)
    assert call.clear().item == 3
    waits.join(DEADLINE)
    assert told == [False]


@pytest.mark.parametrize("end", ["close", "shutdown"])
def test_who_waits_is_told_of_the_end(end):
    with RtpServer(tick_hz=None) as server:
        call = create_silent(server, play_queue=0.1)

        def waits():
            with pytest.raises(RuntimeError, match="closed|shut"):
                call.play(tone(60_000))

        def drains():
            assert until(lambda: call.stats["sender"]["audio_ticks"] > 0)
            with pytest.raises(RuntimeError, match="closed|shut"):
                call.drained()

        def ends():
            assert until(lambda: call.stats["sender"]["audio_ticks"] > 10)
            call.close() if end == "close" else server.shutdown()

        assert in_threads([waits, drains, waits, ends]) == []
        assert call.closed == (end == "close")
        for use in (
            lambda: call.play(b""), call.drained, call.clear, call.end_item, call.close,
            lambda: call.set_peer(HOST, 9), lambda: call.set_codec("PCMA"),
            lambda: call.set_srtp(None), lambda: call.send_digits("1"),
            lambda: call.set_play_rate(8000),
        ):  # fmt: skip
            with pytest.raises(RuntimeError):
                use()
        assert call.local_addr[0] == HOST and call.stats["sender"]["audio_ticks"] > 2
        assert call.quality is not None
        with call:
            pass  # leaving closes what is open only


def test_quiet_and_pauses(server, heard):
    call = create_silent(server, heard, quiet_after=0.1, pause_after=0.1)
    assert heard.next().s >= 0.1
    with plain_socket() as phone:
        for seq in range(4):
            phone.sendto(rtp(seq), call.local_addr)
        assert isinstance(heard.next(), Source)
        assert isinstance(heard.next(), Quiet)
        time.sleep(0.3)  # so that audio has paused, too
        count = len(heard.audio)
        assert 0 < count < 100
        phone.sendto(rtp(5), call.local_addr)
        assert until(lambda: len(heard.audio) > count)
        assert sum(audio.skipped for audio in heard.audio) > 0


def test_the_latch_finds_the_other_side(server):
    call = server.create_call(None, HOST, latch="follow", idle="silence", probation=2)
    assert call.peer is None
    with plain_socket() as phone:
        for seq in range(3):
            phone.sendto(rtp(seq), call.local_addr)
        assert len(phone.recv(2000)) == 172
        assert call.peer == phone.getsockname()
        assert call.stats["latched"] == 1


def test_the_peer_can_be_set(server):
    call = server.create_call(None, HOST)
    with plain_socket() as phone:
        call.set_peer("localhost", phone.getsockname()[1])
        assert len(phone.recv(2000)) == 172
        assert call.peer == phone.getsockname()
    with pytest.raises(OSError):
        call.set_peer("no.such.host.invalid", 9)
    with pytest.raises(OSError):
        server.create_call(None, HOST, peer=("no.such.host.invalid", 9))


def test_codecs(server):
    with plain_socket() as phone:
        call = server.create_call(
            None, HOST, peer=phone.getsockname(), codec=["PCMA", Codec("L16/8000", 97)]
        )
        assert phone.recv(2000)[1] & 127 == 8
        call.set_codec(Codec("L16/8000", 97))
        while phone.recv(2000)[1] & 127 != 97:
            pass
        assert len(phone.recv(2000)) == 332
        call.set_codec("G722")
        while phone.recv(2000)[1] & 127 != 9:
            pass
        for bad in ("G722/1", Codec("L16/8000"), ("PCMU", 101)):
            with pytest.raises(ValueError):
                call.set_codec(bad)


def test_srtp(server, heard):
    try:
        there = create_silent(server, heard, srtp=(MY_KEY, ITS_KEY))
    except NotImplementedError:
        pytest.skip("rtpsynth was built without libsrtp2")
    here = create_silent(server, peer=there.local_addr, srtp=(ITS_KEY, MY_KEY))
    here.play(tone(100))
    assert isinstance(heard.next(), Source)
    plain = create_silent(server, peer=there.local_addr)
    plain.play(tone(100))
    assert until(lambda: there.stats["not_authentic"] > 0)
    plain.set_srtp((ITS_KEY, MY_KEY))
    plain.set_srtp(None)
    for bad in ((MY_KEY, "AES"), (MY_KEY, MY_KEY[:-4]), ("NO_SUCH " + MY_KEY, MY_KEY)):
        with pytest.raises(ValueError, match="srtp"):
            plain.set_srtp(bad)


def test_what_is_not_taken_is_dropped_and_counted(server):
    """A callback that holds up the others: the oldest audio is lost, events are not."""
    go_on, events = threading.Event(), []

    def slow(event):
        events.append(event)
        go_on.wait(DEADLINE)

    there = create_silent(server, slow, audio_queue=3)
    here = create_silent(server, peer=there.local_addr)
    here.play(tone(600))
    here.send_digits("1")
    here.drained()
    assert until(lambda: there.stats["audio_lost"] > 10)
    go_on.set()
    assert until(lambda: any(isinstance(e, Digit) for e in events))
    lost = there.stats["audio_lost"]
    assert sum(getattr(e, "skipped", 0) for e in events) >= lost - 1


def test_events_have_a_limit_of_their_own(server):
    go_on, events = threading.Event(), []

    def slow(event):
        events.append(event)
        go_on.wait(DEADLINE)

    call = create_silent(server, slow, event_queue=2, quiet_after=0.1)
    assert until(lambda: events)  # Quiet
    for item in range(6):
        call.play(tone(20), item)
    call.end_item()
    call.drained()
    assert until(lambda: call.stats["events_lost"] == 4)
    go_on.set()
    assert until(lambda: len(events) == 3)
    assert [e.item for e in events[1:]] == [4, 5]


def test_what_a_callback_raises_is_told_and_the_call_goes_on(server):
    heard = []

    def on_event(event):
        heard.append(event)
        raise KeyError("mine")

    with unraisable() as told:
        there = create_silent(server, on_event)
        here = create_silent(server, peer=there.local_addr)
        here.play(tone(100))
        assert until(lambda: len(heard) > 5)
    assert {(kind, text) for kind, text, _ in told} == {(KeyError, "'mine'")}
    assert server.stats["handler_exceptions"] >= 5


def test_without_audio_nothing_is_decoded(server, heard):
    there = create_silent(server, heard, audio=False)
    here = create_silent(server, peer=there.local_addr)
    here.play(tone(100))
    here.send_digits("7")
    assert heard.next_of(Digit).digit == "7"
    assert heard.audio == [] and there.stats["playout"]["received"] == 0


def test_no_callback_after_close(server):
    calls = []
    there = create_silent(server, lambda event: calls.append(there.closed))
    here = create_silent(server, peer=there.local_addr, idle="silence")
    assert until(lambda: len(calls) > 5)
    there.close()
    count = len(calls)
    time.sleep(0.1)
    assert len(calls) <= count + 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(there.local_addr)  # the port is free
    here.close()


def test_the_threads_are_the_servers():
    before = threads(), descriptors()
    with RtpServer(tick_hz=None) as server:
        calls = [server.create_call(None, HOST) for _ in range(20)]
        assert len(threads() - before[0]) == 2
        assert descriptors() - before[1] < 30
        assert len(calls) == 20
        with pytest.raises(OSError):
            server.create_call(None, HOST, calls[0].local_addr[1])
    with pytest.raises(RuntimeError, match="shutting down"):
        server.create_call(None, HOST)
    del calls, server
    assert until(lambda: threads() <= before[0] and descriptors() <= before[1])
