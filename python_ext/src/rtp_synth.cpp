#include "core/heap_type.hpp"
#include "public_types.hpp"
#include "random_source.hpp"

#include <rtpsynth/base/detail/packet_clock.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>

namespace rtpsynth::python {

using rtpsynth::detail::packet_clock;

namespace {

struct timed_stream {
    packet_synth synth;
    packet_clock clock;
};

struct synth_payload {
    std::optional<timed_stream> stream; // none before __init__
    bool initialised() const noexcept { return stream.has_value(); }
};

bool initialise(synth_payload& self, const arguments<2>& a) {
    std::uint32_t clock_rate;
    std::int32_t ptime;
    if (!to_integer(a[0], "srate", clock_rate, 1, INT32_MAX) ||
        !to_integer(a[1], "ptime", ptime, 1))
        return false;
    self.stream = timed_stream{{clock_rate, std::chrono::milliseconds{ptime}, draw_origin()}, {}};
    return true;
}

/// to_integer() with the usual case inline.
template <class Integer>
bool to_small_integer(PyObject* value, const char* name, Integer& out, long hi) {
    if (PyLong_CheckExact(value)) [[likely]] {
        const long n = PyLong_AsLong(value);
        if (n >= 0 && n <= hi) [[likely]] {
            out = static_cast<Integer>(n);
            return true;
        }
        PyErr_Clear(); // it did not fit
    }
    return to_integer(value, name, out, 0, hi);
}

/// Arguments plen and pt of every method that makes packets.
bool to_format(PyObject* plen, PyObject* pt, packet_format& format) {
    return to_small_integer(plen, "plen", format.payload_size, max_payload_size) &&
           to_small_integer(pt, "pt", format.payload_type, 127);
}

bool fits(std::span<const std::uint8_t> payload, packet_format format) {
    if (payload.size() <= format.payload_size) [[likely]]
        return true;
    PyErr_Format(PyExc_ValueError, "pload must be at most plen (%zu) bytes, not %zu",
                 format.payload_size, payload.size());
    return false;
}

PyObject* new_packet(packet_format format) {
    return PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(format.packet_size()));
}

std::span<std::uint8_t> bytes_of(PyObject* bytes) {
    return {reinterpret_cast<std::uint8_t*>(PyBytes_AS_STRING(bytes)),
            static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))};
}

PyObject* make_packet(timed_stream& stream, packet_format format,
                      std::span<const std::uint8_t> payload) {
    if (!fits(payload, format)) return nullptr;
    PyObject* const packet = new_packet(format);
    if (packet != nullptr)
        static_cast<void>( // checked above
            stream.synth.write(stream.clock.at_packet(), format, bytes_of(packet), payload));
    return packet;
}

[[gnu::noinline]] PyObject* make_packet_of_buffer(timed_stream& stream, packet_format format,
                                                  PyObject* pload) {
    bytes_view payload;
    return payload.assign(pload, "pload") ? make_packet(stream, format, payload.bytes()) : nullptr;
}

PyObject* next_pkt(synth_payload& self, const arguments<3>& a) {
    timed_stream& stream = *self.stream;
    packet_format format;
    if (!to_format(a[0], a[1], format)) return nullptr;
    std::span<const std::uint8_t> payload;
    if (a[2] != nullptr && a[2] != Py_None) {
        if (!PyBytes_CheckExact(a[2])) return make_packet_of_buffer(stream, format, a[2]);
        payload = bytes_of(a[2]);
    }
    return make_packet(stream, format, payload);
}

/// A new packet with its payload, and without its header.
PyObject* filled_packet(packet_format format, std::span<const std::uint8_t> payload) {
    if (!fits(payload, format)) return nullptr;
    PyObject* const packet = new_packet(format);
    if (packet == nullptr) return nullptr;
    std::uint8_t* const to = bytes_of(packet).data() + rtp_header_size;
    if (!payload.empty()) std::memcpy(to, payload.data(), payload.size());
    const std::size_t rest = format.payload_size - payload.size();
    if (rest != 0) std::memset(to + payload.size(), 0, rest);
    return packet;
}

[[gnu::noinline]] PyObject* filled_packet_of_buffer(packet_format format, PyObject* pload) {
    bytes_view payload;
    return payload.assign(pload, "every item of ploads") ? filled_packet(format, payload.bytes())
                                                         : nullptr;
}

