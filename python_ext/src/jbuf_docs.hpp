/// \file
/// The documentation of RtpJBuf; the first lines are where inspect.signature reads.
#pragma once

namespace rtpsynth::python {

inline constexpr const char* jbuf_doc =
    R"(RtpJBuf(capacity, max_delay_ns=None, max_dropout=3000, max_misorder=3000)
--

A jitter buffer for one RTP stream: datagrams go in, frames come out in the order of sequence,
each packet exactly once, with an erasure in the place of those that are missing. A gap is waited
for until the buffer is full or a packet has waited max_delay_ns. Duplicates and packets that are
late are dropped. A packet of another SSRC, one far out of sequence, and one from behind whose
timestamp is not from behind too, is held until the next one proves it right, or is dropped. If
numbers and timestamps went on together meanwhile, it was an outage: an erasure of its true length
goes before them. Else the sender started anew.

capacity: packets held at most, 1..16383; 1 never waits.
max_delay_ns: nanoseconds that a packet may wait, or None; then now_ns matters nowhere.
max_dropout, max_misorder: 0..2**32 - 1; a packet farther ahead than max_dropout (and than twice
the capacity), or farther behind than max_misorder, is out of sequence. RFC 3550, A.1 has the same
rules, with 3000 and 100; here timestamps tell a late packet from a new numbering.

Raises TypeError, ValueError, MemoryError. A second __init__ begins anew, without what was inside.
Methods may be called from any thread; each is one step to all others.)";

inline constexpr const char* udp_in_doc = R"(udp_in($self, data, opaque=None, now_ns=0)
--

Puts one datagram in and returns the list of FrameWrapper that are handed out now.

data: the datagram, a bytes-like object; its item's .data will be this object. Anything but a
bytes object is copied, so that it may be reused at once.
opaque: any object, kept with the packet: its item's .opaque.
now_ns: when it arrived, nanoseconds on the caller's clock, -2**63..2**63 - 1.

Raises RTPParseError, with .code, if data is no RTP packet; it is counted in stats['invalid'].
After MemoryError whatever left the buffer comes with the next call.)";

inline constexpr const char* udp_in_many_doc =
    R"(udp_in_many($self, datagrams, opaque=None, now_ns=0)
--

Puts several datagrams in, as by udp_in each, and returns all that are handed out now in one list.

datagrams: a sequence or an iterable of bytes-like objects. It is read to its end before the first
goes in: if that raises, or one is not bytes-like, nothing has changed. Those that are no RTP
packets are counted in stats['invalid'].
opaque, now_ns: for each of them.

After MemoryError whatever left the buffer comes with the next call; stats tells what went in.)";

inline constexpr const char* expire_doc = R"(expire($self, now_ns)
--

Returns the list of what has waited max_delay_ns by now_ns, and all that goes before it.)";

inline constexpr const char* flush_doc = R"(flush($self)
--

Returns the list of all that is inside, gaps marked by erasures. A packet that was held because it
was out of sequence is dropped.)";

} // namespace rtpsynth::python
