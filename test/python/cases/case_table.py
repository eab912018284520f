"""The table of test/cases: what is run, what is right, and how to tell."""
import dataclasses
import re
import wave
from collections.abc import Callable


@dataclasses.dataclass
class Outcome:
    """What a run gave: of rtp_replay its JSON, its table and the WAV file's length; of a program
    what it printed."""
    text: str
    status: int
    json: dict = dataclasses.field(default_factory=dict)
    wav: str = ""

    def streams(self):
        return self.json["streams"]

    def stream(self):
        """The only one; an empty one, which satisfies no check, if there are others."""
        return self.streams()[0] if len(self.streams()) == 1 else {}

    def wav_seconds(self):
        with wave.open(self.wav) as file:
            return file.getnframes() / file.getframerate()


@dataclasses.dataclass
class Check:
    what: str
    got: Callable[[Outcome], object]
    right: Callable[[object], bool]


@dataclasses.dataclass
class Case:
    name: str  # of the file in test/cases
    arguments: str  # after the program; WAV stands for a file to write
    expected: str
    checks: list[Check]


def of_stream(**members):
    """The capture has one stream, and its members have these values."""
    return [Check("streams", lambda o: len(o.streams()), lambda got: got == 1)] + [
        Check(key, lambda o, key=key: o.stream().get(key), lambda got, value=value: got == value)
        for key, value in members.items()]


def count(key, value):
    """A member of the JSON object that counts frames or packets."""
    return Check(key, lambda o: o.json.get(key), lambda got: got == value)


def told(pattern):
    """The table says so; what it says is matched without regard to case."""
    def got(outcome):
        found = re.search(pattern, outcome.text, re.IGNORECASE)
        return found.group(0) if found else "not told"
    return Check("table", got, lambda text: text != "not told")


def wav(seconds):
    return Check("wav_s", lambda o: round(o.wav_seconds(), 2), lambda got: abs(got - seconds) < 0.1)


def succeeded():
    return Check("status", lambda o: o.status, lambda got: got == 0)


# Not at all, or as nothing: there is no jitter to tell where the clock rate is not known.
NO_JITTER = Check("max_jitter_ms", lambda o: o.stream().get("max_jitter_ms", "no stream"),
                  lambda got: got in (0, None))


def plain_stream(packets=100):
    return [*of_stream(packets=packets, lost=0, missing=0, rejected=0), succeeded()]


def printed(what, pattern, right):
    """A program printed a text of this pattern, whose groups are right."""
    def got(outcome):
        found = re.search(pattern, outcome.text)
        return found.groups() if found else "not printed"
    return Check(what, got, lambda groups: groups != "not printed" and right(*groups))