bool fill_packets(PyObject* packets, packet_format format, PyObject* payloads) {
    for (Py_ssize_t i = 0; i != PyList_GET_SIZE(packets); ++i) {
        PyObject* const pload = PyTuple_GET_ITEM(payloads, i);
        PyObject* const packet = PyBytes_CheckExact(pload) ? filled_packet(format, bytes_of(pload))
                                                           : filled_packet_of_buffer(format, pload);
        if (packet == nullptr) return false;
        PyList_SET_ITEM(packets, i, packet);
    }
    return true;
}

/// A tuple, which nobody else can change, of the n payloads.
py_ref to_payloads(PyObject* ploads, Py_ssize_t n) {
    if (PySequence_Check(ploads) == 0) {
        PyErr_Format(PyExc_TypeError, "ploads must be a sequence of bytes-like objects, not %.200s",
                     Py_TYPE(ploads)->tp_name);
        return {};
    }
    py_ref payloads{PySequence_Tuple(ploads)};
    if (payloads && PyTuple_GET_SIZE(payloads.get()) != n) {
        PyErr_Format(PyExc_ValueError, "ploads must have n (%zd) items, not %zd", n,
                     PyTuple_GET_SIZE(payloads.get()));
        return {};
    }
    return payloads;
}

PyObject* next_pkts(synth_payload& self, const arguments<4>& a) {
    timed_stream& stream = *self.stream;
    Py_ssize_t n;
    packet_format format;
    py_ref payloads;
    if (!to_integer(a[0], "n", n, 0) || !to_format(a[1], a[2], format)) return nullptr;
    if (a[3] != nullptr && a[3] != Py_None) {
        payloads = to_payloads(a[3], n);
        if (!payloads) return nullptr;
    }
    py_ref packets{PyList_New(n)};
    if (!packets) return nullptr;
    // gc.get_objects() must not find it while it lacks items.
    PyObject_GC_UnTrack(packets.get());
    if (payloads) {
        if (!fill_packets(packets.get(), format, payloads.get())) return nullptr;
    } else {
        for (Py_ssize_t i = 0; i != n; ++i) {
            PyObject* const packet = new_packet(format);
            if (packet == nullptr) return nullptr;
            PyList_SET_ITEM(packets.get(), i, packet);
        }
    }
    // Nothing can fail from here on.
    const time_point time = packet_clock::now();
    for (Py_ssize_t i = 0; i != n; ++i) {
        const auto to = bytes_of(PyList_GET_ITEM(packets.get(), i));
        static_cast<void>(payloads ? stream.synth.stamp(time, format, to)
                                   : stream.synth.write(time, format, to));
    }
    PyObject_GC_Track(packets.get());
    return packets.release();
}

PyObject* next_pkts_into(synth_payload& self, const arguments<3>& a) {
    packet_format format;
    bytes_view buffer;
    if (!to_format(a[1], a[2], format) || !buffer.assign(a[0], "buf", true)) return nullptr;
    const auto out = buffer.writable_bytes();
    const std::size_t size = format.packet_size();
    const std::size_t count = out.size() / size;
    static_cast<void>( // checked above
        self.stream->synth.write_batch(packet_clock::now(), format, count, size, out));
    return PyLong_FromSize_t(count);
}

PyObject* skip(synth_payload& self, const arguments<1>& a) {
    std::size_t packets;
    if (!to_integer(a[0], "npkts", packets, 0, INT32_MAX)) return nullptr;
    self.stream->synth.skip(packets);
    Py_RETURN_NONE;
}

PyObject* set_mbt(synth_payload& self, const arguments<1>& a) {
    if (!PyIndex_Check(a[0])) {
        PyErr_Format(PyExc_TypeError, "new_st must be an integer, not %.200s",
                     Py_TYPE(a[0])->tp_name);
        return nullptr;
    }
    const py_ref number{PyNumber_Index(a[0])};
    const int marker = number ? PyObject_IsTrue(number.get()) : -1;
    return marker >= 0 ? PyLong_FromLong(self.stream->synth.set_marker(marker != 0)) : nullptr;
}

PyObject* resync(synth_payload& self, const arguments<2>&) {
    self.stream->synth.resync(packet_clock::now());
    Py_RETURN_NONE;
}

PyObject* pkt_free(synth_payload&, const arguments<1>&) { Py_RETURN_NONE; }

