"""rtpsynth.voice: calls of an event loop."""

import asyncio
import time

import pytest
from aio_tools import plain_socket, run, until
from voice_tools import HOST, next_of, open_silent, power, rtp, tone

from rtpsynth.voice import (
    Audio, Bye, Call, Codec, Digit, Played, Quiet, Source, open_call,
)  # fmt: skip


def test_a_call_both_ways():
    async def main():
        async with (
            await open_silent(rate=24000, latch="follow") as there,
            await open_silent(rate=24000, peer=there.local_addr) as here,
        ):

            async def echo():
                async for event in there:
                    if isinstance(event, Audio):
                        await there.play(event.pcm, 1)
                    elif isinstance(event, Bye):
                        return event

            answer = asyncio.create_task(echo())
            assert await here.play(tone(500, 24000), 3)
            here.end_item()
            loud = 0
            while loud < 20:
                event = await here.next_event()
                if isinstance(event, Audio):
                    loud += power(event.pcm) > 1e6
            assert there.peer == here.local_addr
            assert there.quality.mos > 3 and there.stats["audio_lost"] == 0
            here.close("done")
            assert (await answer).reason == "done"
            assert "closed" in repr(here) and here.closed and not there.closed

    run(main())


def test_events_come_in_order():
    async def main():
        async with (
            await open_silent(quiet_after=0.1) as there,
            await open_silent(peer=there.local_addr) as here,
        ):
            assert (await there.next_event()).s >= 0.1
            await here.play(tone(60), 9)
            here.end_item()
            await here.send_digits("0D", on_ms=60, off_ms=40)
            await here.drained()
            assert await next_of(here, Played) == Played(9, 60)
            source = await next_of(there, Source)
            assert source == Source(here.local_addr, source.ssrc, True)
            assert await next_of(there, Digit) == Digit("0", 60, 0)
            assert await next_of(there, Digit) == Digit("D", 60, 15)
            assert isinstance(await next_of(there, Quiet), Quiet)

    run(main())


def test_play_waits_for_room_in_order_and_clear_tells():
    async def main():
        async with await open_silent(play_queue=0.1) as call:
            started = time.monotonic()
            assert await call.play(tone(60), 1)
            assert await call.play(tone(400), 2)
            assert time.monotonic() - started > 0.2  # the queue has 0.1 s
            tasks = [asyncio.create_task(call.play(tone(5000), n)) for n in (3, 4)]
            await asyncio.sleep(0.1)
            assert not tasks[0].done() and not tasks[1].done()
            assert call.clear().item in (2, 3)
            assert await asyncio.gather(*tasks) == [False, False]
            assert call.clear() == (None, 0)

    run(main())


def test_a_cancelled_play_leaves_the_others():
    async def main():
        async with await open_silent(play_queue=0.1) as call:
            first = asyncio.create_task(call.play(tone(60_000), 1))
            await asyncio.sleep(0)
            second = asyncio.create_task(call.play(tone(20), 2))
            await asyncio.sleep(0.05)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            assert await second is True
            drains = asyncio.create_task(call.drained())
            await asyncio.sleep(0)
            drains.cancel()
            with pytest.raises(asyncio.CancelledError):
                await drains
            await call.drained()
            played = await next_of(call, Played)
            assert played.item == 1 and played.ms < 1000
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(call.play(tone(60_000), 3), 0.05)

    run(main())


def test_a_cancelled_next_event_loses_nothing():
    async def main():
        async with await open_silent() as call:
            for _ in range(3):
                waits = asyncio.create_task(call.next_event())
                await asyncio.sleep(0)
                waits.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waits
            await call.play(tone(20), 1)
            call.end_item()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(next_of(call, Bye), 0.2)
            await call.play(tone(20), 2)
            call.end_item()
            assert await call.next_event() == Played(2, 20)

    run(main())


