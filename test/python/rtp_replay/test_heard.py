"""What rtp_replay --wav writes: a stream as its receiver heard it."""
import random
import shutil
import struct
import subprocess
import wave
from array import array

import pytest

from replay_tools import (CAPTURES, REPLAY, SIP_TESTER, ethernet, ipv4, over_ethernet, paced, pcap,
                          press, replay, replay_json, rtp, udp)

TONE = bytes(range(128, 208)) * 2  # some audio of PCMU: a wave of 100 Hz, all positive


@pytest.fixture
def hear(tmp_path):
    """Plays (seconds, frame) pairs; returns rate, channels, samples and the JSON."""
    def hear(frames, *options):
        capture, wav = tmp_path / "capture", tmp_path / "out.wav"
        capture.write_bytes(pcap(frames))
        result, status = replay_json(capture, "--wav", wav, *options)
        assert status == 0, result["error"]
        with wave.open(str(wav)) as file:
            pcm = array("h", file.readframes(file.getnframes()))
            assert len(pcm) == file.getnframes() * file.getnchannels()
            assert file.getframerate() == result["wav"]["rate"]
            assert file.getnchannels() == result["wav"]["channels"]
            assert file.getnframes() / file.getframerate() == pytest.approx(
                result["wav"]["duration_s"], abs=0.001)
        return pcm, result["wav"]
    return hear


def talk(count, lost=(), **kwargs):
    packets = paced(count, pt=0, payload=TONE, **kwargs)
    return [p for i, p in enumerate(packets) if i not in lost]


def both_ways(forth, back):
    there = [(when, ethernet(ipv4(udp(packet)))) for when, packet in forth]
    here = [(when, ethernet(ipv4(udp(packet, sport=5004, dport=4000), src=2, dst=1))) for when, packet in back]
    return sorted(there + here)


def test_a_call_without_fault(hear):
    pcm, wav = hear(over_ethernet(talk(200)))
    assert (wav["as"], wav["rate"], wav["channels"], wav["streams"]) == ("heard", 8000, 1, 1)
    assert wav["duration_s"] == pytest.approx(4.06, abs=0.05)
    assert wav["concealed_s"] == 0 and wav["silence_s"] <= 0.1 and not wav["shortened"]
    assert max(pcm) == 32124


def test_losses_are_concealed(hear):
    _, whole = hear(over_ethernet(talk(500)))
    pcm, wav = hear(over_ethernet(talk(500, lost=range(7, 500, 20))))
    assert 0.4 <= wav["concealed_s"] <= 1.2
    assert wav["duration_s"] == pytest.approx(whole["duration_s"], abs=0.1)
    assert wav["silence_s"] <= 0.1


def test_what_comes_too_late_is_not_heard(hear):
    late = sorted((when + (0.3 if i % 50 == 30 else 0), p) for i, (when, p) in enumerate(talk(500)))
    _, wav = hear(over_ethernet(late))
    assert wav["concealed_s"] >= 0.04
    assert wav["duration_s"] < 11


def test_digits_and_pauses_are_not_concealed(hear):
    packets = talk(100) + press(100, 16000, 1002.0) + talk(100, seq=120, ts=16000 + 3200, start=1002.4)
    packets += talk(100, seq=220, ts=16000 + 3200 + 16000 + 8000, start=1005.4)
    _, wav = hear(over_ethernet(packets))
    assert wav["concealed_s"] <= 0.1
    assert 1.2 <= wav["silence_s"] <= 1.6


