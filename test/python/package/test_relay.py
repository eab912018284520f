"""RtpRelay: what it forwards, and its arguments."""

import errno
import inspect
import struct
import threading

import pytest
from any_input import any_of
from hypothesis import strategies as st
from relay_tools import Phone, leg, phones, relaying
from server_tools import DEADLINE, OWN_HOST, until

from rtpsynth.relay import LegOptions, PortRange, RtpRelay
from rtpsynth.RtpServer import RtpServer
from rtpsynth.RtpUtils import linear2alaw, ulaw2linear
from rtpsynth.sdp import generate_crypto

try:
    generate_crypto()
    HAS_SRTP = True
except RuntimeError:
    HAS_SRTP = False
needs_srtp = pytest.mark.skipif(not HAS_SRTP, reason="built without SRTP")


def test_forwards_both_ways():
    with phones() as (a, b), relaying(leg(a.addr), leg(b.addr)) as relay:
        assert relay.target("a") == a.addr and relay.target("b") == b.addr
        for sender, receiver, to in ((a, b, "a"), (b, a, "b")):
            for i in range(5):
                sender.send(relay.local_addr(to), payload=bytes([i]) * 160)
                assert receiver.receive() == (0, bytes([i]) * 160)
        stats = relay.stats("a")
        assert (stats["received"], stats["forwarded"], stats["latched"]) == (5, 5, 1)
        assert stats["octets"] == 800 and stats["segments"] == 1
        assert relay.source_stats("b")["received"] == 5
        assert relay.source_stats("b")["missing"] == 0


def test_latches_to_where_packets_come_from():
    told = []
    came = threading.Event()

    def on_source_changed(relay, side, source):
        told.append((relay, side, source))
        came.set()

    with phones() as (a, b), relaying(leg(), leg(b.addr),
                                      on_source_changed=on_source_changed) as relay:
        assert relay.target("a") is None
        a.send(relay.local_addr("a"), 4)  # the default probation
        assert came.wait(DEADLINE)
        assert told == [(relay, "a", a.addr)]
        assert relay.target("a") == a.addr
        b.send(relay.local_addr("b"))
        assert a.receive() == (0, b"\xff" * 160)


def test_media_timeout():
    silent = []
    with phones() as (a, b), relaying(
            leg(a.addr), leg(b.addr), media_timeout_ns=100_000_000,
            on_media_timeout=lambda relay, side: silent.append((relay, side))) as relay:
        assert until(lambda: len(silent) == 2)
        assert sorted(side for _, side in silent) == ["a", "b"]
        assert {id(r) for r, _ in silent} == {id(relay)}
        a.send(relay.local_addr("a"), 4)  # and falls silent again
        assert until(lambda: len(silent) == 3)
        assert silent[2] == (relay, "a")
        assert relay.stats("a")["timeouts"] == 2 and relay.stats("b")["timeouts"] == 1


def test_set_peer():
    with phones() as (a, b), relaying(leg(a.addr)) as relay:
        a.send(relay.local_addr("a"))
        assert until(lambda: relay.stats("a")["unsent"] == 1)
        relay.set_peer("b", b.addr)
        a.send(relay.local_addr("a"))
        assert b.receive() == (0, b"\xff" * 160)


def test_payload_types():
    formats = {101: (8000, "event")}
    with phones() as (a, b), relaying(
            leg(a.addr, payload_types={101: 96, 8: None}, formats=formats),
            leg(b.addr, payload_types={0: 0}, drop_unmapped=True)) as relay:
        for payload_type in (0, 101, 8, 18):
            a.send(relay.local_addr("a"), payload_type=payload_type)
        assert [b.receive()[0] for _ in range(3)] == [0, 96, 18]
        assert relay.stats("a")["dropped_unmapped"] == relay.stats("a")["dropped"] == 1
        b.send(relay.local_addr("b"), payload_type=8)
        b.send(relay.local_addr("b"), payload_type=0)
        assert a.receive()[0] == 0


def test_transcodes():
    with phones() as (a, b), relaying(
            leg(a.addr, transcode=[("PCMU/8000", ("PCMA/8000", 8))]), leg(b.addr)) as relay:
        ulaw = bytes(range(160))
        a.send(relay.local_addr("a"), payload=ulaw)
        assert b.receive() == (8, linear2alaw(ulaw2linear(ulaw)))
        assert relay.stats("a")["transcoded"] == 1


