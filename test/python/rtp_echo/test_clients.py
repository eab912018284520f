"""rtp_echo against other people's programs: what comes back is what they sent."""
import os
import re
import shutil
import socket
import struct
import subprocess
import time

import pytest

from echo_tools import (PATIENCE, V4, V6, Echo, all_echoed, caller, free_port, until, wait_for,
                        waiting_bytes)
from replay_tools import SIP_TESTER, replay

PACE = "5"  # times as fast as people speak


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")


def ffmpeg(*args, **kwargs):
    return subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *args], capture_output=True,
                          check=True, timeout=2 * PATIENCE, **kwargs).stdout


def decoded(codes, law):
    """G.711 to 16-bit samples."""
    return ffmpeg("-f", law, "-ar", "8000", "-ac", "1", "-i", "pipe:", "-f", "s16le", "-",
                  input=codes)


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    """A WAV file of seven seconds of real speech."""
    wav = tmp_path_factory.mktemp("speech") / "speech.wav"
    assert replay(SIP_TESTER / "g711a.pcap", "--wav", wav, "--as-sent").returncode == 0
    return wav


def is_rtp(datagram, payload_type):
    return len(datagram) >= 12 and datagram[0] == 0x80 and datagram[1] & 0x7f == payload_type


def hear(sock, payload_type, size):
    """The RTP packets that come until their payloads are `size` bytes."""
    packets = []
    missing = size
    deadline = time.monotonic() + 2 * PATIENCE
    while missing > 0:
        sock.settimeout(max(0.01, until(deadline)))
        datagram = sock.recv(2000)
        if is_rtp(datagram, payload_type):  # and no RTCP
            packets.append(datagram)
            missing -= len(datagram) - 12
    assert missing == 0
    return packets


def played(packets):
    """The payloads of packets that are one stream, whole and in order."""
    heads = [struct.unpack("!BBHII", packet[:12]) for packet in packets]
    for i, (_, _, seq, _, ssrc) in enumerate(heads):
        assert (seq, ssrc) == ((heads[0][2] + i) % 65536, heads[0][4])
    return b"".join(packet[12:] for packet in packets)


def send_with(command, sock, payload_type, size):
    """Runs a sender that sends from the port of `sock`; returns the packets that came back."""
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        packets = hear(sock, payload_type, size)
        output = process.communicate(timeout=PATIENCE)[0]
        assert process.returncode == 0, output
        return packets
    except TimeoutError:
        process.kill()
        raise AssertionError(process.communicate()[0].decode())
    finally:
        process.kill()
        process.wait()


def url_host(host):
    return f"[{host}]" if ":" in host else host


CODECS = {"pcmu": ("pcm_mulaw", "mulaw", 0), "pcma": ("pcm_alaw", "alaw", 8)}


@needs("ffmpeg")
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("bind", [V4, V6])
def test_ffmpeg(speech, bind, codec):
    encoder, law, payload_type = CODECS[codec]
    codes = ffmpeg("-i", speech, "-c:a", encoder, "-f", law, "-")
    with Echo(bind=[bind]) as echo, caller(echo.endpoint, shared=True) as sock:
        host, port = echo.endpoint
        packets = send_with(
            ["ffmpeg", "-nostdin", "-v", "error", "-readrate", PACE, "-i", speech, "-c:a", encoder,
             "-f", "rtp", f"udp://{url_host(host)}:{port}?pkt_size=172&reuse=1"
             f"&localport={sock.getsockname()[1]}"], sock, payload_type, len(codes))
        result = echo.stop()
    assert len(packets) >= 354  # of 20 ms at most
    assert result["Received"] == result["Sent"] >= len(packets) and all_echoed(result, result["Sent"])
    assert decoded(played(packets), law) == decoded(codes, law)
    if codec == "pcma":  # the speech came from A-law: it loses nothing
        assert decoded(codes, law) == ffmpeg("-i", speech, "-f", "s16le", "-")


def hand_on(packets, port):
    """To a listener on that port, and, once it has read them all, that there will be no more."""
    wait_for(lambda: None not in (waiting_bytes(port), waiting_bytes(port + 1)), "nobody listens")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for packet in packets:
            sock.sendto(packet, ("127.0.0.1", port))
            wait_for(lambda: waiting_bytes(port) == 0, "the listener does not read")
        ssrc = packet[8:12]
        goodbye = b"\x80\xc9\0\1" + ssrc + b"\x81\xcb\0\1" + ssrc  # RTCP: an empty RR, BYE
        sock.sendto(goodbye, ("127.0.0.1", port + 1))


