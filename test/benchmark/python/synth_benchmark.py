"""RtpSynth side by side with the released package: packets of 160 bytes of payload."""
from side_by_side import Case, main

SETUP = """
from rtpsynth.RtpSynth import RtpSynth
synth = RtpSynth(8000, 20)
next_pkt = synth.next_pkt
payload = b'x' * 160
"""
BATCH = """
next_pkts, next_pkts_into = synth.next_pkts, synth.next_pkts_into
payloads = [payload] * 100
buffer = bytearray(100 * 172)
"""
LOOP = "for _ in range(100): next_pkt(160, 0)"
PAYLOAD_LOOP = "for _ in range(100): next_pkt(160, 0, payload)"


def batch(what: str, released: str, ours: str, asked: float) -> Case:
    return Case(what, SETUP, released, ours, asked, 100, BATCH, "", 100)


CASES = [
    Case("next_pkt(160, 0)", SETUP, "next_pkt(160, 0)", "next_pkt(160, 0)", 2),
    Case("next_pkt(160, 0, payload)", SETUP, *["next_pkt(160, 0, payload)"] * 2, 2),
    batch("next_pkts(100, 160, 0), a packet", LOOP, "next_pkts(100, 160, 0)", 6),
    batch("next_pkts with payloads, a packet", PAYLOAD_LOOP, "next_pkts(100, 160, 0, payloads)", 6),
    batch("next_pkts_into, a packet", LOOP, "next_pkts_into(buffer, 160, 0)", 20),
    Case("skip(1)", SETUP, "synth.skip(1)", "synth.skip(1)"),
    Case("set_mbt(1)", SETUP, "synth.set_mbt(1)", "synth.set_mbt(1)"),
    Case("resync(0, 0)", SETUP, "synth.resync(0, 0)", "synth.resync(0, 0)"),
    Case("RtpSynth(8000, 20)", SETUP, "RtpSynth(8000, 20)", "RtpSynth(8000, 20)"),
]

if __name__ == "__main__":
    main("RtpSynth", CASES, "The batch calls are set against a loop of next_pkt: it has none.")
