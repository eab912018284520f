"""examples/python: from player to recorder, by way of echo server and bridge."""

import itertools
import random
import signal
import socket
import subprocess
import threading
import time
from array import array

import pytest
from example_tools import PATIENCE, Running, padded, read_wav, run, speech, write_wav

from rtpsynth.RtpSynth import RtpSynth
from rtpsynth.RtpUtils import RtpUtils

CODED = {
    "pcmu": lambda samples: RtpUtils.ulaw2linear(RtpUtils.linear2ulaw(samples)),
    "pcma": lambda samples: RtpUtils.alaw2linear(RtpUtils.linear2alaw(samples)),
}


def host_and_port(address):
    host, port = address.split(":")
    return host, int(port)


def play_and_record(tmp_path, samples, *args, rate=8000, channels=1, seconds=None):
    """What the recorder makes of what the player plays."""
    wav = write_wav(tmp_path / "in.wav", samples, rate, channels)
    out = tmp_path / "out.wav"
    with Running("recorder.py", out, "--bind", "127.0.0.1:0", "--seconds", seconds) as recorder:
        (address,) = recorder.addresses()
        played = run("player.py", address, "--wav", wav, *args)
        assert (played.returncode, played.stderr) == (0, "")
        assert recorder.end().startswith(f"recorded {seconds:g} s")
    return read_wav(out), played.stdout


@pytest.mark.parametrize("codec", CODED)
def test_the_recorder_has_every_sample_of_the_player(tmp_path, codec):
    samples = speech(3900)  # the last packet is not full
    recorded, said = play_and_record(tmp_path, samples, "--codec", codec, seconds=0.5)
    assert recorded == CODED[codec](padded(samples))
    assert said == "sent 25 packets, 0.5 s\n"


