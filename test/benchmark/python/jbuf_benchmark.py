"""Jitter buffer: the released package and this one, on packets in order with 160 bytes of payload.

Times are for one packet and include the loop over packets and frames that both need; how much of
it is the loop alone is a case of its own.
"""
from side_by_side import Case, main

PACKETS = 2000
BATCH = 50

# Each run has a buffer of its own, and so few packets that they stay in the processor's cache, as
# one that was just received does.
SETUP = f"""
import struct
from rtpsynth.RtpJBuf import RtpJBuf
packets = [struct.pack(">BBHII", 0x80, 0, seq, 160 * seq, 0x12345678) + bytes([seq % 256]) * 160
           for seq in range({PACKETS})]
batches = [packets[i:i + {BATCH}] for i in range(0, {PACKETS}, {BATCH})]
"""
NEW = "buffer = RtpJBuf(20)\nudp_in = buffer.udp_in\n"


def each_frame(body):
    return NEW + f"for packet in packets:\n    for item in udp_in(packet):\n        {body}"


def each_frame_of_batches(body):
    return NEW + "for batch in batches:\n" \
                 f"    for item in buffer.udp_in_many(batch):\n        {body}"


def case(what, released, ours, asked=None):
    return Case(what, SETUP, released, ours, asked, PACKETS, released_units=PACKETS)


EVERY_ATTRIBUTE = "; ".join(["""\
content = item.content; content.type; rtp = content.frame.rtp; rtp.lseq; info = rtp.info"""] +
    [f"info.{name}" for name in ("seq", "ts", "ssrc", "data_size", "data_offset", "nsamples",
                                 "appendable", "rtp_profile")] +
    ["item.rtp_data; item.data"])
FROM_THE_ITEM = "; ".join(
    ["item.content.type; item.content.frame.rtp.lseq"] +
    [f"item.content.frame.rtp.info.{name}"
     for name in ("seq", "ts", "ssrc", "data_size", "data_offset", "nsamples", "appendable",
                  "rtp_profile")] +
    ["item.rtp_data; item.data"])
PAYLOAD = "item.rtp_data"
CALL = NEW + "for packet in packets:\n    udp_in(packet)"
CALL_MANY = NEW + "for batch in batches:\n    buffer.udp_in_many(batch)"
LOOP = NEW + "for packet in packets:\n    for item in [packet]:\n        pass"

CASES = [
    case("udp_in, every attribute read", *[each_frame(EVERY_ATTRIBUTE)] * 2, 2),
    case("udp_in, every attribute read from the item on", *[each_frame(FROM_THE_ITEM)] * 2),
    case("udp_in, rtp_data read", *[each_frame(PAYLOAD)] * 2, 3),
    case("udp_in, nothing read", CALL, CALL),
    case("udp_in_many, rtp_data read", each_frame(PAYLOAD), each_frame_of_batches(PAYLOAD), 4),
    case("udp_in_many, nothing read", CALL, CALL_MANY, 4),
    case("the loop alone", LOOP, LOOP),
]

if __name__ == "__main__":
    main("Jitter buffer", CASES, "The released package has no udp_in_many: its udp_in is what "
         "that is set against.")
