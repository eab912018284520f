"""rtp_load: the plot it writes."""
import re
import xml.etree.ElementTree as xml

from load_tools import IMPAIRED, SHORT, Echo, load, load_json, wav


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
