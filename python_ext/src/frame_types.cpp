#include "frame_types.hpp"

#include "fastcall.hpp"
#include "frame_object.hpp"
#include "rtp_profiles.hpp"

#include <rtpsynth/payload_type.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace rtpsynth::python {

namespace {

PyObject* new_ref(PyObject* object) noexcept { return py_ref::share(object).release(); }
PyObject* none() noexcept { return new_ref(Py_None); }

PyObject* object_or_none(PyObject* object) noexcept {
    return new_ref(object == nullptr ? Py_None : object);
}

frame_object* frame_of(PyObject* self) noexcept { return reinterpret_cast<frame_object*>(self); }

// ---- what each attribute is ----

namespace wrapper {

PyObject* content(PyObject* self) { return view_of<content_view>(frame_of(self)); }
PyObject* data(PyObject* self) { return object_or_none(frame_of(self)->data); }
PyObject* opaque(PyObject* self) { return object_or_none(frame_of(self)->opaque); }

PyObject* rtp_data(PyObject* self) {
    frame_object* const f = frame_of(self);
    if (f->is_erasure) return none();
    if (f->payload == nullptr) {
        const auto payload = f->packet.payload();
        f->payload = PyBytes_FromStringAndSize(reinterpret_cast<const char*>(payload.data()),
                                               static_cast<Py_ssize_t>(payload.size()));
        if (f->payload == nullptr) return nullptr;
    }
    return new_ref(f->payload);
}

PyObject* text(PyObject* self) {
    const frame_object* const f = frame_of(self);
    if (f->is_erasure)
        return PyUnicode_FromFormat("RTP_Erasure(seq_range=%lld -- %lld)",
                                    static_cast<long long>(f->gap.lseq_start),
                                    static_cast<long long>(f->gap.lseq_end));
    return PyUnicode_FromFormat("RTP_Packet(seq=%lld, ts=%lu)", static_cast<long long>(f->lseq),
                                static_cast<unsigned long>(f->packet.timestamp()));
}

} // namespace wrapper

namespace rtp_content {

PyObject* type(PyObject*) { return PyLong_FromLong(0); }
PyObject* frame(PyObject* self) { return view_of<frame_view>(block_of<content_view>(self)); }

} // namespace rtp_content

namespace ers_content {

const erasure& gap_of(PyObject* self) noexcept { return block_of<content_view>(self)->gap; }

PyObject* type(PyObject*) { return PyLong_FromLong(1); }
PyObject* lseq_start(PyObject* self) { return PyLong_FromLongLong(gap_of(self).lseq_start); }
PyObject* lseq_end(PyObject* self) { return PyLong_FromLongLong(gap_of(self).lseq_end); }
PyObject* ts_diff(PyObject* self) { return PyLong_FromUnsignedLong(gap_of(self).ts_diff); }
PyObject* restart(PyObject* self) { return PyBool_FromLong(gap_of(self).restart); }

} // namespace ers_content

namespace either {

// Of a packet only, as there is none of an erasure: its content is the ERSFrame itself.
PyObject* rtp(PyObject* self) { return view_of<rtp_view>(block_of<frame_view>(self)); }
PyObject* ers(PyObject*) { return none(); }

} // namespace either

namespace rtp {

PyObject* lseq(PyObject* self) { return PyLong_FromLongLong(block_of<rtp_view>(self)->lseq); }
PyObject* info(PyObject* self) { return view_of<info_view>(block_of<rtp_view>(self)); }
PyObject* data(PyObject* self) {
    return PyLong_FromVoidPtr(PyBytes_AS_STRING(block_of<rtp_view>(self)->bytes));
}

} // namespace rtp

namespace info {

const rtp_packet_view& packet_of(PyObject* self) noexcept {
    return block_of<info_view>(self)->packet;
}

PyObject* seq(PyObject* self) { return PyLong_FromLong(packet_of(self).seq()); }
PyObject* ts(PyObject* self) { return PyLong_FromUnsignedLong(packet_of(self).timestamp()); }
PyObject* ssrc(PyObject* self) { return PyLong_FromUnsignedLong(packet_of(self).ssrc()); }
PyObject* pt(PyObject* self) { return PyLong_FromLong(packet_of(self).payload_type()); }
PyObject* marker(PyObject* self) { return PyBool_FromLong(packet_of(self).marker()); }
PyObject* data_size(PyObject* self) { return PyLong_FromSize_t(packet_of(self).payload().size()); }
PyObject* data_offset(PyObject* self) {
    return PyLong_FromSize_t(packet_of(self).payload_offset());
}
PyObject* nsamples(PyObject* self) {
    const rtp_packet_view& p = packet_of(self);
    return PyLong_FromLong(rtpsynth::nsamples(p.payload_type(), p.payload()));
}
PyObject* appendable(PyObject* self) {
    const rtp_packet_view& p = packet_of(self);
    return PyBool_FromLong(rtpsynth::appendable(p.payload_type(), p.payload().size()));
}
PyObject* rtp_profile(PyObject* self) { return profile_object(packet_of(self).payload_type()); }

PyObject* text(PyObject* self) {
    const rtp_packet_view& p = packet_of(self);
    return PyUnicode_FromFormat(
        "RTPInfo(seq=%u, ts=%lu, ssrc=%lu, pt=%u, data_size=%zu)", static_cast<unsigned>(p.seq()),
        static_cast<unsigned long>(p.timestamp()), static_cast<unsigned long>(p.ssrc()),
        static_cast<unsigned>(p.payload_type()), p.payload().size());
}

} // namespace info

// ---- attributes of types ----

using getter = PyObject* (*)(PyObject*);

struct attribute {
    const char* text;
    getter get;
    const char* doc;
    PyObject* name = nullptr; // interned, as names in programs are
};

constinit std::array wrapper_attributes{
    attribute{"rtp_data", wrapper::rtp_data,
              "bytes: the payload, without header and padding; None of an erasure."},
    attribute{"content", wrapper::content, "RTPFrame, or ERSFrame if packets are missing."},
    attribute{"data", wrapper::data,
              "The object that was put in as the datagram; None of an erasure."},
    attribute{"opaque", wrapper::opaque, "The object that was put in with the datagram, or None."},
};
constinit std::array rtp_content_attributes{
    attribute{"type", rtp_content::type, "int: RTPFrameType.RTP."},
    attribute{"frame", rtp_content::frame, "RTPFrameUnion."},
};
constinit std::array ers_content_attributes{
    attribute{"type", ers_content::type, "int: RTPFrameType.ERS."},
    attribute{"lseq_start", ers_content::lseq_start, "int: the first packet missing."},
    attribute{"lseq_end", ers_content::lseq_end, "int: the last packet missing."},
    attribute{"ts_diff", ers_content::ts_diff,
              "int: timestamp units that the missing packets span; 0 at a restart."},
    attribute{"restart", ers_content::restart,
              "bool: the sender started anew; nothing was lost, the numbering jumped."},
};
constinit std::array frame_attributes{
    attribute{"rtp", either::rtp, "RTPPacket."},
    attribute{"ers", either::ers, "None: an erasure is the content itself."},
};
constinit std::array rtp_attributes{
    attribute{"info", rtp::info, "RTPInfo."},
    attribute{"lseq", rtp::lseq, "int: logical sequence number; it never wraps."},
    attribute{"data", rtp::data,
              "int: where the datagram's bytes lie in memory, while this object lives."},
};
constinit std::array info_attributes{
    attribute{"seq", info::seq, "int: sequence number, 0..65535."},
    attribute{"ts", info::ts, "int: timestamp, 0..2**32 - 1, in units of the clock rate."},
    attribute{"ssrc", info::ssrc, "int: synchronisation source, 0..2**32 - 1."},
    attribute{"data_size", info::data_size, "int: bytes of payload, without padding."},
    attribute{"data_offset", info::data_offset, "int: bytes of the datagram before the payload."},
    attribute{"nsamples", info::nsamples, "int: samples in the payload, or -1 if not known."},
    attribute{"appendable", info::appendable,
              "bool: False if the payload ends in comfort noise (G.729)."},
    attribute{"rtp_profile", info::rtp_profile,
              "RTPProfile of a static payload type of RFC 3551, or None."},
    attribute{"pt", info::pt, "int: payload type, 0..127."},
    attribute{"marker", info::marker, "bool: the marker bit."},
};

// A getset descriptor is found through the type's dict at every use. Names in programs are interned
// objects, so that looking for the same object is right nearly always, and cheaper.
template <auto& Attributes>
PyObject* get_attribute(PyObject* self, PyObject* name) {
    for (const attribute& a : Attributes)
        if (a.name == name) return a.get(self);
    return PyObject_GenericGetAttr(self, name);
}

PyObject* get_through_descriptor(PyObject* self, void* closure) {
    return static_cast<const attribute*>(closure)->get(self);
}

template <auto& Attributes>
PyGetSetDef* getset_table() {
    static std::array<PyGetSetDef, Attributes.size() + 1> table{};
    for (std::size_t i = 0; i != Attributes.size(); ++i) {
        attribute& a = Attributes[i];
        a.name = PyUnicode_InternFromString(a.text);
        if (a.name == nullptr) throw boost::python::error_already_set{};
        table[i] = {a.text, get_through_descriptor, nullptr, a.doc, &a};
    }
    return table.data();
}

PyObject* refuse_new(PyTypeObject* type, PyObject*, PyObject*) {
    PyErr_Format(PyExc_TypeError, "cannot create '%.200s' instances", type->tp_name);
    return nullptr;
}

#ifdef Py_TPFLAGS_IMMUTABLETYPE
constexpr unsigned long immutable = Py_TPFLAGS_IMMUTABLETYPE;
#else
constexpr unsigned long immutable = 0;
#endif

PyTypeObject* add_type(const char* full_name, int size, unsigned long flags,
                       std::span<const PyType_Slot> slots) {
    std::array<PyType_Slot, 12> all{}; // the last one, {0, nullptr}, is their end
    std::copy(slots.begin(), slots.end(), all.begin());
    all[slots.size()] = {Py_tp_new, reinterpret_cast<void*>(refuse_new)};
    PyType_Spec spec{full_name, size, 0,
                     static_cast<unsigned>(Py_TPFLAGS_DEFAULT | immutable | flags), all.data()};
    PyObject* const type = PyType_FromSpec(&spec); // whose reference is kept for good
    if (type == nullptr || PyObject_SetAttrString(boost::python::scope{}.ptr(),
                                                  std::strrchr(full_name, '.') + 1, type) != 0)
        throw boost::python::error_already_set{};
    return reinterpret_cast<PyTypeObject*>(type);
}

template <class F>
PyType_Slot slot(int id, F* function) {
    return {id, reinterpret_cast<void*>(function)};
}

template <auto& Attributes, view_index I>
PyTypeObject* add_view_type(const char* full_name, const char* doc, reprfunc repr = nullptr) {
    const std::array slots{
        slot(Py_tp_dealloc, deallocate_view<I>),
        slot(Py_tp_getattro, get_attribute<Attributes>),
        PyType_Slot{Py_tp_getset, getset_table<Attributes>()},
        PyType_Slot{Py_tp_doc, const_cast<char*>(doc)},
        slot(Py_tp_repr, repr),
    };
    return add_type(full_name, sizeof(PyObject), 0,
                    std::span{slots}.first(repr == nullptr ? 4 : 5));
}

} // namespace

