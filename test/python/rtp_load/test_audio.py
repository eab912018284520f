"""rtp_load: the audio it reads."""
import audioop
import math
import random
import re
import struct
import subprocess

import pytest

from load_tools import SHORT, Echo, load, load_json, wav


def test_wav(tmp_path):
    # Above 0, where all encoders agree; a sample and a half packets before it starts again.
    ramp = [i * 60 % 32000 for i in range(401)]
    file = tmp_path / "a & b.wav"
    file.write_bytes(wav(ramp))
    for codec, encode in ("pcmu", audioop.lin2ulaw), ("pcma", audioop.lin2alaw):
        with Echo() as echo:
            result, status = load_json("-t", echo.target, "-n", 1, *SHORT, "--codec", codec,
                                       "--wav", file)
            (packets,) = echo.streams()
        assert status == 0 and result["audio"] == str(file)
        expected = encode(b"".join(s.to_bytes(2, "little") for s in (ramp * 8)[:20 * 160]), 2)
        assert b"".join(p.payload for p in packets) == expected


@pytest.mark.parametrize("options,extra", [
    ({"channels": 2}, b""), ({"channels": 2, "rate": 48000, "extensible": True}, b""),
    ({"channels": 2, "data_size": 2**32 - 1}, b""),
    ({"channels": 2}, b"LIST\x03\x00\x00\x00abc\x00")])
def test_wav_of_any_shape(tmp_path, options, extra):
    file = tmp_path / "a.wav"
    file.write_bytes(wav([1000, 3000] * 50, extra=extra, **options))
    with Echo() as echo:
        _, status = load_json("-t", echo.target, "-n", 1, *SHORT, "--wav", file)
        (packets,) = echo.streams()
    assert status == 0
    assert set(packets[0].payload) == set(audioop.lin2ulaw((2000).to_bytes(2, "little"), 2))


def pcm(samples):
    return struct.pack(f"<{len(samples)}h", *samples)


def convert(file, *options, samples=(), rate=8000, channels=1):
    """Writes a file of the format that its name and ffmpeg's options say."""
    subprocess.run(["ffmpeg", "-v", "error", "-f", "s16le", "-ar", str(rate), "-ac", str(channels),
                    "-i", "-", *options, file], input=pcm(samples), check=True)
    return file


def payload(file):
    """What the first 20 packets of a stream carry."""
    with Echo() as echo:
        result, status = load_json("-t", echo.target, "-n", 1, *SHORT, "--wav", file)
        (packets,) = echo.streams()
    assert status == 0 and result["audio"] == str(file)
    return b"".join(p.payload for p in packets)


RAMP = [i * 60 % 32000 for i in range(3200)]


@pytest.mark.parametrize("name,options", [
    ("a.flac", ()), ("a.au", ()), ("a.aiff", ()), ("a.wav", ("-c:a", "pcm_s24le")),
    ("a.wav", ("-c:a", "pcm_s32le")), ("a.wav", ("-c:a", "pcm_f32le")),
    ("a.caf", ()), ("named.otherwise", ("-f", "flac"))])
def test_formats_without_loss(tmp_path, name, options):
    file = convert(tmp_path / name, *options, samples=RAMP)
    assert payload(file) == audioop.lin2ulaw(pcm(RAMP), 2)


def tone(amplitude, rate, seconds=0.5):
    return [round(amplitude * math.sin(2 * math.pi * 440 * i / rate))
            for i in range(round(rate * seconds))]


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.au"])
def test_44_1_khz_in_stereo_is_mixed_down_and_resampled(tmp_path, name):
    left, right = tone(10_000, 44_100), tone(6_000, 44_100)
    stereo = [s for pair in zip(left, right) for s in pair]
    file = convert(tmp_path / name, samples=stereo, rate=44_100, channels=2)
    heard = struct.unpack("<3200h", audioop.ulaw2lin(payload(file), 2))
    # Half a step of the codec at this level, and what linear interpolation adds.
    assert max(abs(a - b) for a, b in zip(heard, tone(8_000, 8_000))) <= 128 + 16