CASES = [
    Case("01-dtmf-jitter.pcap", "",
         "jitter 0: an event's timestamp stands still (RFC 4733 2.2.1)",
         of_stream(packets=320, lost=0, max_jitter_ms=0.0)),
    Case("03-restart-behind.pcap", "--wav WAV", "a restart, nothing lost, all 26 s heard",
         [*of_stream(restarts=1, lost=0, duplicates=0, max_jitter_ms=0.0), told("restart"),
          wav(26)]),
    Case("04-long-outage.pcap", "--wav WAV",
         "3,050 packets lost, for numbers, timestamps and clock agree",
         [*of_stream(packets=500, lost=3050, missing=3050, restarts=0), wav(71)]),
    Case("05-ssrc-continuous.pcap", "--wav WAV", "three SSRCs, the one of one packet told",
         [Check("packets", lambda o: sum(s["packets"] for s in o.streams()),
                lambda got: got in (399, 400)),
          Check("streams", lambda o: len(o.streams()), lambda got: got in (2, 3)),
          Check("left over", lambda o: o.json.get("unproven_packets", 0) +
                sum(s["packets"] for s in o.streams()), lambda got: got == 400)]),
    Case("06-srtp-padded.pcap", "--clock 108=90000",
         "encrypted padding is not read (RFC 3711 3.1): nothing lost",
         of_stream(packets=300, lost=0)),
    Case("07-probe-zero-padding.pcap", "",
         "30 packets told as no valid RTP (RFC 3550 5.1), none as lost",
         [*of_stream(packets=270, lost=0), told(r"30 .*(malformed|valid).*")]),
    Case("08-vxlan.pcap", "", "the stream inside VXLAN (RFC 7348)",
         [*plain_stream(), count("vxlan", 100)]),
    Case("09a-erspan.pcap", "", "the stream inside ERSPAN", [*plain_stream(), count("gre", 100)]),
    Case("09b-ipip.pcap", "", "the stream inside IP in IP",
         [*plain_stream(), count("ip_in_ip", 100)]),
    Case("09e-gtpu.pcap", "", "the stream inside GTP-U", [*plain_stream(), count("gtp_u", 100)]),
    Case("10-two-linktypes.pcapng", "", "a stream on two interfaces, Ethernet and raw IP",
         plain_stream()),
    Case("11-two-snaplens.pcapng", "", "a stream on two interfaces of different snap lengths",
         plain_stream()),
    Case("13-rfc4571-tcp.pcap", "", "the stream inside TCP (RFC 4571)",
         [*plain_stream(), count("tcp_segments", 100)]),
    Case("14-captured-twice.pcap", "", "5 lost, 95 duplicates",
         [*of_stream(lost=5, duplicates=95), told(r"5 \(5\.0%\)\s+95")]),
    Case("15-opus-sdp.pcap", "", "jitter by the SDP's rate, or none",
         [*of_stream(lost=0), NO_JITTER]),
    Case("16-rate-change.pcap", "--clock 111=48000",
         "each packet by its own type's rate (RFC 7160)",
         of_stream(packets=400, lost=0, max_jitter_ms=0.0)),
    Case("17-snaplen-in-extension.pcap", "",
         "100 packets whose fixed headers are whole", [*plain_stream(), count("cut_short", 100)]),
    Case("18-gro.pcap", "", "25 datagrams of four packets each, told",
         [*plain_stream(), count("coalesced", 25), told("25 .*several RTP packets")]),
    Case("19-swapped-pairs.pcap", "", "a stream in spite of swapped neighbours",
         [*of_stream(packets=200, missing=0),
          Check("reordered", lambda o: o.stream().get("reordered", 0),
                lambda got: 95 <= got <= 100)]),
    Case("23-interleaved.pcap", "", "two senders under one SSRC, told",
         [Check("packets", lambda o: sum(s["packets"] for s in o.streams()),
                lambda got: got == 400), told("restart|collision|two senders|senders")]),
    Case("26-turn-channel.pcap", "", "the stream inside TURN channel data (RFC 8656 12.4)",
         [*plain_stream(), count("turn", 100)]),
    Case("32-every-fifth-fragmented.pcap", "--clock 96=90000", "fragments put together",
         [*plain_stream(), count("reassembled", 20)]),
    Case("35-srtp-padded-sdp.pcap", "--clock 108=90000", "nothing lost: RTP/SAVP in the SDP",
         of_stream(packets=300, lost=0)),
    Case("40-gzip.pcap.gz", "", "a compressed capture is read", plain_stream(300)),
    Case("41-jbuf-restart-behind.py", "",
         "3 or so swallowed from 150 behind on; 50 behind may be late packets",
         [printed("swallowed", r"50: (\d+), 150: (\d+), 500: (\d+), 2500: (\d+)",
                  lambda *n: int(n[0]) <= 53 and all(int(i) <= 4 for i in n[1:]))]),
    Case("42-resync-after-burst.py", "",
         "from the last packet made: 1,760 units and the pause, 1,200 and 4,000, or what it took",
         [printed("units", r"150 ms (\d+) after 500 ms (\d+)",
                  lambda a, b: 2960 <= int(a) and 5760 <= int(b)), succeeded()]),
    Case("44-library-jitter-events.cpp", "", "no jitter in the report",
         [printed("units", r"RR: (\d+) units", lambda n: n == "0"), succeeded()]),
    Case("47-load-through-b2bua.py", "RTP_LOAD", "what came back is measured, not denied",
         [Check("says", lambda o: o.text.strip(), lambda text: "nothing came back" not in text),
          printed("received", r"Received +([\d,]+)", lambda n: int(n.replace(",", "")) >= 95)]),
    Case("06_lseq_goes_back.py", "", "logical numbers only rise",
         [printed("violations", r"violations (\d+) lseq handed out twice (\d+)",
                  lambda *n: n == ("0", "0")), succeeded()]),
]
