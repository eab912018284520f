"""The jitter buffer's C face through ctypes: the declarations of rtpjbuf.h, and a class over them."""
import os
from ctypes import (CDLL, POINTER, Structure, Union, addressof, byref, c_char, c_int, c_int64,
                    c_size_t, c_uint, c_uint16, c_uint32, c_uint64, c_void_p, sizeof, string_at)
from struct import Struct

from jbuf_oracle import BATCH, REASONS


class Info(Structure):
    _fields_ = [("data_size", c_size_t), ("data_offset", c_uint), ("nsamples", c_int),
                ("ts", c_uint32), ("seq", c_uint16), ("ssrc", c_uint32), ("appendable", c_int),
                ("rtp_profile", c_void_p)]


class Packet(Structure):
    _fields_ = [("info", Info), ("lseq", c_uint64), ("jbcnt", c_uint64), ("data", c_void_p)]


class Ers(Structure):
    _fields_ = [("lseq_start", c_uint64), ("lseq_end", c_uint64), ("ts_diff", c_uint32),
                ("restart", c_int)]


class Either(Union):
    _fields_ = [("rtp", Packet), ("ers", Ers)]


class Frame(Structure):
    _fields_ = [("type", c_int), ("u", Either), ("next", c_void_p)]


class Result(Structure):
    _fields_ = [("error", c_int), ("ready", c_void_p), ("drop", c_void_p)]


class Options(Structure):
    _fields_ = [("size", c_size_t), ("capacity", c_uint), ("max_dropout", c_uint), ("max_misorder", c_uint),
                ("max_delay_ns", c_int64)]


class Datagram(Structure):
    _fields_ = [("data", c_void_p), ("size", c_size_t)]


# The same, to be taken apart in one go: a field of a ctypes structure costs as much as a packet.
RTP_FRAME = Struct("=i4x QIiIH2xIiQ qQQ Q")     # the last one is `next`
ERS_FRAME = Struct("=i4x qqIi 40x Q")
STATS = Struct("=9Q")
HEADER = Struct(">BBHII")
assert RTP_FRAME.size == ERS_FRAME.size == sizeof(Frame)

lib = CDLL(os.environ["RTPSYNTH_LIBRARY"])
for name, restype, *argtypes in [
        ("rtpjbuf_ctor_opts", c_void_p, POINTER(Options)),
        ("rtpjbuf_dtor", None, c_void_p),
        ("rtpjbuf_frame_dtor", None, c_void_p),
        ("rtpjbuf_udp_in_at", Result, c_void_p, c_void_p, c_size_t, c_int64),
        ("rtpjbuf_udp_in_many", Result, c_void_p, POINTER(Datagram), c_size_t, c_int64,
         POINTER(c_size_t)),
        ("rtpjbuf_expire", Result, c_void_p, c_int64),
        ("rtpjbuf_flush", Result, c_void_p),
        ("rtpjbuf_next_deadline", c_int, c_void_p, POINTER(c_int64)),
        ("rtpjbuf_drop_reason", c_int, c_void_p),
        ("rtpjbuf_get_stats", None, c_void_p, c_void_p)]:
    function = getattr(lib, name)
    function.restype, function.argtypes = restype, argtypes



class CBuffer:
    """A buffer of the C face. Frames come back as rows, as in the traces; a packet is told by
    where its bytes lie: `slot` of 16 bytes in one block that all the packets share."""
    names_reasons = True

    def __init__(self, slots, capacity, max_delay=None, max_dropout=3000, max_misorder=3000):
        self.bytes = (c_char * (16 * slots))()
        self.base = addressof(self.bytes)
        options = Options(sizeof(Options), capacity, max_dropout, max_misorder,
                          -1 if max_delay is None else max_delay)
        self.jb = lib.rtpjbuf_ctor_opts(byref(options))
        assert self.jb
        self._stats = (c_char * STATS.size)()
        self._deadline = c_int64()
        self._deadline_ref = byref(self._deadline)
        self._batch = (Datagram * BATCH)()
        self.wire = {}                          # slot -> (jbcnt, seq, ts, ssrc): what must come back
        self.put = 0

    def close(self):
        lib.rtpjbuf_dtor(self.jb)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write(self, slot, seq, ts, ssrc):
        HEADER.pack_into(self.bytes, 16 * slot, 0x80, 0, seq, ts, ssrc)
        self.put += 1
        self.wire[slot] = (self.put, seq, ts, ssrc)

    def insert(self, slot, seq, ts, ssrc, arrival):
        self.write(slot, seq, ts, ssrc)
        return self._rows(lib.rtpjbuf_udp_in_at(self.jb, self.base + 16 * slot, 12, arrival))

    def insert_many(self, packets, arrival):
        """packets: (slot, seq, ts, ssrc), or None for a datagram that is no packet."""
        for i, p in enumerate(packets):
            self._batch[i].data, self._batch[i].size = self.base, 11
            if p is not None:
                self.write(*p)
                self._batch[i].data, self._batch[i].size = self.base + 16 * p[0], 12
        taken = c_size_t(BATCH + 1)
        rows = self._rows(lib.rtpjbuf_udp_in_many(self.jb, self._batch, len(packets), arrival,
                                                  byref(taken)))
        assert taken.value == len(packets)
        return rows

    def insert_bad(self):
        r = lib.rtpjbuf_udp_in_at(self.jb, self.base, 11, 0)
        assert (r.error, r.ready, r.drop) == (-1, None, None)

    def expire(self, now):
        return self._rows(lib.rtpjbuf_expire(self.jb, now))

    def flush(self):
        return self._rows(lib.rtpjbuf_flush(self.jb))

    def next_deadline(self):
        if lib.rtpjbuf_next_deadline(self.jb, self._deadline_ref) == 0:
            return None
        return self._deadline.value

    def stats(self):
        """received, invalid, duplicate, late, stale, stray, erasures, erased, restarts"""
        lib.rtpjbuf_get_stats(self.jb, self._stats)
        return STATS.unpack(self._stats)

    def _rows(self, result):
        assert result.error == 0
        ready, drop = [], []
        at = result.ready
        while at:
            row, following = self._frame(at)
            ready.append(row)
            lib.rtpjbuf_frame_dtor(at)
            at = following
        at = result.drop
        while at:
            row, following = self._frame(at)
            assert row[0] == "rtp"
            drop.append((REASONS[lib.rtpjbuf_drop_reason(at) - 1], row[1]))
            lib.rtpjbuf_frame_dtor(at)
            at = following
        return ready, drop

    def _frame(self, at):
        raw = string_at(at, RTP_FRAME.size)
        if raw[0] == 1:
            kind, start, end, ts_diff, restart, following = ERS_FRAME.unpack(raw)
            assert kind == 1
            return ("ers", start, end, ts_diff, restart), following
        (kind, size, offset, nsamples, ts, seq, ssrc, appendable, _, lseq, jbcnt, data,
         following) = RTP_FRAME.unpack(raw)
        slot = (data - self.base) // 16
        # Popped: what comes out twice is not found the second time.
        assert (jbcnt, seq, ts, ssrc) == self.wire.pop(slot)
        assert (kind, size, offset, nsamples, appendable) == (0, 0, 12, -1, 1)
        return ("rtp", slot, lseq), following