PyObject* get_ssrc(const synth_payload& self) {
    return PyLong_FromUnsignedLong(self.stream->synth.ssrc());
}

PyObject* get_srate(const synth_payload& self) {
    return PyLong_FromUnsignedLong(self.stream->synth.clock_rate());
}

PyObject* get_ptime(const synth_payload& self) {
    return PyLong_FromLongLong(self.stream->synth.ptime() / std::chrono::milliseconds{1});
}

constexpr const char* synth_doc =
    R"(Makes the packets of one RTP stream (RFC 3550).

srate: clock rate in Hz; ptime: media in one packet in ms; both 1..2147483647, anything else is a
ValueError. SSRC, first timestamp and first sequence number are random, see set_randfunc(). The
first packet has the marker, the others do not. Each has the next sequence number and a timestamp
srate * ptime / 1000 further on. The timestamp never drifts: a fraction that is left out of one
counts for the next.

A call that raises changes nothing. Any thread may call any method: calls take effect one at a time.
Calling __init__ again begins another stream.)";

constexpr const char* next_pkt_doc =
    R"(Returns the next packet as bytes: a header of 12 bytes and plen bytes of payload.

plen: 0..65495; pt: payload type, 0..127; pload: any bytes-like object, padded with zeros to plen
bytes; None: all zeros. ValueError: a number is out of range or pload is longer than plen.)";

constexpr const char* next_pkts_doc =
    R"(Returns a list of the next n packets: what n calls of next_pkt() return, for less.

ploads: a sequence of n bytes-like objects, each as pload of next_pkt(). If anything is wrong
(ValueError, TypeError, MemoryError), no packet is made.

For resync() all n packets are made at the time of this call: after it, the next timestamp is that
of the last of them plus the time since this call, though their media spans n * ptime.)";

constexpr const char* next_pkts_into_doc =
    R"(Fills buf, a writable bytes-like object, with as many whole packets as fit, one behind the other,
12 + plen bytes each, payloads all zero. Returns how many. What is left of buf is not touched. For
resync() as next_pkts().)";

constexpr const char* skip_doc =
    R"(Skips npkts packets of silence, 0..2147483647: the timestamp moves on, the sequence number does
not.)";

constexpr const char* set_mbt_doc =
    R"(Sets (an int other than 0) or clears (0) the marker of the next packet, and of that one only.
Returns what it was before, 1 or 0.)";

constexpr const char* resync_doc =
    R"(Brings the timestamp up to the clock after a pause: the next one is that of the last packet plus
the larger of one step and the time since that packet was made (CLOCK_MONOTONIC) * srate. Media that
was made ahead is not subtracted: 12 packets of 20 ms by next_pkts() and resync() 150 ms later put
the next one 150 ms after the twelfth. A second call counts the same pause only once; before the
first packet nothing changes. The arguments are accepted for compatibility and ignored.

In a burst (next_pkt() within 20 us of the one before) the clock is read for every sixteenth packet.
A pause after a burst may then measure too long, by less than the kernel's tick, 4 ms or less.)";

constexpr const char* pkt_free_doc =
    "Does nothing; Python frees packets by itself. For compatibility.";

} // namespace

void bind_synth() {
    heap_type<synth_payload>::add({
        .name = "rtpsynth.RtpSynth.RtpSynth",
        .doc = synth_doc,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<"RtpSynth(srate, ptime)", initialise>(),
        .methods = {method<"next_pkt(plen, pt, pload=None)", next_pkt>(next_pkt_doc),
                    method<"next_pkts(n, plen, pt, ploads=None)", next_pkts>(next_pkts_doc),
                    method<"next_pkts_into(buf, plen, pt)", next_pkts_into>(next_pkts_into_doc),
                    method<"skip(npkts)", skip>(skip_doc),
                    method<"set_mbt(new_st)", set_mbt>(set_mbt_doc),
                    method<"resync(ts=0, seq=0)", resync>(resync_doc),
                    method<"pkt_free(obj)", pkt_free>(pkt_free_doc)},
        .attributes = {attribute<get_ssrc>("ssrc", "SSRC of every packet, 32 bits."),
                       attribute<get_srate>("srate", "Clock rate in Hz."),
                       attribute<get_ptime>("ptime", "Media in one packet, ms.")},
    });
    bind_random_source();
}

} // namespace rtpsynth::python