py_ref make_packet_frame(const rtp_packet_view& packet, std::int64_t lseq, py_ref bytes,
                         py_ref data, py_ref opaque) noexcept {
    frame_object* const f = new_packet_frame(packet, bytes.get(), data.get(), opaque.get());
    if (f == nullptr) return {};
    f->lseq = lseq;
    return py_ref{publish(f)};
}

py_ref make_erasure_frame(const erasure& gap) noexcept {
    frame_object* const f = new_erasure_frame(gap);
    return f == nullptr ? py_ref{} : py_ref{publish(f)};
}

void bind_frame_types() {
    bind_rtp_profiles();
    const std::array wrapper_slots{
        slot(Py_tp_dealloc, deallocate_frame),
        slot(Py_tp_traverse, traverse_frame),
        slot(Py_tp_clear, clear_frame),
        slot(Py_tp_getattro, get_attribute<wrapper_attributes>),
        PyType_Slot{Py_tp_getset, getset_table<wrapper_attributes>()},
        PyType_Slot{Py_tp_doc, const_cast<char*>("A packet, or the mark of packets that are "
                                                 "missing, as it leaves a jitter buffer.")},
        slot(Py_tp_repr, wrapper::text),
    };
    frame_types.wrapper = add_type("rtpsynth.RtpJBuf.FrameWrapper", sizeof(frame_object),
                                   Py_TPFLAGS_HAVE_GC, wrapper_slots);
    frame_types.rtp_content = add_view_type<rtp_content_attributes, content_view>(
        "rtpsynth.RtpJBuf.RTPFrame", "A frame's content if it is a packet.");
    frame_types.ers_content = add_view_type<ers_content_attributes, content_view>(
        "rtpsynth.RtpJBuf.ERSFrame", "A frame's content if packets are missing: an erasure.");
    frame_types.frame = add_view_type<frame_attributes, frame_view>(
        "rtpsynth.RtpJBuf.RTPFrameUnion", "Where a packet is found in its frame.");
    frame_types.rtp = add_view_type<rtp_attributes, rtp_view>(
        "rtpsynth.RtpJBuf.RTPPacket", "A packet and its place in the stream.");
    frame_types.info = add_view_type<info_attributes, info_view>(
        "rtpsynth.RtpJBuf.RTPInfo", "What a packet's header tells.", info::text);
}

} // namespace rtpsynth::python