def test_both_directions_of_a_call(hear):
    loud = struct.pack("B", 0x80) * 160
    frames = both_ways(talk(200), paced(100, pt=0, payload=loud, start=1002.0, seq=7, ts=99, ssrc=9))
    pcm, wav = hear(frames, "--ssrc", "0x11223344", "--stereo")
    assert (wav["channels"], wav["streams"]) == (2, 2)
    left, right = pcm[0::2], pcm[1::2]
    assert max(right[:8000 * 18 // 10]) == 0 and max(left[:8000]) == 32124
    assert right[8000 * 3] == 32124
    pcm, wav = hear(frames, "--ssrc", "0x11223344")
    assert wav["channels"] == 1 and pcm == left[:len(pcm)]


def test_the_file_begins_with_whoever_speaks_first(hear):
    loud = struct.pack("B", 0x80) * 160
    frames = both_ways(talk(200), paced(100, pt=0, payload=loud, start=1002.0, seq=7, ts=99, ssrc=9))
    pcm, wav = hear(frames, "--ssrc", "9", "--stereo")
    left, right = pcm[0::2], pcm[1::2]
    assert max(left[:8000 * 18 // 10]) == 0 and max(right[:8000]) == 32124
    assert wav["duration_s"] == pytest.approx(4.1, abs=0.1)


def test_stereo_of_one_direction_has_a_silent_channel(hear):
    pcm, wav = hear(over_ethernet(talk(100)), "--stereo")
    assert wav["channels"] == 2 and max(pcm[1::2]) == 0 and max(pcm[0::2]) > 0


def test_g722_is_wide(tmp_path):
    wav = tmp_path / "out.wav"
    result, status = replay_json(CAPTURES / "ffmpeg_g722_ipv6.pcapng", "--wav", wav)
    assert status == 0 and result["wav"]["rate"] == 16000
    duration = result["streams"][0]["duration_s"]
    assert result["wav"]["duration_s"] == pytest.approx(duration, abs=0.4)
    with wave.open(str(wav)) as file:
        assert file.getframerate() == 16000
        pcm = array("h", file.readframes(file.getnframes()))
    assert max(pcm) > 1000


def test_opus(tmp_path):
    with open(shutil.which(REPLAY), "rb") as program:
        if b"opus_codec" not in program.read():
            pytest.skip("built without libopus")
    capture, sdp = tmp_path / "capture", b"v=0\r\nc=IN IP4 192.0.2.2\r\nm=audio 5004 RTP/AVP 96\r\n" \
        b"a=rtpmap:96 opus/48000/2\r\n"
    # A packet of 20 ms of silence of libopus.
    packets = paced(100, step=960, pt=96, payload=bytes.fromhex("f8fffe"))
    invite = b"INVITE sip:a SIP/2.0\r\nContent-Type: application/sdp\r\n\r\n" + sdp
    frames = over_ethernet(packets)
    frames.insert(0, (999.9, ethernet(ipv4(udp(invite, sport=5060, dport=5060)))))
    capture.write_bytes(pcap(frames))
    result, status = replay_json(capture, "--wav", tmp_path / "out.wav")
    assert status == 0, result["error"]
    assert result["wav"]["rate"] == 48000
    assert result["wav"]["duration_s"] == pytest.approx(2.0, abs=0.2)


def test_a_hostile_capture_does_not_fill_the_disk(hear):
    day = 24 * 3600
    packets = [(i * day, rtp(i, i * day * 8000 % 2**31, TONE, pt=0)) for i in range(100)]
    pcm, wav = hear(over_ethernet(packets))
    assert wav["shortened"] and len(pcm) < 8000 * 180


def test_hours_of_comfort_noise_do_not_fill_the_disk(hear):
    packets = talk(50) + [(1001.0, rtp(50, 8000, b"\x20", pt=13))]
    packets += talk(10, seq=51, ts=8000 + 36 * 3600 * 8000, start=1001 + 36 * 3600)
    pcm, wav = hear(over_ethernet(packets))
    assert wav["shortened"] and len(pcm) < 8000 * 180


def test_a_clock_that_goes_back_loses_nothing(hear):
    packets = [(when - (60 if i >= 200 else 0), p) for i, (when, p) in enumerate(talk(500))]
    _, wav = hear(over_ethernet(packets))
    assert wav["duration_s"] == pytest.approx(10, abs=0.3)
    assert wav["silence_s"] < 0.3


def test_a_stray_at_the_end_adds_nothing(hear):
    packets = talk(100) + [(1002.0, rtp(30000, 77, TONE, pt=0))]
    _, wav = hear(over_ethernet(packets))
    assert wav["duration_s"] == pytest.approx(2.6, abs=0.3)


def sdp_call(body, packets, sport=4000, dport=5004):
    invite = b"INVITE sip:a SIP/2.0\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n" \
        b"c=IN IP4 192.0.2.2\r\n" + body
    first = packets[0][0] - 0.1
    return [(first, ethernet(ipv4(udp(invite, sport=5060, dport=5060))))] + over_ethernet(packets)


def test_a_codec_of_an_odd_rate_spoils_nothing(hear):
    body = b"m=audio 5004 RTP/AVP 0 96\r\na=rtpmap:96 L16/192000\r\n"
    packets = talk(100) + [(1002.0, rtp(100, 16000, bytes(160), pt=96))]
    pcm, wav = hear(sdp_call(body, packets))
    assert wav["rate"] == 8000 and max(pcm) == 32124


def test_a_rate_that_is_no_multiple_of_fifty(hear):
    body = b"m=audio 5004 RTP/AVP 96\r\na=rtpmap:96 L16/11025\r\n"
    packets = [(1000 + 220 * i / 11025, rtp(i, 220 * i, bytes(440), pt=96)) for i in range(1000)]
    _, wav = hear(sdp_call(body, packets))
    assert wav["rate"] == 11025
    assert wav["duration_s"] == pytest.approx(1000 * 220 / 11025, abs=0.2)


def test_an_encrypted_direction_is_not_heard(hear):
    rng = random.Random(1)
    back = [(1000 + 0.02 * i, rtp(i, 160 * i, rng.randbytes(160), pt=0, ssrc=9, first=0xa0))
            for i in range(150)]
    pcm, wav = hear(both_ways(talk(200), back), "--ssrc", "0x11223344", "--stereo")
    assert (wav["channels"], wav["streams"]) == (2, 1)
    assert max(pcm[0::2]) == 32124 and set(pcm[1::2]) == {0}


def test_an_encrypted_stream_of_the_same_path_is_not_written(hear):
    rng = random.Random(1)
    hidden = [(1003 + 0.02 * i, rtp(i, 160 * i, rng.randbytes(160), pt=0, ssrc=9, first=0xa0))
              for i in range(100)]
    for form in "--as-heard", "--as-sent":
        _, wav = hear(over_ethernet(talk(150) + hidden), "--all-ssrcs", form)
        assert wav["streams"] == 1 and wav["duration_s"] < 3.2


def test_the_table_says_what_was_written(tmp_path):
    run = replay(SIP_TESTER / "g711a.pcap", "--wav", tmp_path / "a.wav")
    assert run.returncode == 0
    assert " s of stream 0xDEE0EE8F as heard, 0.000 s of it concealed, " in run.stdout


@pytest.mark.parametrize("options, told", [
    (("--as-sent", "--as-heard"), "exclude each other"), (("--as-sent", "--stereo"), "--stereo")])
def test_options_that_exclude_each_other(tmp_path, options, told):
    run = replay(SIP_TESTER / "g711a.pcap", "--wav", tmp_path / "a.wav", *options)
    assert run.returncode == 2 and told in run.stderr
    assert replay(SIP_TESTER / "g711a.pcap", options[1]).returncode == 2


def test_no_stream_of_a_known_codec(tmp_path):
    capture, wav = tmp_path / "capture", tmp_path / "out.wav"
    capture.write_bytes(pcap(over_ethernet(paced(9, pt=3))))  # GSM
    run = replay(capture, "--wav", wav)
    assert run.returncode == 1 and "no stream of PCMU, PCMA, G722, L16 or opus to write" in run.stderr
    assert not wav.exists()


def test_ffprobe_reads_stereo(tmp_path):
    wav = tmp_path / "g711a.flac"
    assert replay(SIP_TESTER / "g711a.pcap", "--wav", wav, "--stereo").returncode == 0
    run = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=channels,sample_rate",
                          "-of", "csv=p=0", wav], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "8000,2"