def test_rtcp_on_a_port_of_its_own():
    with phones() as (a, b), relaying(leg(a.addr, rtcp_mux=False), leg(b.addr)) as relay:
        assert relay.rtcp_addr("a") != relay.local_addr("a")
        assert relay.rtcp_addr("b") == relay.local_addr("b")
        a.send(relay.local_addr("a"), 4)
        for _ in range(4):
            b.receive()
        report = struct.pack("!BBHIQIII", 0x80, 200, 6, a.ssrc, 1 << 40, a.seq * 160, 4, 640)
        a.socket.sendto(report, relay.rtcp_addr("a"))
        kind = b.socket.recv(2048)[1]
        assert kind == 200
        assert relay.stats("a")["rtcp_forwarded"] == 1


def test_ports():
    ports = PortRange(20000 + 10 * (hash(OWN_HOST) % 1000), 65000, OWN_HOST)
    with relaying(leg(rtcp_mux=False), ports=ports) as relay:
        for side in "ab":
            host, port = relay.local_addr(side)
            assert host == OWN_HOST and port % 2 == 0
        assert relay.rtcp_addr("a")[1] == relay.local_addr("a")[1] + 1
        assert ports.stats["in_use"] == 2
        relay.close()
        assert ports.stats["in_use"] == 0


def test_a_range_without_a_place():
    with RtpServer(None) as server:
        phone = Phone()
        try:
            ports = PortRange(phone.addr[1], phone.addr[1], OWN_HOST, single=True)
            with pytest.raises(OSError) as raised:
                RtpRelay(server, LegOptions(), LegOptions(), ports)
            assert raised.value.errno == errno.EADDRINUSE
        finally:
            phone.close()


@needs_srtp
def test_srtp():
    """Leg b is protected; two relays back to back are plain outside."""
    ours, theirs = generate_crypto(), generate_crypto("AES_CM_128_HMAC_SHA1_32", tag=2)
    assert ours.startswith("1 AES_CM_128_HMAC_SHA1_80 inline:")
    assert theirs.startswith("2 AES_CM_128_HMAC_SHA1_32 inline:")
    with phones() as (a, b), RtpServer(None) as server:
        near = RtpRelay(server, leg(a.addr), leg(local_crypto=ours, remote_crypto=theirs))
        far = RtpRelay(server, leg(near.local_addr("b"), local_crypto=theirs, remote_crypto=ours),
                       leg(b.addr))
        near.set_peer("b", far.local_addr("a"))
        a.send(near.local_addr("a"), payload=b"secret" * 20)
        assert b.receive() == (0, b"secret" * 20)
        b.send(far.local_addr("b"), payload=b"answer" * 20)
        assert a.receive() == (0, b"answer" * 20)
        far.set_crypto("a", None, None)
        a.send(near.local_addr("a"))
        assert b.receive()[1] != b"\xff" * 160  # what the key would have opened
        near.set_crypto("b", None, None)
        b.send(far.local_addr("b"))
        assert a.receive() == (0, b"\xff" * 160)
        far.set_crypto("a", ours, theirs)
        a.send(near.local_addr("a"))
        assert until(lambda: far.stats("a")["not_authentic"] == 1)


@needs_srtp
def test_crypto_errors():
    good = generate_crypto()
    with pytest.raises(TypeError, match="go together"):
        LegOptions(local_crypto=good)
    with pytest.raises(ValueError, match="remote_crypto must be a value of a=crypto") as raised:
        LegOptions(local_crypto=good, remote_crypto=good[:-4])
    assert good[-20:-4] not in str(raised.value)
    with pytest.raises(ValueError, match="suite 'none' is not available"):
        generate_crypto("none")
    with pytest.raises(ValueError, match="tag"):
        generate_crypto(tag=-1)


def test_arguments_of_legs():
    for arguments, error, words in (
        ({"peer": "127.0.0.1"}, TypeError, "peer must be a"),
        ({"peer": ("localhost", 4000)}, ValueError, "peer must hold a numeric address"),
        ({"peer": ("127.0.0.1", 0)}, ValueError, "peer must be 1..65535"),
        ({"bind_host": "localhost"}, ValueError, "bind_host must hold a numeric address"),
        ({"bind_port": 65536}, ValueError, "bind_port must be 0..65535"),
        ({"latch": "always"}, ValueError, "latch must be one of 'none', 'once', 'follow'"),
        ({"latch": None}, TypeError, "latch"),
        ({"probation": 0}, ValueError, "probation must be 1..64"),
        ({"relatch_after_ns": 5}, ValueError, "relatch_after_ns"),
        ({"clock_rate": 0}, ValueError, "clock_rate"),
        ({"payload_types": [0]}, TypeError, "payload_types must be a dict"),
        ({"payload_types": {128: 0}}, ValueError, "a key of payload_types must be 0..127"),
        ({"payload_types": {0: 128}}, ValueError, "a value of payload_types must be 0..127"),
        ({"formats": {101: 8000}}, TypeError, "a value of formats"),
        ({"formats": {101: (8000, "tone")}}, ValueError, "a kind of formats must be one of"),
        ({"cname": "x" * 256}, ValueError, "cname must be at most 255 bytes"),
        ({"transcode": ["PCMU/8000"]}, TypeError, "transcode must hold"),
        ({"transcode": [("PCMU/8000", 8)]}, TypeError, "a codec of transcode"),
        ({"queue_size": 0}, ValueError, "queue_size"),
        ({"dscp": 64}, ValueError, "dscp"),
        ({"voice": 1}, TypeError, "unexpected keyword argument 'voice'"),
    ):
        with pytest.raises(error, match=words):
            LegOptions(**arguments)
    with pytest.raises(TypeError, match="positional"):
        LegOptions(("127.0.0.1", 4000), OWN_HOST)


