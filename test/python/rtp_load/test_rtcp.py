"""rtp_load --rtcp and --srtp, against rtp_echo and others."""
import base64
import os
import struct

import pytest

import echo_tools
from load_tools import Echo, PATIENT, kinds, load, load_json, says

OFTEN = ("--rtcp", "--rtcp-interval", "0.2")
LENGTH = ("-d", "3")  # some fifteen reports of each stream

needs_srtp = pytest.mark.skipif(os.environ.get("RTPSYNTH_SRTP") != "1", reason="built without SRTP")


def key(size=30, seed=0):
    return "inline:" + base64.b64encode(bytes((i + seed) % 256 for i in range(size))).decode()


def target(echo):
    return "{}:{}".format(*echo.endpoint)


def reported(result, streams):
    """The peer reported on each stream, and knows how long its reports take."""
    rtcp = result["rtcp"]
    assert rtcp["streams"] == streams and rtcp["reports"] >= streams, rtcp
    assert rtcp["sent"] >= 2 * streams and rtcp["received"] >= rtcp["reports"], rtcp
    assert 0 < rtcp["expected"] <= result["packets"] + result["impairment"]["dropped"], rtcp
    assert 0 <= rtcp["mean_jitter_ms"] <= rtcp["max_jitter_ms"], rtcp
    assert 0 <= rtcp["round_trip_ms"]["p50"] <= rtcp["round_trip_ms"]["max"] < 4000, rtcp
    return True


def test_the_peer_reports():
    with echo_tools.Echo(*OFTEN) as echo:
        result, status = load_json("-t", target(echo), "-n", 5, *OFTEN, *LENGTH, *PATIENT)
        totals = echo.stop()
    assert status == 0 and kinds(result) == {"echoed": 5} and reported(result, 5)
    assert result["rtcp"]["lost"] == 0 and result["rtcp"]["loss_percent"] == 0
    assert result["srtp"] is None and result["other"] == 0 and says(result)
    # What was sent last, a BYE of each stream, may not have been read yet.
    sent = result["packets"] + result["rtcp"]["sent"]
    assert sent - 5 <= totals["Received"] <= sent
    assert totals["Reports"] >= result["rtcp"]["received"] > 0 and totals["Refused"] == 0
    assert totals["Sent"] == result["packets"] + totals["Reports"]


def test_the_peer_reports_what_does_not_arrive():
    with echo_tools.Echo(*OFTEN) as echo:
        result, _ = load_json("-t", target(echo), "-n", 3, *OFTEN, *LENGTH, "--loss", 20)
    rtcp, dropped = result["rtcp"], result["impairment"]["dropped"]
    assert reported(result, 3) and dropped > 60
    assert dropped / 4 < rtcp["lost"] <= dropped
    assert rtcp["loss_percent"] == pytest.approx(100 * rtcp["lost"] / rtcp["expected"], abs=0.001)
    assert 5 < rtcp["loss_percent"] < 50


def test_the_table_has_it():
    with echo_tools.Echo(*OFTEN) as echo:
        lines = load("-t", target(echo), *OFTEN, "-n", 1, *LENGTH).stdout
    for line in (r"Peer reports +\d+  on 1 of 1 streams", r"Peer lost +0  0.000 %",
                 r"Peer round trip +p50 ", r"Peer jitter +mean "):
        assert echo_tools.re.search(line, lines), lines


def test_a_peer_without_rtcp():
    with echo_tools.Echo() as echo:  # it echoes our reports
        result, status = load_json("-t", target(echo), "-n", 2, *OFTEN, *LENGTH, *PATIENT)
    rtcp = result["rtcp"]
    assert status == 0 and kinds(result) == {"echoed": 2}
    assert rtcp["sent"] > 2 and rtcp["received"] == rtcp["reports"] == rtcp["streams"] == 0
    assert rtcp["lost"] is rtcp["mean_jitter_ms"] is rtcp["round_trip_ms"] is None
    assert 0 < result["other_kinds"]["rtcp"] <= rtcp["sent"]
    assert says(result, "has not reported", "not (an echo|echoes) of what was sent: .* RTCP")


def test_without_rtcp_there_is_none():
    with Echo() as echo:
        result, _ = load_json("-t", echo.target, "-d", "0.4")
        assert all(len(p.payload) == 160 for stream in echo.streams() for p in stream)
    assert result["rtcp"] is None and result["srtp"] is None


@needs_srtp
@pytest.mark.parametrize("suite, size", [(None, 30), ("AES_CM_128_HMAC_SHA1_32", 30),
                                         ("AEAD_AES_128_GCM", 28), ("AEAD_AES_256_GCM", 44)])
