"""Comfort noise: payloads and the noise that they describe."""
from array import array

import pytest
from rtpsynth.media import ComfortNoise, comfort_noise_payload, noise_level


def noise(payload, samples=40_000, seed=1):
    generator = ComfortNoise(seed)
    generator.set(payload)
    return generator.generate(samples)


@pytest.mark.parametrize("coefficients", [b"", b"\x40", b"\x28\xc8\x5a"])
@pytest.mark.parametrize("level", [20, 50, 80])
def test_the_level(level, coefficients):
    payload = comfort_noise_payload(level, coefficients)
    assert payload == bytes([level]) + coefficients
    pcm = noise(payload)
    assert isinstance(pcm, array) and pcm.typecode == "h" and len(pcm) == 40_000
    assert abs(noise_level(pcm) - level) <= 1


def test_silence():
    assert ComfortNoise().generate(160) == array("h", bytes(320))
    assert noise(b"\x7f", 160) == array("h", bytes(320))
    assert noise_level(b"") == noise_level(bytes(320)) == 127


def test_pieces_and_seeds():
    generator = ComfortNoise(seed=-1)
    generator.set(b"\x28\x40")
    pieces = array("h")
    for n in (0, 1, 159, 240):
        pieces += generator.generate(n)
    assert pieces == noise(b"\x28\x40", 400, -1) != noise(b"\x28\x40", 400, 2)


def test_errors():
    with pytest.raises(ValueError, match="payload"):
        ComfortNoise().set(b"")
    with pytest.raises(TypeError):
        ComfortNoise().set("x")
    with pytest.raises(ValueError, match="level"):
        comfort_noise_payload(128)
    with pytest.raises(ValueError, match="coefficients must be at most 16"):
        comfort_noise_payload(1, bytes(17))
    with pytest.raises(ValueError, match="samples"):
        ComfortNoise().generate(-1)
    with pytest.raises(ValueError):
        noise_level(b"x")
    with pytest.raises(ValueError, match="seed"):
        ComfortNoise(2**63)
