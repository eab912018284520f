"""Jitter buffer: the released package and this one, on packets in order with 160 bytes of payload.

Times are for one packet and include the loop over packets and frames that both need; how much of
it is the loop alone is a case of its own.
"""
from side_by_side import Case, main

PACKETS = 2000
BATCH = 50

SETUP = f"""
import itertools
import struct
from rtpsynth.RtpJBuf import RtpJBuf

# One whole turn of the sequence numbers, so that the stream can go on for ever.
stream = itertools.cycle([
    struct.pack(">BBHII", 0x80, 0, seq, 160 * seq, 0x12345678) + bytes([seq % 256]) * 160
    for seq in range(65536)])
batches = itertools.cycle([[next(stream) for _ in range({BATCH})] for _ in range(65536)]
                          if {{batches}} else [None])
buffer = RtpJBuf(20)
udp_in = buffer.udp_in
"""


def each_frame(body):
    return f"for packet in itertools.islice(stream, {PACKETS}):\n" \
           f"    for item in udp_in(packet):\n        {body}"


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
MANY = f"for batch in itertools.islice(batches, {PACKETS // BATCH}):\n" \
       "    for item in buffer.udp_in_many(batch):\n        {body}"


def case(what, body, asked):
    return Case(what, SETUP.format(batches=False), each_frame(body), each_frame(body), asked,
                PACKETS, released_units=PACKETS)


def batch_case(what, body, asked):
    return Case(what, "", each_frame(body), MANY.format(body=body), asked, PACKETS,
                released_setup=SETUP.format(batches=False), ours_setup=SETUP.format(batches=True),
                released_units=PACKETS)


LOOP = f"for packet in itertools.islice(stream, {PACKETS}):\n    for item in [packet]:\n        pass"
CALL = f"for packet in itertools.islice(stream, {PACKETS}):\n    udp_in(packet)"
CALL_MANY = f"for batch in itertools.islice(batches, {PACKETS // BATCH}):\n" \
            "    buffer.udp_in_many(batch)"

CASES = [
    case("udp_in, every attribute read", EVERY_ATTRIBUTE, 2),
    case("udp_in, every attribute read from the item on", FROM_THE_ITEM, None),
    case("udp_in, rtp_data read", "item.rtp_data", 3),
    Case("udp_in, nothing read", SETUP.format(batches=False), CALL, CALL, None, PACKETS,
         released_units=PACKETS),
    batch_case("udp_in_many, rtp_data read", "item.rtp_data", 4),
    Case("udp_in_many, nothing read", "", CALL, CALL_MANY, 4, PACKETS,
         released_setup=SETUP.format(batches=False), ours_setup=SETUP.format(batches=True),
         released_units=PACKETS),
    Case("the loop alone", SETUP.format(batches=False), LOOP, LOOP, None, PACKETS,
         released_units=PACKETS),
]

if __name__ == "__main__":
    main("Jitter buffer", CASES)
