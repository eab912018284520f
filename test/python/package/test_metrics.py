"""MetricsPage: what is on it, and its arguments."""

import re

import pytest
from any_input import any_of
from hypothesis import strategies as st
from relay_tools import leg, phones
from server_tools import open_to_itself, until

from rtpsynth.media import CallQuality, Playout
from rtpsynth.metrics import CONTENT_TYPE, MetricsPage
from rtpsynth.relay import PortRange, RtpRelay
from rtpsynth.rtcp import ReceiverStats
from rtpsynth.RtpJBuf import RtpJBuf
from rtpsynth.RtpProc import RtpProc
from rtpsynth.RtpServer import RtpServer

LINE = re.compile(r'([a-z_0-9]+)(\{.*\})? (\S+)')


def samples(page):
    """{name and labels: value}, having checked that each family is in one piece."""
    found, kind, done = {}, None, set()
    for line in page.text().splitlines():
        if line.startswith("# TYPE"):
            kind = line.split()[2]
            assert kind not in done
            done.add(kind)
        elif not line.startswith("#"):
            name, labels, value = LINE.fullmatch(line).groups()
            assert name == kind or re.sub("_(bucket|sum|count)$", "", name) == kind
            assert name + (labels or "") not in found
            found[name + (labels or "")] = float(value)
    return found


def test_content_type():
    assert CONTENT_TYPE == "text/plain; version=0.0.4; charset=utf-8"
    assert MetricsPage().text() == ""


def test_servers_channels_and_relays():
    with phones() as (a, b), RtpServer(None) as server:
        channel = open_to_itself(server, lambda *packet: None)
        channel.send_pkt(b"hello")
        relay = RtpRelay(server, leg(a.addr), leg(b.addr))
        a.send(relay.local_addr("a"), 3)
        for _ in range(3):
            b.receive()
        assert until(lambda: channel.stats["received"] == 1)
        page = MetricsPage()
        page.add(server, {"host": "x"})
        page.add(channel)
        page.add(relay, labels={"trunk": 'a"b'})
        page.add(PortRange(2000, 2009))
        found = samples(page)
    assert found['rtpsynth_server_open_channels{host="x"}'] == 3
    assert found['rtpsynth_server_overrun_total{host="x"}'] == 0
    assert found["rtpsynth_channel_datagrams_received_total"] == 1
    assert found["rtpsynth_channel_received_bytes_total"] == 5
    assert found["rtpsynth_channel_overrun_total"] == 0
    forwarded = r'rtpsynth_relay_packets_forwarded_total{trunk="a\"b",leg="%s"}'
    assert found[forwarded % "a"] == 3 and found[forwarded % "b"] == 0
    assert found["rtpsynth_ports"] == 5


def test_streams_and_timers():
    buffer, playout, quality = RtpJBuf(8), Playout(), CallQuality()
    quality.received(100)
    playout.pull(0, 160)
    page = MetricsPage()
    with RtpProc() as proc:
        proc.create_channel(lambda now, deadline: None).close()
        for thing in (buffer, playout, quality, proc, ReceiverStats()):
            page.add(thing, {"call": "1"})
    found = samples(page)
    assert found['rtpsynth_jitter_buffer_packets_received_total{call="1"}'] == 0
    assert found['rtpsynth_playout_ticks_total{call="1",kind="silence"}'] == 1
    assert found['rtpsynth_call_mos{call="1"}'] == pytest.approx(quality.mos)
    assert found['rtpsynth_receiver_packets_received_total{call="1"}'] == 0
    assert found['rtpsynth_proc_lateness_seconds_count{call="1"}'] >= 0


def test_numbers_of_your_own():
    page = MetricsPage()
    page.counter("calls_total", "Calls\nin all", 5, {"trunk": "a"})
    page.gauge("calls", "Calls", 2.5)
    page.counter("calls_total", "not used", 2**63 - 1, {"trunk": "b"})
    assert samples(page) == {'calls_total{trunk="a"}': 5, "calls": 2.5,
                             'calls_total{trunk="b"}': float(2**63 - 1)}
    assert "# HELP calls_total Calls\\nin all\n# TYPE calls_total counter\n" in page.text()


def test_what_fails_adds_nothing(server):
    page = MetricsPage()
    page.gauge("calls", "Calls", 1)
    before = page.text()
    with RtpRelay(server, leg(), leg()) as relay:
        for use, error, words in (
            (lambda: page.add(5), TypeError, "int has no metrics"),
            (lambda: page.add(server, ["x"]), TypeError, "labels must be a dict"),
            (lambda: page.add(server, {"x": 1}), TypeError, "a label's value must be a str"),
            (lambda: page.add(server, {"": "x"}), ValueError, "label"),
            (lambda: page.add(server, {"le": "x"}), ValueError, "le"),
            (lambda: page.add(server, {"__x": "x"}), ValueError, "__x"),
            (lambda: page.add(relay, {"leg": "x"}), ValueError, "leg"),
            (lambda: page.add(relay, {"reason": "x"}), ValueError, "reason"),
            (lambda: page.add(Playout(), {"kind": "x"}), ValueError, "kind"),
            (lambda: page.add(Playout.__new__(Playout)), TypeError, "not initialised"),
            (lambda: page.counter("calls", "Calls", 1), ValueError, "calls"),
            (lambda: page.counter("1", "Calls", 1), ValueError, "name"),
            (lambda: page.counter("rtpsynth_calls", "Calls", 1), ValueError, "rtpsynth_"),
            (lambda: page.gauge("rtpsynth_server_ticks_total", "", 1), ValueError, "rtpsynth_"),
            (lambda: page.counter("x_total", "x", -1), ValueError, "value"),
            (lambda: page.counter("x_total", "x", 2**63), ValueError, "value"),
            (lambda: page.gauge("x", "x", "1"), TypeError, "float|real"),
            (lambda: page.gauge("x", 5, 1), TypeError, "help must be a str"),
        ):
            with pytest.raises(error, match=words):
                use()
    assert page.text() == before
    with pytest.raises(TypeError, match="not initialised"):
        MetricsPage.__new__(MetricsPage).text()


@any_of(st.text(), st.text(), st.floats(), st.dictionaries(st.text(), st.text()))
def test_any_text(name, text, value, labels):
    page = MetricsPage()
    try:
        page.gauge(name, text, value, labels)
    except (ValueError, UnicodeEncodeError):
        assert page.text() == ""
    else:
        assert page.text().startswith("# HELP " + name)


@any_of(st.text(st.characters(blacklist_categories=["Cs"])))
def test_any_value_of_a_label(value):
    page = MetricsPage()
    page.gauge("x", "", 1, {"y": value})
    (line,) = [part for part in page.text().split("\n") if not part.startswith("#") and part]
    quoted = re.fullmatch(r'x\{y="((?:[^"\\]|\\.)*)"\} 1', line)[1]
    unquoted = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}
    assert re.sub(r'\\.', lambda m: unquoted[m[0]], quoted) == value
