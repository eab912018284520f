"""SIPp calls SIPp through Kamailio, whose module rtpproxy drives rtp_relay: both sides of every call
speak, and Kamailio writes down what the relay has counted when the call ends.

    KAMAILIO_CALLS=200 KAMAILIO_SECONDS=600 pytest test_kamailio.py    # a longer churn"""
import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time

import pytest

from relay_tools import PATIENCE, Relay, wait_for

ROOM = pathlib.Path(__file__).parent
CALLS = int(os.environ.get("KAMAILIO_CALLS", 20))  # at once
SECONDS = int(os.environ.get("KAMAILIO_SECONDS", 10))  # of churn
TALK = 3  # seconds of a call

pytestmark = [
    pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")
    for program in ("kamailio", "sipp")]


@pytest.fixture
def ports():
    """The first of 16 ports for SIP and for SIPp, below those that Linux gives away."""
    return random.randrange(5104, 8192, 16)


class Proxy:
    """Kamailio with a set of relays."""

    def __init__(self, directory, port, relays):
        self.directory, self.port = directory, port
        self.log = directory / "kamailio.log"
        names = {"PROXY_PORT": str(port), "SERVER_PORT": str(port + 2),
                 "RELAYS": " ".join(relay.commands_at[0] for relay in relays)}
        text = (ROOM / "kamailio.cfg").read_text()
        for name, value in names.items():
            text = text.replace(name, value)
        config = directory / "kamailio.cfg"
        config.write_text(text)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                ["kamailio", "-DD", "-E", "-f", config, "-Y", directory,
                 "-P", directory / "kamailio.pid"], stdout=log, stderr=log, start_new_session=True)

    def __enter__(self):
        deadline = time.monotonic() + PATIENCE
        while f":{self.port:04X} " not in pathlib.Path("/proc/net/udp").read_text():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def ended(self):
        """{Call-ID: (packets of the caller, of the callee, forwarded, not forwarded)}; None instead
        if the relay did not know the call."""
        found = {}
        for call, text in re.findall(r"ended (\S+) (.*)", self.log.read_text()):
            counts = text.split()
            if len(counts) == 5:
                found[call] = tuple(map(int, counts[1:]))
            else:
                found.setdefault(call)  # or a BYE that was sent again
        return found


