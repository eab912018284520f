"""RtpJBuf as a face for jbuf_oracle.py, which also sees to it that each opaque is freed once."""
from struct import Struct

from rtpsynth.RtpJBuf import RtpJBuf, RTPFrameType, RTPParseError

HEADER = Struct(">BBHII")


def packet(seq, ts=None, ssrc=7, payload=b"", pt=0, marker=0):
    ts = 160 * seq if ts is None else ts
    return HEADER.pack(0x80, marker << 7 | pt, seq % 65536, ts % 2**32, ssrc) + payload


class Token:
    """What goes in with a packet, and tells when it is gone."""

    def __init__(self, slot, died):
        self.slot, self._died = slot, died

    def __del__(self):
        self._died.append(self.slot)


class Datagram(bytes):
    """The same for several packets at a time, which have one opaque."""

    def tell(self, slot, died):
        self.slot, self._died = slot, died
        return self

    def __del__(self):
        self._died.append(self.slot)


class PyFace:
    """A packet is told by its payload. It was dropped if its opaque, or in a batch the datagram,
    dies without having come out."""

    names_reasons = False

    def __init__(self, _slots, *options):
        self.buffer = RtpJBuf(*options)
        self.died = []
        self.wire = {}                      # slot -> (datagram, [seq, ts, ssrc]): what is inside

    def close(self):
        del self.buffer
        assert sorted(self.died) == sorted(self.wire)

    def _packet(self, slot, seq, ts, ssrc):
        datagram = packet(seq, ts, ssrc, b"%d" % slot)
        self.wire[slot] = datagram, [seq, ts, ssrc]
        return datagram

    def insert(self, slot, seq, ts, ssrc, arrival):
        return self._rows(self.buffer.udp_in(self._packet(slot, seq, ts, ssrc),
                                             Token(slot, self.died), arrival))

    def insert_many(self, packets, arrival):
        datagrams = [b"no packet" if p is None else
                     Datagram(self._packet(*p)).tell(p[0], self.died) for p in packets]
        taken = self.buffer.udp_in_many(datagrams, None, arrival)
        datagrams.clear()
        return self._rows(taken)

    def insert_bad(self):
        try:
            self.buffer.udp_in(b"\x80" * 11)
        except RTPParseError as e:
            assert e.code == -1
        else:
            raise AssertionError("no error")

    def expire(self, now):
        return self._rows(self.buffer.expire(now))

    def flush(self):
        return self._rows(self.buffer.flush())

    def next_deadline(self):
        return self.buffer.next_deadline_ns

    def stats(self):
        stats = self.buffer.stats
        assert self.buffer.dropped == sum(
            stats[name] for name in ("duplicate", "late", "stale", "stray"))
        return tuple(stats.values())

    def _rows(self, items):
        dropped = sorted(self.died)
        self.died.clear()
        for slot in dropped:
            del self.wire[slot]
        rows, out = [], []
        for item in items:
            content = item.content
            if content.type == RTPFrameType.ERS:
                assert (item.data, item.rtp_data, item.opaque) == (None, None, None)
                rows.append(("ers", content.lseq_start, content.lseq_end, content.ts_diff,
                             int(content.restart)))
                continue
            assert content.type == RTPFrameType.RTP
            slot = int(item.rtp_data)
            info = content.frame.rtp.info
            datagram, header = self.wire.pop(slot)
            assert item.data == datagram and [info.seq, info.ts, info.ssrc] == header
            assert (info.data_size, info.data_offset) == (len(item.rtp_data), 12)
            if item.opaque is not None:
                assert item.data is datagram and item.opaque.slot == slot
            out.append(slot)
            rows.append(("rtp", slot, content.frame.rtp.lseq))
        assert not self.died
        item = None
        items.clear()
        assert sorted(self.died) == sorted(out)         # each at once, and once
        self.died.clear()
        return rows, dropped
