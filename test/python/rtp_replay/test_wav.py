"""What rtp_replay --wav --as-sent writes, and how."""
import json
import os
import resource
import shutil
import struct
import subprocess
import wave

import pytest

from replay_tools import (CAPTURES, REPLAY, SIP_TESTER, over_ethernet, pcap, replay, replay_json,
                          rtp, speech)

SPEECH = SIP_TESTER / "g711a.pcap"

LOUD = b"\xaa"  # the loudest of A-law: 32256
LOUD_SAMPLE = struct.pack("<h", 32256)
SILENCE = b"\0\0"


@pytest.fixture
def play(tmp_path):
    """Plays (seconds, RTP packet) pairs; returns the PCM and the JSON."""
    def play(packets, *options):
        capture, wav = tmp_path / "capture", tmp_path / "out.wav"
        capture.write_bytes(pcap(over_ethernet(packets)))
        result, status = replay_json(capture, "--as-sent", "--wav", wav, *options)
        assert status == 0
        return read(wav), result["wav"]
    return play


def read(path):
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        return file.readframes(file.getnframes())


def loud(count, lost=()):
    return speech(count, payload=LOUD * 160, lost=lost)


def decoded(codes, law):
    """What ffmpeg makes of G.711."""
    return subprocess.run(["ffmpeg", "-v", "error", "-f", law, "-ar", "8000", "-ac", "1", "-i", "-",
                           "-f", "s16le", "-"], input=codes, capture_output=True, check=True).stdout


def g711a_payloads():
    """The payloads of sip-tester's capture: 54 bytes of headers before each."""
    data = (SIP_TESTER / "g711a.pcap").read_bytes()[24:]
    while data:
        size = struct.unpack_from("<I", data, 8)[0]
        yield data[16 + 54:16 + size]
        data = data[16 + size:]


def test_real_speech_sample_by_sample(tmp_path):
    wav = tmp_path / "g711a.wav"
    run = replay(SIP_TESTER / "g711a.pcap", "--as-sent", "--wav", wav)
    assert run.returncode == 0 and f"{wav}: 7.080 s of stream 0xDEE0EE8F" in run.stdout
    assert read(wav) == decoded(b"".join(g711a_payloads()), "alaw")


def test_ffprobe_accepts_it(tmp_path):
    wav = tmp_path / "g711a.wav"
    replay(SIP_TESTER / "g711a.pcap", "--as-sent", "--wav", wav)
    run = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", wav],
                         capture_output=True, text=True, check=True)
    (stream,) = json.loads(run.stdout)["streams"]
    assert run.stderr == "" and stream["codec_name"] == "pcm_s16le"
    assert stream["sample_rate"] == "8000" and float(stream["duration"]) == pytest.approx(7.08)


@pytest.mark.parametrize("name,codec", [
    ("out.flac", "flac"), ("out.au", "pcm_s16be"), ("out.SND", "pcm_s16be"),
    ("out.aiff", "pcm_s16be"), ("out.Aif", "pcm_s16be"), ("out", "pcm_s16le")])
def test_the_name_says_the_format(tmp_path, name, codec):
    file = tmp_path / name
    assert replay(SPEECH, "--as-sent", "--wav", file).returncode == 0
    run = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", file],
                         capture_output=True, text=True, check=True)
    (stream,) = json.loads(run.stdout)["streams"]
    assert (stream["codec_name"], stream["sample_rate"], stream["channels"]) == (codec, "8000", 1)
    heard = subprocess.run(["ffmpeg", "-v", "error", "-i", file, "-f", "s16le", "-"],
                           capture_output=True, check=True).stdout
    assert heard == decoded(b"".join(g711a_payloads()), "alaw")
    assert os.listdir(tmp_path) == [name]


def test_a_name_of_no_known_format(tmp_path):
    run = replay(SPEECH, "--as-sent", "--wav", tmp_path / "out.mp4")
    assert run.returncode == 2 and run.stdout == "" and os.listdir(tmp_path) == []
    assert "out.mp4' has an unknown extension; known are .wav, .flac, .au, " in run.stderr


def test_mu_law(play):
    pcm, _ = play(speech(5, pt=0, payload=bytes(range(96, 256))))
    assert pcm == decoded(bytes(range(96, 256)) * 5, "mulaw")


def test_what_is_lost_becomes_silence_in_its_place(play):
    pcm, wav = play(loud(50, lost=(10, 11, 30)))
    assert pcm == LOUD_SAMPLE * 1600 + SILENCE * 320 + LOUD_SAMPLE * 2880 + SILENCE * 160 + \
        LOUD_SAMPLE * 3040
    assert wav["duration_s"] == 1.0 and wav["silence_s"] == 0.06 and not wav["shortened"]


