"""Playout and the concealer of the package."""
import gc
import math
import random
import sys
from array import array

import pytest
from rtpsynth.media import Decoder, Encoder, PacketLossConcealer, Playout
from rtpsynth.RtpSynth import RtpSynth

MS = 1_000_000
KINDS = {"concealed", "stretched", "compressed", "speech", "comfort_noise", "silence"}


def tone(rate, samples, start=0):
    return array("h", (round(8000 * math.sin(2 * math.pi * 200 * i / rate))
                       for i in range(start, start + samples)))


def largest_step(pcm):
    return max(abs(a - b) for a, b in zip(pcm, pcm[1:]))


class Call:
    """A sender of packets of 20 ms of a tone of 200 Hz, and a playout that is pulled as often."""

    def __init__(self, codec="PCMU/8000", payload_type=0, **options):
        self.player = Playout(**options)
        self.player.add_decoder(payload_type, codec)
        self.player.add_comfort_noise(13)
        self.player.add_event(101)
        self.encoder = Encoder(codec)
        self.synth = RtpSynth(self.encoder.clock_rate, 20)
        self.payload_type = payload_type
        self.n = 0
        self.heard = array("h")

    def tick(self, lost=False):
        size = self.encoder.audio_rate // 50
        payload = self.encoder.encode(tone(self.encoder.audio_rate, size, self.n * size))
        packet = self.synth.next_pkt(len(payload), self.payload_type, payload)
        now = self.n * 20 * MS
        self.n += 1
        if not lost:
            self.player.insert(packet, now)
        kind, pcm = self.player.pull(now_ns=now + MS, samples=self.player.rate // 50)
        assert kind in KINDS
        assert isinstance(pcm, array) and pcm.typecode == "h"
        assert len(pcm) == self.player.rate // 50
        self.heard += pcm
        return kind


def test_a_stream_is_heard():
    call = Call()
    kinds = [call.tick() for _ in range(100)]
    assert set(kinds[10:]) <= {"speech", "compressed"}
    assert kinds.count("speech") > 90
    stats = call.player.stats
    assert stats["received"] == 100 == stats["played"] + stats["waiting"]
    assert sum(stats[kind + "_ticks"] for kind in KINDS) == 100
    assert stats["speech_ticks"] == kinds.count("speech")
    assert 0 < stats["mean_delay_ns"] < 60 * MS
    assert largest_step(call.heard) < 1600


def test_losses_are_concealed():
    call = Call()
    kinds = [call.tick(lost=n % 10 == 9) for n in range(200)]
    assert kinds[20:].count("concealed") >= 18
    assert kinds[20:].count("silence") == 0
    assert largest_step(call.heard) < 1600


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_any_rate_of_any_codec(rate):
    call = Call("G722/8000", 9, rate=rate)
    assert call.player.rate == rate
    for _ in range(100):
        call.tick()
    loud = call.heard[len(call.heard) // 2:]
    assert max(loud) == pytest.approx(8000, rel=0.05)
    assert largest_step(call.heard) < 2 * largest_step(tone(rate, rate))


def test_pull_into_is_pull():
    one, two = Call(), Call()
    two.synth = None
    for n in range(50):
        payload = one.encoder.encode(tone(8000, 160, n * 160))
        packet = one.synth.next_pkt(160, 0, payload)
        for call in (one, two):
            call.player.insert(packet, n * 20 * MS)
        kind, pcm = one.player.pull(n * 20 * MS + MS, 160)
        memory = bytearray(321)
        out = memoryview(memory)[n % 2:n % 2 + 320]  # every other one is not aligned
        assert two.player.pull_into(n * 20 * MS + MS, out) == kind
        assert bytes(out) == pcm.tobytes()
    with pytest.raises((TypeError, BufferError)):
        one.player.pull_into(0, b"\0" * 320)
    with pytest.raises(ValueError):
        one.player.pull_into(0, bytearray(3))


def test_noise_and_events():
    call = Call()
    for _ in range(20):
        call.tick()
    call.player.insert(call.synth.next_pkt(1, 13, b"\x28"), call.n * 20 * MS)
    kinds = []
    for _ in range(20):
        kinds.append(call.player.pull(call.n * 20 * MS + MS, 160)[0])
        call.n += 1
    assert kinds[-1] == "comfort_noise"
    assert "concealed" not in kinds


def test_opus_if_there():
    try:
        Decoder("opus/48000/2")
    except ValueError:
        with pytest.raises(ValueError, match="opus"):
            Playout().add_decoder(96, "opus/48000/2")
        return
    call = Call("opus/48000/2", 96, rate=16000)
    kinds = [call.tick(lost=n == 50) for n in range(100)]
    assert "concealed" in kinds


def test_bad_arguments():
    for name, value in (("rate", 7999), ("rate", 96001), ("initial_delay_ns", -1),
                        ("min_delay_ns", 10**10 + 1), ("max_delay_ns", -1)):
        with pytest.raises(ValueError, match=name):
            Playout(**{name: value})
    for options, name in (({"min_delay_ns": 600 * MS}, "max_delay"),
                          ({"late_target": 0.2}, "late_target"),
                          ({"late_target": math.nan}, "late_target")):
        with pytest.raises(ValueError, match=name):
            Playout(**options)
    with pytest.raises(TypeError):
        Playout(late_target="much")
    player = Playout()
    for function in (lambda t: player.add_decoder(t, "PCMU/8000"), player.add_event,
                     player.add_comfort_noise):
        for payload_type in (-1, 128, 256):
            with pytest.raises(ValueError, match="payload_type"):
                function(payload_type)
    with pytest.raises(ValueError, match="GSM"):
        player.add_decoder(3, "GSM/8000")
    with pytest.raises(ValueError, match="4000"):
        player.add_decoder(96, "L16/4000")
    for now in (-1, 2**62):
        with pytest.raises(ValueError, match="now_ns"):
            player.insert(RtpSynth(8000, 20).next_pkt(160, 0), now)
        with pytest.raises(ValueError, match="now_ns"):
            player.pull(now, 160)
    with pytest.raises(ValueError, match="not RTP"):
        player.insert(b"", 0)
    with pytest.raises(ValueError, match="samples"):
        player.pull(0, -1)
    with pytest.raises(ValueError, match="samples"):
        player.pull(0, 384001)
    assert player.pull(0, 0) == ("silence", array("h"))
    assert player.stats["received"] == 0


def test_not_initialised_and_initialised_again():
    bare = Playout.__new__(Playout)
    for use in (lambda: bare.pull(0, 160), lambda: bare.stats, lambda: bare.rate,
                lambda: bare.insert(b"", 0), lambda: bare.add_event(101)):
        with pytest.raises(TypeError, match="not initialised"):
            use()
    call = Call()
    for _ in range(10):
        call.tick()
    call.player.__init__(rate=16000)
    assert call.player.stats["received"] == 0
    assert call.player.pull(0, 320)[0] == "silence"


def test_arguments_that_begin_the_object_anew():
    player = Playout()
    player.add_decoder(0, "PCMU/8000")

    class Anew:
        def __init__(self, value):
            self.value = value

        def __index__(self):
            player.__init__(rate=48000)
            return self.value

    player.pull(Anew(MS), Anew(160))
    packet = RtpSynth(8000, 20).next_pkt(160, 0)
    player.insert(packet, Anew(MS))
    assert player.rate == 48000


def test_any_bytes_and_times_do_no_harm():
    rng = random.Random(1)
    for _ in range(30):
        player = Playout(rate=rng.choice((8000, 11025, 24000)))
        for payload_type, codec in ((0, "PCMU/8000"), (9, "G722/8000"), (96, "L16/44100/2")):
            player.add_decoder(payload_type, codec)
        player.add_event(101)
        for _ in range(200):
            packet = bytes((0x80, rng.choice((0, 9, 96, 101, 13)))) + rng.randbytes(
                10 + rng.randrange(400))
            player.insert(packet, rng.randrange(2**62))
            player.pull(rng.randrange(2**62), rng.randrange(3000))
        stats = player.stats
        assert stats["received"] == sum(
            stats[k] for k in ("played", "waiting", "late", "duplicate", "discarded"))


def test_playouts_are_freed():
    def blocks():
        gc.collect()
        return sys.getallocatedblocks()

    for _ in range(3):
        Call().tick()
    before = blocks()
    for _ in range(20):
        Call().tick()
    assert blocks() - before < 20


def test_concealer_continues_and_joins():
    concealer = PacketLossConcealer(8000)
    heard = array("h")
    for n in range(50):
        pcm = tone(8000, 160, n * 160)
        if n % 10 == 5:
            behind = tone(8000, 160, (n + 1) * 160) if n > 20 else None
            heard += concealer.conceal(160, next_pcm16=behind)
        else:
            received = concealer.receive(pcm)
            if n % 10 != 6:
                assert received == pcm
            heard += received
    assert largest_step(heard) < 1600
    assert concealer.rate == 8000


def test_concealer_comes_to_silence_and_forgets():
    concealer = PacketLossConcealer(16000)
    concealer.receive(tone(16000, 1600))
    assert not concealer.is_silent
    gap = concealer.conceal(1600)
    assert concealer.is_silent
    assert max(gap[:160]) > 1000 and set(gap[1000:]) == {0}
    concealer.receive(tone(16000, 1600))
    concealer.reset()
    assert set(concealer.conceal(160)) == {0}
    concealer.receive(tone(16000, 1620))  # ends at the top
    concealer.interrupt()
    joined = concealer.receive(array("h", [0] * 160))
    assert joined[0] > 4000 and set(joined[80:]) == {0}


def test_concealer_refuses():
    for rate in (7999, 96001):
        with pytest.raises(ValueError, match="rate"):
            PacketLossConcealer(rate)
    concealer = PacketLossConcealer(8000)
    with pytest.raises(ValueError, match="samples"):
        concealer.conceal(-1)
    with pytest.raises(ValueError):
        concealer.receive(b"odd")
    with pytest.raises(TypeError):
        concealer.conceal(1, next_pcm16="text")
    with pytest.raises(TypeError, match="not initialised"):
        PacketLossConcealer.__new__(PacketLossConcealer).reset()
