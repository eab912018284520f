/// \file
/// What Python's help() says of RtpSynth. The first lines are what inspect.signature() reads.
#pragma once

namespace rtpsynth::python {

inline constexpr const char* synth_doc =
    "RtpSynth(srate, ptime)\n--\n\n"
    "Makes the packets of one RTP stream (RFC 3550).\n"
    "\n"
    "srate: clock rate in Hz; ptime: media in one packet in ms; both 1..2147483647, anything else\n"
    "is a ValueError. SSRC, first timestamp and first sequence number are random, see\n"
    "set_randfunc(). The first packet has the marker, the others do not. Each has the next\n"
    "sequence number and a timestamp srate * ptime / 1000 further on, which never drifts: the\n"
    "fraction that is dropped from a timestamp counts for those after it.\n"
    "\n"
    "A call that raises changes nothing. Any thread may call any method: calls take effect one at\n"
    "a time. Calling __init__ again begins another stream.";

inline constexpr const char* next_pkt_doc =
    "next_pkt($self, plen, pt, pload=None)\n--\n\n"
    "The next packet: a header of 12 bytes and plen bytes of payload, as bytes.\n"
    "\n"
    "plen: 0..65495; pt: payload type, 0..127; pload: any bytes-like object, padded with zeros to\n"
    "plen bytes; None: all zeros. ValueError: a number is out of range or pload longer than plen.";

inline constexpr const char* next_pkts_doc =
    "next_pkts($self, n, plen, pt, ploads=None)\n--\n\n"
    "The next n packets, a list: what n calls of next_pkt() return, for less.\n"
    "\n"
    "ploads: a sequence of n bytes-like objects, each as pload of next_pkt(). All n packets are\n"
    "made or, if anything is wrong (ValueError, TypeError, MemoryError), none.\n"
    "\n"
    "For resync() all n are made at the time of this call: after it, the next timestamp is that\n"
    "of the last of them plus the time since this call, though their media spans n * ptime.";

inline constexpr const char* next_pkts_into_doc =
    "next_pkts_into($self, buf, plen, pt)\n--\n\n"
    "Fills buf, a writable bytes-like object, with as many whole packets as fit, one behind the\n"
    "other, 12 + plen bytes each, payloads all zero. Returns how many; what is left of buf is not\n"
    "touched. For resync() as next_pkts().";

inline constexpr const char* skip_doc =
    "skip($self, npkts)\n--\n\n"
    "Passes over npkts packets of silence, 0..2147483647: the timestamp moves on, the sequence\n"
    "number does not.";

inline constexpr const char* set_mbt_doc = "set_mbt($self, new_st)\n--\n\n"
                                           "Sets (an int other than 0) or clears (0) the marker of "
                                           "the next packet, and of that one only.\n"
                                           "Returns what it was before, 1 or 0.";

inline constexpr const char* resync_doc =
    "resync($self, ts=0, seq=0)\n--\n\n"
    "Brings the timestamp up to the clock after a pause: the next one is that of the last packet\n"
    "plus the larger of one step and the time since that packet was made (CLOCK_MONOTONIC) *\n"
    "srate. Media that was made ahead is not taken off: 12 packets of 20 ms by next_pkts() and\n"
    "resync() 150 ms later put the next one 150 ms after the twelfth. Twice in a row counts the\n"
    "pause once; before the first packet nothing changes. The arguments are there for\n"
    "compatibility and mean nothing.\n"
    "\n"
    "In a burst (next_pkt() within 20 us of the one before) the clock is read for every sixteenth\n"
    "packet: if the burst breaks off between two readings and one more packet follows within the\n"
    "kernel's tick, the pause after it measures too long by up to that tick, 4 ms or less.";

inline constexpr const char* pkt_free_doc =
    "pkt_free($self, obj)\n--\n\n"
    "Does nothing; Python frees packets by itself. For compatibility.";

} // namespace rtpsynth::python