def test_other_rates_and_stereo_become_8000_hz_mono(tmp_path):
    left, right = speech(11025, seed=2), speech(11025, seed=3)
    stereo = array("h", itertools.chain.from_iterable(zip(left, right)))
    recorded, _ = play_and_record(tmp_path, stereo, rate=44100, channels=2, seconds=0.26)
    mono = array("h", ((a + b) // 2 for a, b in zip(left, right)))
    mono = RtpUtils.resample_linear(mono, 44100, 8000)
    assert recorded == CODED["pcmu"](padded(mono))


def test_ptime(tmp_path):
    samples = speech(1600)
    recorded, said = play_and_record(tmp_path, samples, "--ptime", 50, seconds=0.2)
    assert recorded == CODED["pcmu"](samples)
    assert said == "sent 4 packets, 0.2 s\n"


def test_a_tone_lasts_as_long_as_it_is_to(tmp_path):
    out = tmp_path / "out.wav"
    with Running("recorder.py", out, "--bind", "127.0.0.1:0", "--seconds", 0.3) as recorder:
        (address,) = recorder.addresses()
        began = time.monotonic()
        played = run("player.py", address, "--tone", 1000, "--seconds", 0.3)
        assert played.stdout == "sent 15 packets, 0.3 s\n"
        assert time.monotonic() - began >= 0.28
        recorder.end()
    tone = read_wav(out)
    assert len(tone) == 2400
    assert max(tone) > 9500 and tone[:8] == tone[8:16] == tone[-8:]


def relay(sock, echo, recorder):
    """Sends on to the echo server what comes from elsewhere, and its answers to the recorder."""
    while True:
        data, sender = sock.recvfrom(65536)
        if not data:
            return
        sock.sendto(data, recorder if sender == echo else echo)


def test_player_to_echo_server_to_recorder(tmp_path):
    samples = speech(8000)
    wav, out = write_wav(tmp_path / "in.wav", samples), tmp_path / "out.wav"
    echo_args = ("--bind", "127.0.0.1", "--port", 0, "--stats", 0.1)
    with Running("echo_server.py", *echo_args) as echo, \
            Running("recorder.py", out, "--bind", "127.0.0.1:0", "--seconds", 1) as recorder, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as between:
        between.bind(("127.0.0.1", 0))
        here = between.getsockname()
        ends = [host_and_port(program.addresses()[0]) for program in (echo, recorder)]
        relaying = threading.Thread(target=relay, args=(between, *ends))
        relaying.start()
        try:
            assert run("player.py", "{}:{}".format(*here), "--wav", wav).returncode == 0
            recorder.end()
        finally:
            between.sendto(b"", here)
            relaying.join(PATIENCE)
        assert echo.line().startswith("received ")  # --stats
        assert echo.interrupt() == "received 50, sent 50, queue_full 0, send_errors 0, overflow 0"
    assert read_wav(out) == CODED["pcmu"](samples)


def test_player_to_bridge_to_recorder(tmp_path):
    samples = speech(4000)
    wav, out = write_wav(tmp_path / "in.wav", samples), tmp_path / "out.wav"
    with Running("recorder.py", out, "--bind", "127.0.0.1:0", "--seconds", 0.5) as recorder:
        (target,) = recorder.addresses()
        with Running("asyncio_bridge.py", "--left", "127.0.0.1:0", "--right", "127.0.0.1:0",
                     "--right-peer", target) as bridge:
            left, _ = bridge.addresses()
            assert run("player.py", left, "--wav", wav, "--codec", "pcma").returncode == 0
            recorder.end()
            assert bridge.interrupt() == ("left: received 25, sent 0, dropped 0; "
                                          "right: received 0, sent 25, dropped 0")
    assert read_wav(out) == CODED["pcma"](samples)


def test_the_bridge_learns_who_is_there_and_goes_both_ways():
    with Running("asyncio_bridge.py", "--left", "127.0.0.1:0", "--right", "127.0.0.1:0") as bridge:
        left, right = map(host_and_port, bridge.addresses())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as a, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as b:
            a.bind(("127.0.0.1", 0))
            b.bind(("127.0.0.1", 0))
            a.settimeout(PATIENCE)
            b.settimeout(PATIENCE)
            a.sendto(b"for nobody", left)
            while "left: received 1," not in bridge.line():  # once a second
                pass
            b.sendto(b"to a", right)
            assert a.recvfrom(99) == (b"to a", left)
            a.sendto(b"to b", left)
            assert b.recvfrom(99) == (b"to b", right)
        assert bridge.interrupt() == ("left: received 2, sent 1, dropped 0; "
                                      "right: received 1, sent 1, dropped 0")


def test_the_recorder_orders_and_fills_gaps(tmp_path):
    samples, out = speech(160 * 40), tmp_path / "out.wav"
    synth = RtpSynth(8000, 20)
    encoded = RtpUtils.linear2alaw(samples)
    packets = [synth.next_pkt(160, 8, encoded[n : n + 160]) for n in range(0, len(encoded), 160)]
    packets[20] = packets[20][:1] + b"\x12" + packets[20][2:]  # G.729 in between
    order = list(range(40))
    dice = random.Random(3)
    for first in range(0, 40, 4):
        part = order[first : first + 4]
        dice.shuffle(part)
        order[first : first + 4] = part
    order[:4] = range(4)  # what is late at the start is lost
    lost = {9, 10, 30}
    args = ("--bind", "127.0.0.1:0", "--delay", 2000, "--seconds", 0.78)
    with Running("recorder.py", out, *args) as recorder, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        target = host_and_port(recorder.addresses()[0])
        for n in order:
            if n not in lost:
                sender.sendto(packets[n], target)
        assert recorder.end() == "recorded 0.78 s: 36 packets, 3 lost, 1 of another codec"
    expected = CODED["pcma"](samples)
    for n in lost:
        expected[160 * n : 160 * n + 160] = array("h", bytes(320))
    del expected[160 * 20 : 160 * 21]
    assert read_wav(out) == expected


def test_the_recorder_ends_when_nothing_comes_any_more(tmp_path):
    samples, out = speech(160), tmp_path / "out.wav"
    args = ("--bind", "127.0.0.1:0", "--delay", 1, "--idle", 0.2)
    with Running("recorder.py", out, *args) as recorder, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        target = host_and_port(recorder.addresses()[0])
        with pytest.raises(subprocess.TimeoutExpired):  # it waits for the first without end
            recorder.process.wait(1)
        packet = RtpSynth(8000, 20).next_pkt(160, 0, RtpUtils.linear2ulaw(samples))
        sender.sendto(packet, target)
        assert recorder.end() == "recorded 0.02 s: 1 packets, 0 lost, 0 of another codec"
    assert read_wav(out) == CODED["pcmu"](samples)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_recorder_keeps_what_it_has_when_it_is_interrupted(tmp_path, how):
    out = tmp_path / "out.wav"
    with Running("recorder.py", out, "--bind", "127.0.0.1:0") as recorder:
        recorder.line()
        assert recorder.end(how).startswith("recorded 0 s")
    assert len(read_wav(out)) == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_echo_server_ends_with_its_totals(how):
    with Running("echo_server.py", "--bind", "127.0.0.1", "--port", 0) as echo, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        target = host_and_port(echo.addresses()[0])
        client.settimeout(PATIENCE)
        client.sendto(b"anything", target)
        assert client.recvfrom(99) == (b"anything", target)
        assert echo.end(how).startswith("received 1, sent 1,")


def test_the_player_ends_when_it_is_interrupted():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(PATIENCE)
        with Running("player.py", "{}:{}".format(*listener.getsockname()), "--seconds", 60) as it:
            listener.recv(999)
            assert it.interrupt().startswith("sent ")


@pytest.mark.parametrize("program", ["echo_server.py", "player.py", "recorder.py",
                                     "asyncio_bridge.py"])
def test_help(program):
    done = run(program, "--help")
    assert done.returncode == 0 and program in done.stdout and done.stderr == ""


@pytest.mark.parametrize("command", [
    "echo_server.py --port x", "echo_server.py --stats 0", "echo_server.py --stats nan",
    "echo_server.py more", "player.py", "player.py nowhere", "player.py 127.0.0.1:0",
    "player.py 127.0.0.1:70000", "player.py 127.0.0.1:9 --codec g729",
    "player.py 127.0.0.1:9 --ptime 7", "player.py 127.0.0.1:9 --seconds -1",
    "player.py 127.0.0.1:9 --wav a.wav --tone 5", "recorder.py",
    "recorder.py /tmp/x.wav --bind 5004", "recorder.py /tmp/x.wav --idle 0",
    "recorder.py /tmp/x.wav --delay inf", "asyncio_bridge.py --left 127.0.0.1",
])
def test_bad_arguments(command):
    done = run(*command.split())
    assert done.returncode == 2 and "usage:" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [
    "echo_server.py --bind 127.0.0.1 --port {taken}", "echo_server.py --port 70000",
    "echo_server.py --bind no.such.host.invalid", "player.py no.such.host.invalid:9",
    "player.py 127.0.0.1:9 --wav {tmp}/none.wav", "player.py 127.0.0.1:9 --wav {tmp}/text.wav",
    "player.py 127.0.0.1:9 --wav {tmp}/empty.wav", "player.py 127.0.0.1:9 --wav {tmp}/8bit.wav",
    "recorder.py {tmp}/none/x.wav --bind 127.0.0.1:0",
    "recorder.py {tmp}/x.wav --bind 127.0.0.1:{taken}",
    "asyncio_bridge.py --left 127.0.0.1:{taken}",
    "asyncio_bridge.py --left 127.0.0.1:0 --right 127.0.0.1:{taken}",
    "asyncio_bridge.py --left 127.0.0.1:0 --left-peer no.such.host.invalid:9",
])
def test_what_cannot_be_done_is_said_in_a_line(tmp_path, command):
    (tmp_path / "text.wav").write_text("this is no sound")
    (tmp_path / "empty.wav").write_bytes(b"")
    write_wav(tmp_path / "8bit.wav", speech(100), width=1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        done = run(*command.format(tmp=tmp_path, taken=port).split())
    program = command.split()[0]
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(f"{program}: ") and done.stderr.count("\n") == 1, done.stderr
