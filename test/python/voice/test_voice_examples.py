"""examples/python/voice_bot.py, and the bots of README.md and docs/voice-in-python.md, on a phone."""

import pathlib
import re
import subprocess
import sys

import pytest
from example_tools import PATIENCE, Running, write_wav
from server_tools import until
from voice_tools import HOST, Heard, create_silent, power, tone

from array import array

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Phone:
    """Somebody who calls a bot."""

    def __init__(self, server, address):
        self.heard = Heard()
        host, port = address.split(":")
        self.call = create_silent(server, self.heard, rate=16000, peer=(host, int(port)))

    def says(self, ms):
        self.call.play(tone(ms, 16000))
        self.call.end_item()

    def hears(self, ms):
        """So many more ms of sound."""
        before = self.loud()
        return until(lambda: self.loud() - before >= ms)

    def loud(self):
        return 20 * sum(power(audio.pcm) > 1e5 for audio in list(self.heard.audio))


@pytest.mark.parametrize("greeting", [None, 3000])
def test_the_voice_bot(server, tmp_path, greeting):
    options = ["--bind", f"{HOST}:0"]
    if greeting:
        options += ["--greeting", write_wav(tmp_path / "hello.wav", array("h", tone(greeting, 24000)), 24000)]
    with Running("voice_bot.py", *options) as bot:
        (address,) = bot.addresses()
        phone = Phone(server, address)
        phone.call.play(bytes(32000 // 10))  # silence, so that the bot knows where the phone is
        assert phone.hears(200)  # the greeting
        phone.says(500)  # interrupts it
        assert re.fullmatch(r"interrupted after \d+ ms of 1", bot.line())
        assert phone.hears(300)  # what was said
        line = bot.line()
        assert re.fullmatch(r"said \d+ ms of 2", line) and int(line.split()[1]) >= 900
        phone.call.send_digits("2")
        assert bot.line().endswith(" ms of 3")
        phone.call.send_digits("1")
        assert bot.line() == f"said {greeting or 1000} ms of 4"
        phone.call.send_digits("#")
        bot.process.wait(PATIENCE)
        assert bot.process.returncode == 0
    assert len((ROOT / "examples/python/voice_bot.py").read_text().splitlines()) <= 70


def programs():
    """The bots of the documentation."""
    for name in ("README.md", "docs/voice-in-python.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for n, body in enumerate(re.findall(r"```python\n(.*?)```", text, re.DOTALL)):
            if "rtpsynth.voice" in body:
                yield pytest.param(body, id=f"{name}-{n}")


@pytest.mark.parametrize("body", list(programs()))
def test_a_program_of_the_documentation(server, body):
    """Each listens on port 5004 and ends when the phone presses # or hangs up, or by itself."""
    if "0.0.0.0:5004" in body:  # a bot that waits for a phone
        body = body.replace("0.0.0.0:5004", f"{HOST}:0")
        body = body.replace(") as call:", ') as call:\n        print("{}:{}".format(*call.local_addr), flush=True)', 1)
        with subprocess.Popen([sys.executable, "-c", body], stdout=subprocess.PIPE, text=True) as bot:
            try:
                phone = Phone(server, bot.stdout.readline().strip())
                phone.says(400)
                assert phone.hears(200)
                phone.call.send_digits("#")
                phone.call.drained()
                phone.call.close()
                assert bot.wait(PATIENCE) == 0
            finally:
                bot.kill()
    else:
        done = subprocess.run([sys.executable, "-c", body], capture_output=True, text=True,
                              timeout=PATIENCE)  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