def test_reordered_and_duplicate_packets_play_once_and_in_order(play):
    packets = speech(30, payload=b"")
    packets = [(when, p + bytes([i]) * 160) for i, (when, p) in enumerate(packets)]
    packets[10], packets[12] = packets[12], packets[10]
    packets.insert(20, packets[19])
    pcm, wav = play(packets)
    assert pcm == decoded(b"".join(bytes([i]) * 160 for i in range(30)), "alaw")
    assert wav["silence_s"] == 0


def test_a_talk_pause_and_events_in_it_keep_the_timeline(play):
    talk = [(0.02 * i, rtp(i, 160 * i, LOUD * 160)) for i in range(10)]
    events = [(0.2 + 0.02 * i, rtp(10 + i, 1600, b"\1\x0a\0\xa0", pt=101)) for i in range(5)]
    more = [(0.5 + 0.02 * i, rtp(15 + i, 4000 + 160 * i, LOUD * 160)) for i in range(10)]
    pcm, _ = play(talk + events + more)
    assert pcm == LOUD_SAMPLE * 1600 + SILENCE * 2400 + LOUD_SAMPLE * 1600


def test_a_jump_of_the_timestamp_is_not_silence(play):
    before = [(0.02 * i, rtp(i, 160 * i, LOUD * 160)) for i in range(10)]
    after = [(0.2 + 0.02 * i, rtp(10 + i, 2**30 + 160 * i, LOUD * 160)) for i in range(10)]
    assert play(before + after)[0] == LOUD_SAMPLE * 3200
    # What was lost just there is filled in all the same, in packets of the usual size.
    pcm, _ = play(before + after[2:])
    assert pcm == LOUD_SAMPLE * 1600 + SILENCE * 320 + LOUD_SAMPLE * 1280


def test_a_restart_of_the_sender_is_not_silence(play):
    before = [(0.02 * i, rtp(i, 160 * i, LOUD * 160)) for i in range(10)]
    after = [(0.2 + 0.02 * i, rtp(30000 + i, 2400 + 160 * i, LOUD * 160)) for i in range(10)]
    pcm, wav = play(before + after)
    assert pcm == LOUD_SAMPLE * 3200 and wav["silence_s"] == 0


def test_a_jump_of_numbers_and_timestamps_is_as_long_as_the_wait(play):
    before = [(0.02 * i, rtp(i, 160 * i, LOUD * 160)) for i in range(250)]
    for lost in 50, 2500:
        after = [(5 + 0.02 * i, rtp(250 + lost + i, 2**30 + 160 * i, LOUD * 160))
                 for i in range(250)]
        pcm, wav = play(before + after)
        assert wav["silence_s"] <= 1.02 and wav["duration_s"] == 10 + wav["silence_s"]


def test_a_hostile_capture_does_not_fill_the_disk(play):
    day = 24 * 3600
    packets = [(i * day, rtp(i, i * day * 8000 % 2**31, LOUD * 10)) for i in range(100)]
    pcm, wav = play(packets)
    assert wav["shortened"] and len(pcm) <= 2 * (60 * 8000 + 11 * 10 * 100)


def test_chooses_the_longest_stream_or_the_one_asked_for(play):
    short = [(w, p) for w, p in speech(20, ssrc=1, payload=LOUD * 160)]
    long = [(w + 0.005, p) for w, p in speech(30, ssrc=2, payload=LOUD * 160)]
    other = [(w + 0.006, p) for w, p in speech(40, ssrc=3, pt=96, payload=LOUD * 160)]
    packets = sorted(short + long + other)
    assert len(play(packets)[0]) == 2 * 4800
    assert len(play(packets, "--ssrc", "0x1")[0]) == 2 * 3200
    assert len(play(packets, "--ssrc", "2")[0]) == 2 * 4800


def test_every_recorded_g711_stream_plays_for_its_duration(tmp_path):
    for name in ("ffmpeg_pcmu_loss.pcap", "gst_pcma_reorder.pcapng", "gst_pcmu_wrap.pcap"):
        result, status = replay_json(CAPTURES / name, "--as-sent", "--wav", tmp_path / "out.wav")
        assert status == 0
        duration = result["streams"][0]["duration_s"]
        assert result["wav"]["duration_s"] == pytest.approx(duration, abs=0.4)  # ffmpeg is bursty