def test_rtcp_and_srtp(suite, size):
    protect = ("--srtp", key(size), *(("--srtp-suite", suite) if suite else ()))
    if "the libsrtp2 of this machine has no" in load("-t", "127.0.0.1:9", "-d", "0.02",
                                                     *protect).stderr:
        pytest.skip("libsrtp2 is built without it")
    with echo_tools.Echo(*OFTEN, *protect) as echo:
        result, status = load_json("-t", target(echo), "-n", 3, *OFTEN, *protect, *LENGTH, *PATIENT)
        totals = echo.stop()
    assert status == 0 and kinds(result) == {"echoed": 3} and reported(result, 3) and says(result)
    assert result["lost"] == result["altered"] == result["rtcp"]["lost"] == result["other"] == 0
    assert result["srtp"] == {"suite": suite or "AES_CM_128_HMAC_SHA1_80", "refused": 0}
    assert totals["Refused"] == 0 and totals["Sent"] == result["packets"] + totals["Reports"]
    # Of RTP, each packet has 12 + 160 bytes and the tag.
    assert totals["Received bytes"] > result["packets"] * (172 + 4)


@needs_srtp
def test_srtp_without_rtcp():
    with echo_tools.Echo("--srtp", key()) as echo:
        result, status = load_json("-t", target(echo), "--srtp", key(), "-d", "0.4", *PATIENT)
        assert "Reports" not in echo.stop()
    assert status == 0 and result["held"] and result["lost"] == 0 and result["rtcp"] is None


@needs_srtp
def test_what_is_sent_is_protected():
    with Echo() as echo:  # which knows no key and sends back what came
        result, status = load_json("-t", echo.target, "-n", 1, "--srtp", key(), "-d", "0.4",
                                   *PATIENT)
        (packets,) = echo.streams()
    assert status == 0 and result["altered"] == 0
    assert {len(p.payload) for p in packets} == {170}  # with a tag of 10 bytes
    assert len({p.payload[:160] for p in packets}) == 20  # a tone repeats itself, this does not


@needs_srtp
@pytest.mark.parametrize("options", [(), ("--rtcp",)])
def test_another_key(options):
    with echo_tools.Echo(*options, "--srtp", key(seed=1)) as echo:
        result, status = load_json("-t", target(echo), "-n", 2, "--srtp", key(), "-d", "0.4")
        totals = echo.stop()
    assert status == 1 and kinds(result) == {"silent": 2}
    assert totals["Sent"] == 0 and totals["Refused"] == totals["Received"] == result["packets"]


@needs_srtp
def test_what_is_not_protected_is_refused():
    def unprotected(_, data):
        return [data, data[:172], data[:-1] + bytes([data[-1] ^ 1]), b"\x80\xc9\0\1\0\0\0\1"]
    with Echo(unprotected) as echo:
        result, status = load_json("-t", echo.target, "-n", 1, "--srtp", key(), "-d", "0.4",
                                   *PATIENT)
    assert status == 0 and result["lost"] == result["altered"] == result["duplicates"] == 0
    assert result["srtp"]["refused"] == 3 * result["packets"]
    assert says(result, "60 datagrams refused: not SRTP of this key")


@needs_srtp
def test_replays_are_refused():
    with Echo(lambda n, data: [data, data]) as echo:
        result, _ = load_json("-t", echo.target, "-n", 1, "--srtp", key(), "-d", "0.4", *PATIENT)
    assert result["lost"] == result["duplicates"] == 0 and result["srtp"]["refused"] == 20


def test_a_b2bua_that_keeps_the_ssrc_is_no_collision():
    def shifted(_, data):
        seq = struct.unpack("!H", data[2:4])[0]
        return [data[:2] + struct.pack("!H", (seq + 7) % 2**16) + data[4:]] if data[1] < 128 else []
    with Echo(shifted) as echo:
        result, _ = load_json("-t", echo.target, "-n", 1, *OFTEN, "-d", "1", *PATIENT)
        (packets,) = echo.streams()
    assert kinds(result) == {"renumbered": 1}
    rtcp = [p for p in packets if p.marker and p.pt == 72]  # sender reports: 128 + 72
    assert len(rtcp) > 1  # their SSRC is where RTP has a timestamp
    assert {p.ts for p in rtcp} == {packets[0].ssrc}


@pytest.mark.parametrize("args, message", [
    (("--rtcp", "--rtcp-interval", "0.05"), "'0.05' is not a valid interval of reports (0.1..5 s)"),
    (("--rtcp-interval", "6"), "'6' is not a valid interval of reports (0.1..5 s)"),
    pytest.param(("--srtp", "inline:AAAA"), "--srtp is not a key of AES_CM_128_HMAC_SHA1_80: "
                 "inline: and 30 bytes in base64", marks=needs_srtp),
    pytest.param(("--srtp", key(28)), "--srtp is not a key of", marks=needs_srtp),
    pytest.param(("--srtp-suite", "F8"), "'F8' is not a supported SRTP suite", marks=needs_srtp),
    pytest.param(("--srtp", key()), "this program was built without SRTP", marks=pytest.mark.skipif(
        os.environ.get("RTPSYNTH_SRTP") == "1", reason="built with SRTP")),
])
def test_wrong_options(args, message):
    for run in (load("-t", "127.0.0.1:9", *args), echo_tools.run(*args)):
        assert run.returncode == 2 and message in run.stderr, run.stderr