def test_close_tells_everybody_who_waits():
    async def main():
        call = await open_silent(play_queue=0.1)
        waits = [
            asyncio.create_task(c)
            for c in (call.next_event(), call.play(tone(9000)), call.drained(), call.next_event())
        ]

        async def iterates():
            async for _ in call:
                pass
            return "ended"

        ends = asyncio.create_task(iterates())
        await asyncio.sleep(0.05)
        call.close()
        call.close()
        await call.aclose()
        for task in waits:
            with pytest.raises(RuntimeError, match="call is closed"):
                await task
        assert await ends == "ended" == await iterates()
        for use in (
            call.next_event, lambda: call.play(b""), call.drained, lambda: call.set_peer(HOST, 9),
            lambda: call.send_digits("1"),
        ):  # fmt: skip
            with pytest.raises(RuntimeError, match="call is closed"):
                await use()
        for use in (call.clear, call.end_item, lambda: call.set_codec("PCMU")):
            with pytest.raises(RuntimeError, match="call is closed"):
                use()
        assert call.local_addr[0] == HOST and call.stats["audio_lost"] == 0

    run(main())


def test_what_nobody_asks_for_is_kept_up_to_a_limit():
    async def main():
        async with (
            await open_silent(audio_queue=5) as there,
            await open_silent(peer=there.local_addr) as here,
        ):
            await here.play(tone(400))
            await here.drained()
            await until(lambda: there.stats["audio_lost"] > 5)
            first = await next_of(there, Audio)
            assert first.skipped > 0
            # Ticks go on coming, one of which may push out another meanwhile.
            assert first.skipped <= there.stats["audio_lost"] <= first.skipped + 100

    run(main())


def test_a_loop_that_is_held_up_loses_nothing_that_is_sent():
    async def main():
        async with (
            await open_silent() as there,
            await open_silent(peer=there.local_addr) as here,
        ):
            await here.play(tone(400), 1)
            time.sleep(0.6)  # the loop runs nothing
            assert there.stats["rtp"]["received"] >= 20
            await here.drained()

    run(main())


def test_addresses():
    async def main():
        with plain_socket() as phone:
            peer = "{}:{}".format(*phone.getsockname())
            async with await open_call(f"{HOST}:0", peer=peer) as call:
                assert call.peer == phone.getsockname() and call.local_addr[0] == HOST
                assert len(phone.recv(2000)) == 172
                await call.set_peer("localhost", 9)
                assert call.peer == (HOST, 9)
        async with await open_call("[::1]:0") as call:
            assert call.local_addr[0] == "::1"
        for bad in ("127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "::1:5", "::1"):
            with pytest.raises(ValueError, match="bind must"):
                await open_call(bad)
        for bad in (None, 5, (HOST,)):
            with pytest.raises(TypeError, match="bind must"):
                await open_call(bad)
        with pytest.raises(ValueError, match="peer must"):
            await open_call(peer="x")
        with pytest.raises(ValueError, match="bind_port"):
            await open_call((HOST, 65536))
        async with await open_call((HOST, 0)) as call:
            with pytest.raises(OSError):
                await open_call(call.local_addr)

    run(main())


def test_codecs_of_sdp():
    async def main():
        with plain_socket() as phone:
            codecs = ["G722", Codec("L16/8000", 100)]
            async with await open_call((HOST, 0), peer=phone.getsockname(), codec=codecs) as call:
                assert phone.recv(2000)[1] & 127 == 9
                phone.sendto(rtp(1, bytes(320), pt=100), call.local_addr)
                phone.sendto(rtp(2, bytes(320), pt=100), call.local_addr)
                assert isinstance(await call.next_event(), (Source, Audio))
                call.set_codec(codecs[1])

    run(main())


def test_a_call_that_is_not_open_yet():
    async def main():
        call = Call(asyncio.get_running_loop())
        for use in (call.clear, lambda: call.stats, lambda: aiter(call)):
            with pytest.raises(RuntimeError, match="not open yet"):
                use()
        assert "unopened" in repr(call)
        call.close()

    run(main())


def test_a_hundred_calls_share_a_thread():
    async def main():
        calls = [await open_silent() for _ in range(100)]
        for a, b in zip(calls, calls[1:] + calls[:1]):
            await a.set_peer(*b.local_addr)

        async def listens(call):
            count = 0
            async for event in call:
                count += isinstance(event, Audio)
                if count == 10:
                    return True

        tasks = [asyncio.create_task(listens(call)) for call in calls]
        assert all(await asyncio.gather(*(call.play(tone(300)) for call in calls)))
        assert all(await asyncio.gather(*tasks))
        for call in calls:
            call.close()

    run(main())