def test_reasons_not_to_write(tmp_path):
    capture, wav = tmp_path / "capture", tmp_path / "out.wav"
    capture.write_bytes(pcap(over_ethernet(speech(9, pt=96))))
    run = replay(capture, "--as-sent", "--wav", wav)
    assert run.returncode == 1 and "no stream of G.711 to write" in run.stderr and "PT 96" in run.stdout
    assert not wav.exists()
    content = pcap(over_ethernet(speech(9)))
    capture.write_bytes(content)
    run = replay(capture, "--as-sent", "--wav", wav, "--ssrc", "0xABCDEF")
    assert run.returncode == 1 and "no stream of G.711 has SSRC 0x00ABCDEF" in run.stderr
    run = replay(capture, "--as-sent", "--wav", capture)
    assert run.returncode == 1 and "is the capture itself" in run.stderr
    assert capture.read_bytes() == content
    run = replay(capture, "--as-sent", "--wav", tmp_path / "none" / "out.wav")
    assert run.returncode == 1 and "No such file or directory" in run.stderr
    run = replay(capture, "--as-sent", "--wav", "/dev/null")
    assert run.returncode == 1 and "is not a regular file" in run.stderr
    part = capture.rename(tmp_path / "out.wav.part")
    run = replay(part, "--as-sent", "--wav", wav)
    assert run.returncode == 1 and f"{part} is the capture itself" in run.stderr
    assert part.read_bytes() == content and not wav.exists()


def test_packets_that_the_table_does_not_count_are_not_heard(tmp_path):
    # Never three that fit together, they are given up before the others prove a stream.
    given_up = [(0.02 * i, rtp(40 * i, 160 * i, LOUD * 160)) for i in range(32)]
    counted = [(1 + 0.02 * i, rtp(5000 + i, 8000 + 160 * i, b"\xd5" * 160)) for i in range(10)]
    capture, wav = tmp_path / "capture", tmp_path / "out.wav"
    capture.write_bytes(pcap(over_ethernet(given_up + counted)))
    result, status = replay_json(capture, "--as-sent", "--wav", wav)
    assert status == 0 and result["streams"][0]["packets"] == 10
    assert result["wav"]["duration_s"] == 0.2 and LOUD_SAMPLE not in read(wav)


@pytest.mark.parametrize("name", ["out.wav", "out.flac", "out.au", "out.aiff"])
def test_a_file_that_cannot_be_finished_leaves_nothing_behind(tmp_path, name):
    file = tmp_path / name
    assert replay(SPEECH, "--as-sent", "--wav", file).returncode == 0
    whole = file.stat().st_size
    for size in 1000, whole // 2, whole - 1:  # the last is known when the file is closed
        file.write_text("was here before")
        run = replay(SPEECH, "--as-sent", "--wav", file, restore_signals=False,  # SIGXFSZ stays ignored
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
        assert run.returncode == 1 and "File too large" in run.stderr and "PCMA" in run.stdout
        assert os.listdir(tmp_path) == [name] and file.read_text() == "was here before"


@pytest.mark.parametrize("make", [os.mkfifo, lambda part: part.symlink_to("precious")])
def test_a_part_that_is_no_regular_file_is_neither_waited_for_nor_followed(tmp_path, make):
    file, precious = tmp_path / "out.flac", tmp_path / "precious"
    precious.write_text("was here before")
    make(tmp_path / "out.flac.part")
    run = replay(SPEECH, "--as-sent", "--wav", file)
    assert run.returncode == 1 and "out.flac.part, which is not a regular file" in run.stderr
    assert "PCMA" in run.stdout and precious.read_text() == "was here before"
    assert not file.exists() and os.path.lexists(tmp_path / "out.flac.part")


@pytest.mark.parametrize("files", [4, 5, 6])
def test_a_second_reading_that_fails_does_not_lose_the_table(tmp_path, files):
    with open(shutil.which(REPLAY), "rb") as program:
        if b"__ubsan_" in program.read():
            pytest.skip("UBSan's checks open files of their own")
    wav = tmp_path / "out.wav"
    run = replay(SPEECH, "--as-sent", "--wav", wav,
                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)))
    assert "PCMA" in run.stdout
    assert (run.returncode, os.listdir(tmp_path)) == ((0, ["out.wav"]) if files > 5 else (1, []))
    assert files > 5 or "Too many open files" in run.stderr


def test_the_capture_must_be_a_file_that_can_be_read_twice(tmp_path):
    wav, fifo = tmp_path / "out.wav", tmp_path / "fifo"
    os.mkfifo(fifo)
    for capture in fifo, "-", "/dev/stdin":
        run = replay(capture, "--as-sent", "--wav", wav, input="")
        assert run.returncode == 2 and f"'{capture}' is not" in run.stderr and run.stdout == ""
    with open(SPEECH, "rb") as file:
        assert replay("/dev/stdin", "--as-sent", "--wav", wav, stdin=file).returncode == 0
    assert len(read(wav)) == 2 * 56640