class Phones:
    """SIPp, calling and answering."""

    def __init__(self, directory, proxy, calls, seconds):
        audio = directory / "audio.alaw"
        audio.write_bytes(b"\xd5\x55" * 4000)  # a second
        for side in "caller", "callee":
            text = (ROOM / f"{side}.xml").read_text().replace("AUDIO", str(audio))
            (directory / f"{side}.xml").write_text(text)
        self.rate = max(1, calls // TALK)
        self.total = self.rate * seconds
        self.directory, self.proxy, self.calls = directory, proxy, calls

    def sipp(self, side, port, media, *arguments):
        return subprocess.Popen(
            ["sipp", f"127.0.0.1:{self.proxy.port}", "-sf", self.directory / f"{side}.xml",
             "-i", "127.0.0.1", "-p", str(port), "-mi", "127.0.0.1",
             "-mp", str(media), "-nostdin",
             "-trace_err", "-error_file", self.directory / f"{side}.errors", *arguments],
            cwd=self.directory, stdout=(self.directory / f"{side}.log").open("w"),
            stderr=subprocess.STDOUT)

    def __enter__(self):
        # An INVITE that was sent again is no reason for the callee to give up.
        self.callee = self.sipp("callee", self.proxy.port + 2, self.proxy.port + 8,
                                "-default_behaviors", "all,-abortunexp")
        self.caller = self.sipp(
            "caller", self.proxy.port + 4, self.proxy.port + 12, "-r", str(self.rate), "-l", str(self.calls),
            "-m", str(self.total), "-d", str(TALK * 1000), "-timeout", "3600")
        return self

    def __exit__(self, *_):
        for sipp in self.caller, self.callee:
            sipp.kill()
            sipp.wait()

    def wait(self, seconds):
        """SIPp's exit status: 0 if all calls succeeded."""
        return self.caller.wait(seconds + 6 * PATIENCE)

    def errors(self):
        paths = [self.directory / name for name in ("caller.errors", "caller.log")]
        return "".join(path.read_text()[-2000:] for path in paths if path.exists())


def spoken(counts):
    return counts is not None and counts[0] > 0 and counts[1] > 0


def report(text):
    with open(os.environ.get("KAMAILIO_REPORT", os.devnull), "a", encoding="utf-8") as file:
        file.write(text + "\n")


def test_every_call_has_audio_both_ways_and_leaves_nothing_behind(tmp_path, ports):
    with Relay("--timeout", 60, ports=4 * CALLS + 200) as relay, \
            Proxy(tmp_path, ports, [relay]) as proxy, \
            Phones(tmp_path, proxy, CALLS, SECONDS) as phones:
        wait_for(lambda: len(proxy.ended()) > phones.total // 4 or phones.caller.poll() is not None,
                 "no calls") if SECONDS < 60 else time.sleep(SECONDS / 4)
        descriptors, memory = relay.descriptors(), relay.memory()
        most = descriptors
        while phones.caller.poll() is None:
            time.sleep(0.5)
            most = max(most, relay.descriptors())
            grown = relay.memory() - memory
        status = phones.wait(SECONDS)
        ended = proxy.ended()
        assert ended, phones.errors()
        deadline = time.monotonic() + PATIENCE
        while (calls_left := relay.tell("I").splitlines()[1]) != "active sessions: 0":
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        left = relay.descriptors()
        totals = relay.stop()
        packets = sum(sum(counts[:2]) for counts in ended.values() if counts)
        dropped = sum(counts[3] for counts in ended.values() if counts)
        report(f"{len(ended)} calls of {phones.total}, {CALLS} at once, {SECONDS} s: "
               f"{sum(map(spoken, ended.values()))} with audio both ways, {packets} packets, "
               f"{dropped} not forwarded; least {min(min(c[:2]) for c in ended.values())} packets "
               f"of a side; SIPp {status}; descriptors {descriptors} then, {most} at most, "
               f"{left} left ({calls_left}); memory grew by {grown} bytes; {totals}")
        assert status == 0, phones.errors()
        assert len(ended) == phones.total
        assert all(map(spoken, ended.values())), ended
        assert totals["Media"] == phones.total and totals["Overflow"] == 0
        assert calls_left == "active sessions: 0" and left < 40
        assert grown < 32 << 20 or bool(os.environ.get("SANITIZED"))


def test_when_one_of_two_relays_is_killed_new_calls_use_the_other(tmp_path, ports):
    with contextlib.ExitStack() as stack:
        relays = [stack.enter_context(Relay(ports=4 * CALLS + 200)) for _ in range(2)]
        proxy = stack.enter_context(Proxy(tmp_path, ports, relays))
        phones = stack.enter_context(Phones(tmp_path, proxy, CALLS, max(SECONDS, 6 * TALK)))

        def calls(relay):
            return int(relay.tell("I").split("\n")[0].split(": ")[1])

        wait_for(lambda: len(proxy.ended()) > CALLS // 2 and min(map(calls, relays)) > 2,
                 "both relays have calls")
        before = set(proxy.ended())
        first, second = map(calls, relays)
        relays[0].process.kill()
        relays[0].process.wait()
        killed = time.monotonic()
        seen = {}
        while phones.caller.poll() is None:
            time.sleep(0.1)
            now = time.monotonic()
            for call in set(proxy.ended()) - set(seen):
                seen[call] = now - killed
        status = phones.wait(SECONDS)
        ended = proxy.ended()
        # A call that ends later than its length, and what set-up may take, after the kill is new.
        new = [call for call, after in seen.items() if after > TALK + 4 and call not in before]
        report(f"two relays, {CALLS} calls at once: {first} and {second} calls before the kill; "
               f"{len(ended)} of {phones.total} calls ended, SIPp {status}; "
               f"{sum(not spoken(ended[c]) for c in seen)} of {len(seen)} lost their relay; "
               f"{sum(spoken(ended[c]) for c in new)} of {len(new)} new ones with audio both ways")
        assert status == 0, phones.errors()  # signalling never fails
        assert len(ended) == phones.total
        assert all(spoken(ended[call]) for call in before)
        assert new and all(spoken(ended[call]) for call in new)