@needs("ffmpeg")
def test_ffmpeg_speaks_and_ffmpeg_listens(speech, tmp_path):
    port = free_port(1)
    sdp = tmp_path / "call.sdp"
    sdp.write_text("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=echo\nc=IN IP4 127.0.0.1\nt=0 0\n"
                   f"m=audio {port} RTP/AVP 0\na=rtcp:{port + 1}\n")
    codes = ffmpeg("-i", speech, "-c:a", "pcm_mulaw", "-f", "mulaw", "-")
    listener = subprocess.Popen(
        ["ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file,udp,rtp", "-i", sdp,
         "-f", "s16le", tmp_path / "heard"], stderr=subprocess.PIPE)
    try:
        with Echo() as echo, caller(echo.endpoint, shared=True) as sock:
            packets = send_with(
                ["ffmpeg", "-nostdin", "-v", "error", "-readrate", PACE, "-i", speech, "-c:a",
                 "pcm_mulaw", "-f", "rtp", f"udp://127.0.0.1:{echo.endpoint[1]}?pkt_size=172&"
                 f"reuse=1&localport={sock.getsockname()[1]}"], sock, 0, len(codes))
        hand_on(packets, port)
        assert listener.communicate(timeout=PATIENCE)[1] == b"" and listener.returncode == 0
    finally:
        listener.kill()
        listener.wait()
    assert (tmp_path / "heard").read_bytes() == decoded(codes, "mulaw")


@needs("gst-launch-1.0")
@pytest.mark.parametrize("bind", [V4, V6])
def test_gstreamer(speech, bind):
    pcm = ffmpeg("-i", speech, "-f", "s16le", "-")
    with Echo(bind=[bind]) as echo, caller(echo.endpoint, shared=True) as sock:
        host, port = echo.endpoint
        packets = send_with(
            ["gst-launch-1.0", "-q", "filesrc", f"location={speech}", "!", "wavparse", "!",
             "audioconvert", "!", "alawenc", "!", "rtppcmapay", "min-ptime=20000000",
             "max-ptime=20000000", "!", "udpsink", f"host={host}", f"port={port}",
             f"bind-address={host}", f"bind-port={sock.getsockname()[1]}", "sync=false"],
            sock, 8, len(pcm) // 2)
        assert all_echoed(echo.stop(), 354)
    assert decoded(played(packets), "alaw") == pcm


def payloads(capture):
    """Of UDP over IPv4 over Ethernet without options: what sip-tester's captures hold."""
    data = capture.read_bytes()[24:]
    while data:
        size = struct.unpack_from("<I", data, 8)[0]
        udp_size = struct.unpack_from("!H", data, 16 + 14 + 20 + 4)[0]
        yield data[16 + 42:16 + 42 + udp_size - 8]
        data = data[16 + size:]


def sipp(directory, scenario, *args):
    return subprocess.Popen(
        ["sipp", "-sf", scenario, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-m", "1", "-nostdin",
         "-timeout", f"{2 * PATIENCE}s", "-timeout_error", *map(str, args)], cwd=directory,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def own_scenario(name):
    return subprocess.run(["sipp", "-sd", name], capture_output=True, text=True).stdout


def media_port_option():
    """SIPp 3.7.0 to 3.7.2 do not know -mp."""
    usage = subprocess.run(["sipp", "-h"], capture_output=True, text=True)
    return "-mp" if re.search(r"^\s+-mp\s", usage.stdout + usage.stderr, re.M) else "-min_rtp_port"


@needs("sipp")
@pytest.mark.skipif(os.geteuid() != 0, reason="SIPp sends its packets from a raw socket")
def test_sipp(tmp_path):
    """A call between two SIPp whose answer says that the callee's media is rtp_echo's port."""
    (tmp_path / "pcap").symlink_to(SIP_TESTER)
    (tmp_path / "callee.xml").write_text(own_scenario("uas").replace("[media_port]", "[echo_port]"))
    # The packet player sends from the port that its SDP names; SIPp itself takes two before that.
    (tmp_path / "caller.xml").write_text(re.sub(
        r"\[(auto_)?media_port\]", "[media_port+20]", own_scenario("uac_pcap")))
    expected = [*payloads(SIP_TESTER / "g711a.pcap"), *payloads(SIP_TESTER / "dtmf_2833_1.pcap")]
    own_ports = media_port_option()
    media_port = free_port(20)
    with Echo() as echo, caller(echo.endpoint, port=media_port + 20) as sock:
        callee_port = free_port()
        callee = sipp(tmp_path, "callee.xml", "-p", callee_port, "-key", "echo_port",
                      echo.endpoint[1], own_ports, free_port(2))
        source = sipp(tmp_path, "caller.xml", "-p", free_port(), own_ports, media_port,
                      f"127.0.0.1:{callee_port}")
        try:
            received = [sock.recv(2000) for _ in expected]
            output = source.communicate(timeout=PATIENCE)[0]
            assert source.returncode == 0, output.decode()
        finally:
            for process in (source, callee):
                process.kill()
                process.communicate()
        assert all_echoed(echo.stop(), len(expected))
    assert len(expected) > 236 and received == expected