def test_samples_beyond_full_scale_are_clipped(tmp_path):
    samples = struct.pack("<6f", 2, 2, -3, -3, math.nan, math.nan) * 600
    head = struct.pack("<HHIIHH", 3, 1, 8000, 32000, 4, 32)
    file = tmp_path / "a.wav"
    file.write_bytes(b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt " +
                     struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(samples)) +
                     samples)
    assert payload(file)[:6] == audioop.lin2ulaw(pcm([32767, 32767, -32768, -32768, 0, 0]), 2)


def test_standard_input(tmp_path):
    file = convert(tmp_path / "a.wav", samples=RAMP)
    with Echo() as echo:
        with subprocess.Popen(["cat", file], stdout=subprocess.PIPE) as cat:
            result, status = load_json("-t", echo.target, "-n", 1, *SHORT, "--wav", "-",
                                       stdin=cat.stdout)
        (packets,) = echo.streams()
    assert status == 0 and result["audio"] == "-"
    assert b"".join(p.payload for p in packets) == audioop.lin2ulaw(pcm(RAMP), 2)


def test_a_wav_that_is_cut_short_is_as_long_as_it_is(tmp_path):
    file = tmp_path / "a.wav"
    file.write_bytes(wav(RAMP)[:44 + 2 * 160])
    assert payload(file) == 20 * audioop.lin2ulaw(pcm(RAMP[:160]), 2)


NO_AUDIO = "is not an audio file of a known format"
BROKEN = "cannot be read to its end|is damaged or cut short: [0-9]+ of 99999 samples"


@pytest.mark.parametrize("content,message", [
    (b"", NO_AUDIO), (b"RIFF\0\0\0\0AVI " * 3, NO_AUDIO), (b"some text\n" * 99, NO_AUDIO),
    (wav([1, 2], fmt=3), "cannot be read"), (wav([]), "holds no samples"),
    (wav([1, 2])[:-8], "cannot be read"), (wav([1, 2])[:24], "cannot be read"),
    (wav([1, 2], channels=0), "cannot be read: Channel count is zero"),
    (wav([1, 2], rate=0), "cannot be read"),
    (wav([1, 2], rate=768_001), "has 768001 samples a second"),
    (b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd", "cannot be read"), (None, "No such file")])
def test_a_file_that_cannot_be_used(tmp_path, content, message):
    file = tmp_path / "bad.wav"
    if content is not None:
        file.write_bytes(content)
    refused(file, message)


def refused(file, message):
    run = load("-t", "127.0.0.1:9", "--wav", file)
    assert run.returncode == 1 and run.stdout == ""
    ours = [line for line in run.stderr.splitlines() if line.startswith("rtp_load: ")]
    # What libsndfile reads with may say something, too.
    assert len(ours) == 1 and ours[0].startswith(f"rtp_load: {file}: ")
    assert re.search(message, ours[0])


def test_a_directory_is_no_audio(tmp_path):
    refused(tmp_path, "is a directory")


def noise(count):
    source = random.Random(1)
    return [source.randrange(-9999, 9999) for _ in range(count)]


@pytest.mark.parametrize("share,message", [
    (0.01, "cannot be read"), (0.2, BROKEN), (0.5, BROKEN), (0.9, BROKEN)])
def test_a_flac_that_is_cut_short_is_refused(tmp_path, share, message):
    file = convert(tmp_path / "a.flac", samples=noise(99_999))
    whole = file.read_bytes()
    file.write_bytes(whole[:int(share * len(whole))])
    refused(file, message)


def test_a_flac_with_a_hole_is_refused(tmp_path):
    file = convert(tmp_path / "a.flac", samples=noise(99_999))
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2:len(whole) // 2 + 99] = bytes(99)
    file.write_bytes(whole)
    refused(file, BROKEN)


def test_audio_that_resampling_makes_too_long_is_refused(tmp_path):
    file = tmp_path / "slow.wav"
    file.write_bytes(wav([0] * 20_000, rate=1))
    refused(file, "is longer than 256 MiB of samples")
