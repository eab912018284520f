#include "core/call.hpp"
#include "core/heap_type.hpp"
#include "public_types.hpp"
#include "random_source.hpp"
#include "synth_docs.hpp"

#include <rtpsynth/base/detail/packet_clock.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>

namespace rtpsynth::python {

using rtpsynth::detail::packet_clock;

namespace {

struct timed_stream {
    packet_synth synth;
    packet_clock clock;
};

/// A type of its own: instances of subclasses, which may hold anything, are then collected with the
/// cycles they are in, and a method finds the stream without a search.
struct synth_object : weak_object {
    std::optional<timed_stream> stream; // none before __init__
};

std::optional<timed_stream>& stream_of(PyObject* self) {
    return reinterpret_cast<synth_object*>(self)->stream;
}

PyObject* new_synth(PyTypeObject* type, PyObject*, PyObject*) {
    PyObject* const self = type->tp_alloc(type, 0);
    if (self != nullptr) ::new (&stream_of(self)) std::optional<timed_stream>{};
    return self;
}

int init_synth(PyObject* self, PyObject* args, PyObject* keywords) {
    PyObject* const done = translated([&]() -> PyObject* {
        static const char* const names[] = {"srate", "ptime", nullptr};
        PyObject* srate;
        PyObject* ptime;
        if (PyArg_ParseTupleAndKeywords(args, keywords, "OO:RtpSynth", const_cast<char**>(names),
                                        &srate, &ptime) == 0)
            return nullptr;
        std::uint32_t clock_rate;
        std::int32_t milliseconds;
        if (!to_integer(srate, "srate", clock_rate, 1, INT32_MAX)) return nullptr;
        if (!to_integer(ptime, "ptime", milliseconds, 1)) return nullptr;
        stream_of(self) =
            timed_stream{{clock_rate, std::chrono::milliseconds(milliseconds), draw_origin()}, {}};
        return Py_None;
    });
    return done != nullptr ? 0 : -1;
}

void delete_synth(PyObject* self) {
    clear_weak_references(*reinterpret_cast<synth_object*>(self));
    std::destroy_at(&stream_of(self));
    free_object(self);
}

timed_stream* initialised(PyObject* self) {
    std::optional<timed_stream>& stream = stream_of(self);
    if (stream) [[likely]]
        return &*stream;
    PyErr_Format(PyExc_TypeError, "%.200s object was not initialised, its __init__ did not run",
                 Py_TYPE(self)->tp_name);
    return nullptr;
}

template <PyObject* (*Function)(timed_stream&, call)>
PyObject* with_stream(PyObject* self, call c) {
    timed_stream* const stream = initialised(self);
    return stream != nullptr ? Function(*stream, c) : nullptr;
}

/// to_integer() with the usual case in place.
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

constexpr parameters<3> next_pkt_parameters{"next_pkt", 2, {"plen", "pt", "pload"}};

PyObject* next_pkt(timed_stream& stream, call c) {
    std::array<PyObject*, 3> a;
    packet_format format;
    if (!next_pkt_parameters.parse(c, a) || !to_format(a[0], a[1], format)) return nullptr;
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

constexpr parameters<4> next_pkts_parameters{"next_pkts", 3, {"n", "plen", "pt", "ploads"}};

PyObject* next_pkts(timed_stream& stream, call c) {
    std::array<PyObject*, 4> a;
    Py_ssize_t n;
    packet_format format;
    py_ref payloads;
    if (!next_pkts_parameters.parse(c, a) || !to_integer(a[0], "n", n, 0) ||
        !to_format(a[1], a[2], format))
        return nullptr;
    if (a[3] != nullptr && a[3] != Py_None) {
        payloads = to_payloads(a[3], n);
        if (!payloads) return nullptr;
    }
    py_ref packets{PyList_New(n)};
    if (!packets) return nullptr;
    // While it lacks items, what gc.get_objects() finds must not see it.
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

constexpr parameters<3> next_pkts_into_parameters{"next_pkts_into", 3, {"buf", "plen", "pt"}};

PyObject* next_pkts_into(timed_stream& stream, call c) {
    std::array<PyObject*, 3> a;
    packet_format format;
    bytes_view buffer;
    if (!next_pkts_into_parameters.parse(c, a) || !to_format(a[1], a[2], format) ||
        !buffer.assign(a[0], "buf", true))
        return nullptr;
    const auto out = buffer.writable_bytes();
    const std::size_t size = format.packet_size();
    const std::size_t count = out.size() / size;
    static_cast<void>( // checked above
        stream.synth.write_batch(packet_clock::now(), format, count, size, out));
    return PyLong_FromSize_t(count);
}

constexpr parameters<1> skip_parameters{"skip", 1, {"npkts"}};

PyObject* skip(timed_stream& stream, call c) {
    std::array<PyObject*, 1> a;
    std::size_t packets;
    if (!skip_parameters.parse(c, a) || !to_integer(a[0], "npkts", packets, 0, INT32_MAX))
        return nullptr;
    stream.synth.skip(packets);
    Py_RETURN_NONE;
}

constexpr parameters<1> set_mbt_parameters{"set_mbt", 1, {"new_st"}};

PyObject* set_mbt(timed_stream& stream, call c) {
    std::array<PyObject*, 1> a;
    if (!set_mbt_parameters.parse(c, a)) return nullptr;
    if (!PyIndex_Check(a[0])) {
        PyErr_Format(PyExc_TypeError, "new_st must be an integer, not %.200s",
                     Py_TYPE(a[0])->tp_name);
        return nullptr;
    }
    const py_ref number{PyNumber_Index(a[0])};
    const int marker = number ? PyObject_IsTrue(number.get()) : -1;
    return marker >= 0 ? PyLong_FromLong(stream.synth.set_marker(marker != 0)) : nullptr;
}

constexpr parameters<2> resync_parameters{"resync", 0, {"ts", "seq"}};

PyObject* resync(timed_stream& stream, call c) {
    std::array<PyObject*, 2> a;
    if (!resync_parameters.parse(c, a)) return nullptr;
    stream.synth.resync(packet_clock::now());
    Py_RETURN_NONE;
}

constexpr parameters<1> pkt_free_parameters{"pkt_free", 1, {"obj"}};

PyObject* pkt_free(PyObject*, call c) {
    std::array<PyObject*, 1> a;
    if (!pkt_free_parameters.parse(c, a)) return nullptr;
    Py_RETURN_NONE;
}

template <auto Member>
PyObject* get(PyObject* self, void*) {
    const timed_stream* const stream = initialised(self);
    return stream != nullptr ? PyLong_FromLongLong((stream->synth.*Member)()) : nullptr;
}

PyObject* get_ptime(PyObject* self, void*) {
    const timed_stream* const stream = initialised(self);
    return stream != nullptr
               ? PyLong_FromLongLong(stream->synth.ptime() / std::chrono::milliseconds{1})
               : nullptr;
}

PyMethodDef methods[] = {
    function<with_stream<next_pkt>>("next_pkt", next_pkt_doc),
    function<with_stream<next_pkts>>("next_pkts", next_pkts_doc),
    function<with_stream<next_pkts_into>>("next_pkts_into", next_pkts_into_doc),
    function<with_stream<skip>>("skip", skip_doc),
    function<with_stream<set_mbt>>("set_mbt", set_mbt_doc),
    function<with_stream<resync>>("resync", resync_doc),
    function<pkt_free>("pkt_free", pkt_free_doc),
    {}};

PyGetSetDef attributes[] = {
    {"ssrc", get<&packet_synth::ssrc>, nullptr, "SSRC of every packet, 32 bits.", nullptr},
    {"srate", get<&packet_synth::clock_rate>, nullptr, "Clock rate in Hz.", nullptr},
    {"ptime", get_ptime, nullptr, "Media in one packet, ms.", nullptr},
    {}};

} // namespace

void bind_synth() {
    PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(synth_doc)},
                           slot(Py_tp_new, new_synth),
                           slot(Py_tp_init, init_synth),
                           slot(Py_tp_dealloc, delete_synth),
                           {Py_tp_methods, methods},
                           {Py_tp_getset, attributes},
                           {Py_tp_members, weak_members},
                           {0, nullptr}};
    PyType_Spec spec{"rtpsynth.RtpSynth.RtpSynth", sizeof(synth_object), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    add_type("RtpSynth", spec);
    bind_random_source();
}

} // namespace rtpsynth::python
