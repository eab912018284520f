"""Codecs and the resampler of the package."""
import gc
import inspect
import math
import sys
from array import array

import pytest
from rtpsynth.media import CallQuality, Decoder, Encoder, Resampler, TelephoneEventSender
from rtpsynth.RtpUtils import linear2ulaw, ulaw2linear

CORE = ["PCMU/8000", "PCMA/8000", "G722/8000", "L16/16000", "L16/8000/2"]


def has_opus():
    try:
        Encoder("opus/48000/2")
    except ValueError:
        return False
    return True


opus = pytest.mark.skipif(not has_opus(), reason="built without libopus")


def tone(rate, samples, frequency=440):
    return array("h", (round(8000 * math.sin(2 * math.pi * frequency * i / rate))
                       for i in range(samples)))


def power(pcm):
    return sum(x * x for x in pcm) / len(pcm)


def test_pcmu_is_what_rtputils_makes():
    pcm = tone(8000, 160)
    payload = Encoder("PCMU/8000").encode(pcm)
    assert payload == linear2ulaw(pcm)
    decoded = Decoder("pcmu/8000").decode(payload)
    assert decoded == ulaw2linear(payload)
    assert isinstance(decoded, array) and decoded.typecode == "h"


@pytest.mark.parametrize("rtpmap", CORE)
def test_a_tone_comes_back(rtpmap):
    encoder, decoder = Encoder(rtpmap), Decoder(rtpmap=rtpmap)
    rate = encoder.audio_rate
    assert (decoder.audio_rate, decoder.clock_rate) == (rate, encoder.clock_rate)
    pcm = tone(rate, rate // 10)
    heard = decoder.decode(encoder.encode(pcm))
    assert len(heard) == len(pcm)
    assert power(heard) == pytest.approx(power(pcm), rel=0.05)
    assert len(decoder.conceal(160)) == 0
    assert len(decoder.recover(b"\0" * 160, 160)) == 0


def test_g722_has_state_and_two_rates():
    encoder = Encoder("G722/8000")
    assert (encoder.audio_rate, encoder.clock_rate) == (16000, 8000)
    pcm = tone(16000, 320)
    first = encoder.encode(pcm.tobytes())
    assert len(first) == 160 and encoder.encode(pcm) != first
    encoder.reset()
    assert encoder.encode(pcm) == first


@opus
def test_opus_conceals_recovers_and_pauses():
    encoder = Encoder("opus/48000/2", "useinbandfec=1;maxaveragebitrate=32000", audio_rate=16000)
    decoder = Decoder("opus/48000/2", audio_rate=16000)
    assert (encoder.audio_rate, encoder.clock_rate) == (16000, 48000)
    pcm = tone(16000, 320 * 50)
    packets = [encoder.encode(pcm[i:i + 320]) for i in range(0, len(pcm), 320)]
    for payload in packets[:-1]:
        assert len(decoder.decode(payload)) == 320
    assert len(decoder.conceal(330)) == 320
    assert len(decoder.recover(packets[-1], 320)) in (0, 320)
    quiet = Encoder("opus/48000/2", "usedtx=1", 16000)
    assert not all(quiet.encode(bytes(640)) for _ in range(100))


@opus
def test_opus_has_certain_rates_and_lengths():
    with pytest.raises(ValueError, match="audio rate 44100 is not 8000"):
        Decoder("opus/48000/2", audio_rate=44100)
    with pytest.raises(ValueError, match="does not support packets of this many samples"):
        Encoder("opus/48000/2").encode(bytes(2 * 961))


@pytest.mark.parametrize("cls", [Encoder, Decoder])
def test_what_is_wrong_is_named(cls):
    for rtpmap, says in [("G729/8000", 'codec "G729/8000": unknown name'),
                         ("G722/16000", 'codec "G722/16000": clock rate 16000 is not 8000'),
                         ("PCMU", 'codec "PCMU": not name/clock-rate or '
                                  'name/clock-rate/channels')]:
        with pytest.raises(ValueError) as error:
            cls(rtpmap)
        assert str(error.value) == says
    with pytest.raises(ValueError, match="audio rate 16000 is not 8000"):
        cls("PCMU/8000", audio_rate=16000)
    with pytest.raises(ValueError):
        cls("PCMU/8000", audio_rate=-1)
    for arguments in [(1,), ("PCMU/8000", None), ("PCMU/8000", "", "8000"), (), (b"PCMU/8000",)]:
        with pytest.raises(TypeError):
            cls(*arguments)
    with pytest.raises(UnicodeEncodeError):
        cls("\ud800")


def test_wrong_sizes_and_types():
    with pytest.raises(ValueError, match="does not support packets of this many samples"):
        Encoder("G722/8000").encode(bytes(6))
    with pytest.raises(ValueError, match="does not support packets of this many samples"):
        Encoder("PCMU/8000").encode(b"")
    with pytest.raises(ValueError):
        Encoder("PCMU/8000").encode(b"odd")
    with pytest.raises(ValueError, match="payload is not of this codec"):
        Decoder("L16/8000").decode(b"odd")
    with pytest.raises(ValueError, match="payload is not of this codec"):
        Decoder("PCMU/8000").decode(b"")
    decoder = Decoder("PCMU/8000")
    for wrong in (None, "text", 1):
        with pytest.raises(TypeError):
            decoder.decode(wrong)
        with pytest.raises(TypeError):
            Encoder("PCMU/8000").encode(wrong)
    for wrong in (-1, 384001):
        with pytest.raises(ValueError):
            decoder.conceal(wrong)
        with pytest.raises(ValueError):
            decoder.recover(b"x", wrong)


def test_texts_are_read_alike():
    for call, name in [(Encoder, "rtpmap"), (lambda text: Resampler(8000, 16000, text), "quality"),
                       (CallQuality, "codec"), (TelephoneEventSender(8000).queue, "digits")]:
        with pytest.raises(TypeError, match=f"{name} must be a str, not bytes"):
            call(b"PCMU/8000")
        with pytest.raises(UnicodeEncodeError):
            call("\ud800")


@pytest.mark.parametrize("cls", [Encoder, Decoder, Resampler])
def test_without_init_nothing_works(cls):
    made = cls.__new__(cls)
    for name in dir(cls):
        if name.startswith("_"):
            continue
        with pytest.raises(TypeError, match="not initialised"):
            member = getattr(made, name)
            member(*[b""] * len(inspect.signature(member).parameters))


@pytest.mark.parametrize("rates", [(24000, 8000), (8000, 24000), (44100, 16000), (8000, 8000)])
@pytest.mark.parametrize("quality", ["low", "standard", "high"])
def test_resampler_pieces_and_counts(rates, quality):
    in_rate, out_rate = rates
    pcm = tone(in_rate, in_rate // 5)
    whole, pieces = Resampler(in_rate, out_rate, quality), Resampler(*rates, quality=quality)
    expected = whole.process(pcm)
    assert len(expected) == -(-len(pcm) * out_rate // in_rate)
    got = array("h")
    for at in range(0, len(pcm), 333):
        got += pieces.process(pcm[at:at + 333].tobytes())
    assert got == expected and pieces.flush() == whole.flush()
    assert whole.process(pcm) == expected  # flush() started anew
    whole.reset()
    assert whole.process(pcm) == expected
    assert (whole.in_rate, whole.out_rate) == rates
    settled = expected[len(expected) // 2:]
    assert power(settled) == pytest.approx(power(pcm), rel=0.02)


def test_resampler_delay_and_filter():
    resampler = Resampler(24000, 8000)
    assert resampler.delay_samples == 120
    assert len(resampler.flush()) == 40
    assert power(resampler.process(tone(24000, 24000, 5000))[100:]) < 100


def test_resampler_arguments():
    for arguments in [(3999, 8000), (8000, 384001), (8000, 8000, "best")]:
        with pytest.raises(ValueError):
            Resampler(*arguments)
    for arguments in [("8000", 8000), (8000,), (8000, 8000, 1)]:
        with pytest.raises(TypeError):
            Resampler(*arguments)
    with pytest.raises(TypeError):
        Resampler(8000, 16000).process(None)
    with pytest.raises(ValueError):
        Resampler(8000, 16000).process(b"odd")


def test_signatures():
    assert str(inspect.signature(Encoder)) == "(rtpmap, fmtp='', audio_rate=0)"
    assert str(inspect.signature(Decoder)) == "(rtpmap, fmtp='', audio_rate=0)"
    assert str(inspect.signature(Resampler)) == "(in_rate, out_rate, quality='standard')"
    assert str(inspect.signature(Decoder.recover)) == "(self, /, next_payload, samples)"


def test_nothing_is_kept():
    def run():
        pcm = tone(16000, 320)
        encoder, decoder, resampler = Encoder("G722/8000"), Decoder("G722/8000"), Resampler(16000, 8000)
        for _ in range(20):
            payload = encoder.encode(pcm)
            resampler.process(decoder.decode(payload))
            for wrong in (b"", None):
                with pytest.raises((TypeError, ValueError)):
                    decoder.decode(wrong)
        encoder.__init__("PCMU/8000")

    run()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(20):
        run()
    gc.collect()
    assert sys.getallocatedblocks() - before < 100
