"""rtp_load: the audio it reads and the plot it writes."""
import audioop
import re
import xml.etree.ElementTree as xml

import pytest

from load_tools import IMPAIRED, SHORT, Echo, load, load_json, wav


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


def svg_texts(path):
    root = xml.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")], root


def test_plot(tmp_path):
    for name, answer in ("some.svg", lambda n, data: [data] if n % 5 else []), \
            ("all.svg", lambda n, data: [data]), ("none.svg", lambda n, data: []):
        with Echo(answer) as echo:
            load_json("-t", echo.target, "-n", 3, *SHORT, "--plot", tmp_path / name, *IMPAIRED)
        texts, root = svg_texts(tmp_path / name)
        assert echo.target in texts[0] and "3 streams x 50 packets/s" in texts[0]
        assert any("loss 10 %" in text for text in texts)
        assert {"Round trip", "Loss and rate over time", "time of sending, s"} <= set(texts)
        assert ("nothing came back" in texts) == (name == "none.svg")
        assert any(text.startswith("p99 ") for text in texts) == (name != "none.svg")
        assert ("nothing lost" in texts) == (name == "all.svg")
        width, height = int(root.get("width")), int(root.get("height"))
        for rect in root.iter("{http://www.w3.org/2000/svg}rect"):
            x, y, w, h = (float(rect.get(a)) for a in ("x", "y", "width", "height"))
            assert 0 <= x <= x + w <= width and 0 <= y <= y + h <= height and w > 0 and h >= 0


def test_plot_that_cannot_be_written(tmp_path):
    run = load("-t", "127.0.0.1:9", *SHORT, "--plot", tmp_path / "no" / "a.svg")
    assert run.returncode == 1 and run.stdout == ""
    assert re.search(r"cannot write .*a\.svg: No such file", run.stderr)
    file = tmp_path / "a.wav"
    file.write_bytes(wav([1, 2, 3]))
    run = load("-t", "127.0.0.1:9", *SHORT, "--wav", file, "--plot", file)
    assert run.returncode == 2 and "same file" in run.stderr
    assert file.read_bytes() == wav([1, 2, 3])
