"""rtp_load: the audio it reads."""
import audioop

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


@pytest.mark.parametrize("content,message", [
    (b"", "is no WAV file"), (b"RIFF\0\0\0\0AVI " * 3, "is no WAV file"),
    (wav([1, 2], bits=24), "24-bit"), (wav([1, 2], fmt=3), "format 3"),
    (wav([]), "holds no samples"), (wav([1, 2])[:-8], "holds no samples"),
    (wav([1, 2])[:24], "broken fmt chunk"), (wav([1, 2], channels=0), "0 channels"),
    (wav([1, 2], rate=0), "0 samples a second"),
    (b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd", "no fmt chunk"), (None, "No such file")])
def test_wav_that_cannot_be_used(tmp_path, content, message):
    file = tmp_path / "bad.wav"
    if content is not None:
        file.write_bytes(content)
    run = load("-t", "127.0.0.1:9", "--wav", file)
    assert run.returncode == 1 and run.stdout == ""
    assert run.stderr.startswith(f"rtp_load: {file} ") and message in run.stderr
