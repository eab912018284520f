"""Calls with baresip, a softphone that dials: what each side heard, and what it reports."""
import pathlib
import re
import shutil
import subprocess
import time

import pytest

from call_tools import WHOLE, Side, missing, read_wav, rtp_ports, speech, wait_for, write_wav
from network import DELAY, Network
from sip import Callee

MODULES = [path for path in pathlib.Path("/usr").glob("lib*/**/baresip/modules") if path.is_dir()]

pytestmark = pytest.mark.skipif(not shutil.which("baresip") or not MODULES, reason="no baresip")

OURS, ITS = speech(8, seed=1), speech(30, seed=2)  # it hangs up when it has nothing to say any more
CONFIG = """
sip_listen 127.0.0.1:0
audio_source aufile,{here}/its.wav
audio_player aubridge,nowhere
audio_alert aubridge,nowhere
audio_level no
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtcp_mux no
jitter_buffer_delay 5-20
snd_path {here}
module_path {modules}
module g711.so
module sndfile.so
module aufile.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app rtcpsummary.so
"""


class Softphone:
    """It calls, and its dumps of what it says and hears are in `here`."""

    def __init__(self, here, callee):
        self.here = here
        write_wav(here / "its.wav", ITS)
        (here / "config").write_text(CONFIG.format(here=here, modules=MODULES[0]))
        (here / "accounts").write_text(
            "<sip:baresip@127.0.0.1>;regint=0;audio_codecs=PCMU/8000/1;ptime=20\n")
        (here / "contacts").touch()
        with open(here / "log", "w") as log:
            self.process = subprocess.Popen(
                ["baresip", "-f", here, "-e", f"/dial sip:callee@127.0.0.1:{callee.port}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def heard(self):
        return read_wav(next(self.here.glob("dump-*-dec.wav")))

    def summary(self):
        """Of the call that was hung up: fields such as PL, packets lost when sent and received."""
        found = []

        def is_there():
            found[:] = re.findall(r"^EX=.*$", (self.here / "log").read_text(), re.MULTILINE)
            return found

        wait_for(is_there, "summary")
        return dict(field.split("=") for field in found[0].rstrip(";").split(";"))

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def call(tmp_path):
    """A softphone and the one that it calls, who has been invited."""
    with Callee() as callee:
        softphone = Softphone(tmp_path, callee)
        try:
            its = callee.invited()
            raw = tmp_path / "ours.raw"
            raw.write_bytes(OURS.tobytes())
            yield callee, softphone, its, raw
        finally:
            softphone.stop()


def test_bot_that_records(call, tmp_path):
    callee, softphone, its, raw = call
    ours, = rtp_ports(1)
    recording = tmp_path / "recording.raw"
    with Side("stream", ours, its, raw, recording) as side:
        callee.answer(ours)
        side.play()
        time.sleep(0.5)  # it hears the end
        callee.hang_up()
        summary = softphone.summary()
        stats = side.end()
    print(stats, summary)
    assert stats["received"] > 0 and stats["malformed"] == 0
    # Its BYE is alone in its datagram (RFC 5506).
    assert stats["sources_left"] == 1 and stats["rtcp_malformed"] == 0
    assert missing(OURS[:-8000], softphone.heard()) in WHOLE  # the rest is in its buffers
    said = recording.read_bytes()
    assert missing(ITS[:5 * 8000], said) in WHOLE
    assert summary["PL"] == "0,0"


def test_relay(call, tmp_path):
    callee, softphone, its, raw = call
    ours, a, b = rtp_ports(3)
    recording = tmp_path / "recording.raw"
    with Side("relay", a, its, b, ours) as relay, Side("stream", ours, b, raw, recording) as side:
        callee.answer(a)
        side.play()
        time.sleep(0.5)
        callee.hang_up()
        summary = softphone.summary()
        stats = side.end()
        legs = relay.end()
    print(stats, legs, summary)
    for leg in legs.values():
        assert leg["received"] == leg["forwarded"] > 0 and leg["rtcp_forwarded"] > 0
    assert missing(OURS[:-8000], softphone.heard()) in WHOLE
    assert missing(ITS[:5 * 8000], recording.read_bytes()) in WHOLE
    assert summary["PL"] == "0,0"
    assert stats["round_trip_us"] >= 0  # by its report, which the relay translated; it counts in ms


def test_reports(call):
    callee, softphone, its, raw = call
    ours, here, there = rtp_ports(3)
    with Network(here, ours, there, its) as net, Side("stream", ours, here, raw, "-") as side:
        callee.answer(there)
        side.play()
        stats = side.end()
        callee.hang_up()
        summary = softphone.summary()
    about_us, about_it = net.reports["a"], net.reports["b"]
    print("about us:", *about_us, "about it:", *about_it, "our round trip:",
          stats["round_trip_us"], "its summary:", summary, sep="\n")
    assert about_us and about_it
    assert all(report.lost == report.true_lost for report in (*about_us, *about_it))
    # Both have measured a round trip. It cannot be shorter than the network's, but for its rounding.
    assert stats["round_trip_us"] > 1.9e6 * DELAY and float(summary["DL"]) > 1.9e3 * DELAY