def test_arguments_of_relays(server):
    good = leg()
    for arguments, error, words in (
        ((5, good, good), TypeError, "server must be an RtpServer"),
        ((None, good, good), TypeError, "server must not be None"),
        ((server, {}, good), TypeError, "a must be a LegOptions"),
        ((server, good, 5), TypeError, "b must be a LegOptions"),
        ((server, good), TypeError, "missing required argument 'b'"),
        ((server, good, good, 5), TypeError, "ports must be a PortRange"),
        ((server, leg(transcode=[("speex/8000", "PCMA/8000")]), good), ValueError, "speex"),
        ((server, leg(rtcp_mux=False, bind_port=65535), good), ValueError, "65535"),
    ):
        with pytest.raises(error, match=words):
            RtpRelay(*arguments)
    for arguments, error, words in (
        ({"media_timeout_ns": 10**9}, TypeError, "go together"),
        ({"on_media_timeout": print}, TypeError, "go together"),
        ({"media_timeout_ns": 1, "on_media_timeout": print}, ValueError, "media_timeout_ns"),
        ({"on_media_timeout": 5}, TypeError, "on_media_timeout must be callable"),
        ({"on_source_changed": 5}, TypeError, "on_source_changed must be callable"),
    ):
        with pytest.raises(error, match=words):
            RtpRelay(server, good, good, **arguments)
    assert server.stats["open_channels"] == 0
    with RtpRelay(server, good, good) as relay:
        for use in (relay.local_addr, relay.rtcp_addr, relay.target, relay.stats,
                    relay.source_stats):
            with pytest.raises(ValueError, match="leg must be 'a' or 'b', not 'c'"):
                use("c")
            with pytest.raises(TypeError, match="leg must be a str"):
                use(0)
        with pytest.raises(ValueError, match="numeric"):
            relay.set_peer("a", ("localhost", 4000))
        with pytest.raises(OSError):
            relay.set_peer("a", ("::1", 4000))  # of an IPv4 socket
        assert relay.target("a") is None
        with pytest.raises(TypeError, match="done must be callable"):
            relay.close(5)


def test_arguments_of_ranges():
    for arguments, words in (((0,), "first must be 1..65535"), ((1, 70000), "last must be 1..65535"),
                             ((2000, 1999), "last"), ((2001, 2002), "an even port and the one"),
                             ((2000, 2001, "here"), "host must hold a numeric address")):
        with pytest.raises(ValueError, match=words):
            PortRange(*arguments)
    assert PortRange(2000, 2009).stats == {"places": 5, "in_use": 0, "taken": 0}
    assert PortRange(first=2000, last=2009, single=True).stats["places"] == 10
    with pytest.raises(TypeError, match="not initialised"):
        PortRange.__new__(PortRange).stats
    with pytest.raises(TypeError, match="not initialised"), RtpServer(None) as server:
        RtpRelay(server, LegOptions.__new__(LegOptions), leg())


def test_signatures():
    assert list(inspect.signature(RtpRelay).parameters)[:4] == ["server", "a", "b", "ports"]
    assert inspect.signature(LegOptions).parameters["latch"].default == "follow"


anything = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.floats(),
                     st.binary(max_size=8), st.tuples(st.text(max_size=8), st.integers()),
                     st.dictionaries(st.integers(-1, 129), st.one_of(st.none(), st.integers())),
                     st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=2))


@any_of(st.dictionaries(
    st.sampled_from([n for n in inspect.signature(LegOptions).parameters]), anything))
def test_any_argument_is_taken_or_an_error(arguments):
    try:
        LegOptions(**arguments)
    except (TypeError, ValueError, RuntimeError) as e:
        assert str(e)
