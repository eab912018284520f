#include "frame_types.hpp"

#include "core/heap_type.hpp"
#include "frame_block.hpp"
#include "rtp_profile.hpp"

#include <array>
#include <utility>
#include <vector>

namespace rtpsynth::python {

namespace {

PyObject* new_ref(PyObject* object) noexcept { return py_ref::share(object).release(); }
PyObject* none() noexcept { return new_ref(Py_None); }

PyObject* object_or_none(PyObject* object) noexcept {
    return new_ref(object == nullptr ? Py_None : object);
}

frame_object* frame_of(PyObject* self) noexcept { return reinterpret_cast<frame_object*>(self); }

// ---- attributes ----

namespace wrapper {

PyObject* content(PyObject* self) { return content_of(frame_of(self)); }
PyObject* data(PyObject* self) { return object_or_none(frame_of(self)->data); }
PyObject* opaque(PyObject* self) { return object_or_none(frame_of(self)->opaque); }
PyObject* addr(PyObject* self) { return object_or_none(frame_of(self)->addr); }

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

namespace ers_content {

const erasure& gap_of(PyObject* self) noexcept {
    return block_of<offsetof(frame_object, content)>(self)->gap;
}

PyObject* type(PyObject*) { return PyLong_FromLong(1); }
PyObject* lseq_start(PyObject* self) { return PyLong_FromLongLong(gap_of(self).lseq_start); }
PyObject* lseq_end(PyObject* self) { return PyLong_FromLongLong(gap_of(self).lseq_end); }
PyObject* ts_diff(PyObject* self) { return PyLong_FromUnsignedLong(gap_of(self).ts_diff); }
PyObject* restart(PyObject* self) { return PyBool_FromLong(gap_of(self).restart); }

} // namespace ers_content

PyObject* datagram_address(PyObject* self) {
    return PyLong_FromVoidPtr(
        PyBytes_AS_STRING(block_of<offsetof(frame_object, rtp)>(self)->bytes));
}

namespace info {

const rtp_packet_view& packet_of(PyObject* self) noexcept {
    return block_of<offsetof(frame_object, info)>(self)->packet;
}

PyObject* pt(PyObject* self) { return PyLong_FromLong(packet_of(self).payload_type()); }
PyObject* marker(PyObject* self) { return PyBool_FromLong(packet_of(self).marker()); }

PyObject* text(PyObject* self) {
    const rtp_packet_view& p = packet_of(self);
    return PyUnicode_FromFormat(
        "RTPInfo(seq=%u, ts=%lu, ssrc=%lu, pt=%u, data_size=%zu)", static_cast<unsigned>(p.seq()),
        static_cast<unsigned long>(p.timestamp()), static_cast<unsigned long>(p.ssrc()),
        static_cast<unsigned>(p.payload_type()), p.payload().size());
}

} // namespace info

// ---- tables of attributes ----

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
    attribute{
        "addr", wrapper::addr,
        "(host, port) of the sender, if a channel received the packet; None of an erasure and\n"
        "of what was put into an RtpJBuf."},
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
constinit std::array rtp_attributes{
    attribute{"data", datagram_address,
              "int: where the datagram's bytes lie in memory, while this object lives."},
};
constinit std::array info_attributes{
    attribute{"pt", info::pt, "int: payload type, 0..127."},
    attribute{"marker", info::marker, "bool: the marker bit."},
};

// Attributes stored in the object: Python reads them without a call.
constexpr PyMemberDef slot_at(const char* name, std::size_t offset, const char* doc) {
    return {name, T_OBJECT_EX, static_cast<Py_ssize_t>(offset), READONLY, doc};
}

PyMemberDef content_slots[] = {
    slot_at("type", offsetof(content_object, type), "int: RTPFrameType.RTP."),
    slot_at("frame", offsetof(content_object, frame), "RTPFrameUnion."),
    {}};
PyMemberDef union_slots[] = {
    slot_at("rtp", offsetof(union_object, rtp), "RTPPacket."),
    slot_at("ers", offsetof(union_object, ers), "None: an erasure is the content itself."),
    {}};
PyMemberDef rtp_slots[] = {
    slot_at("info", offsetof(rtp_object, info), "RTPInfo."),
    slot_at("lseq", offsetof(rtp_object, lseq), "int: logical sequence number; it never wraps."),
    {}};
PyMemberDef info_slots[] = {
    slot_at("seq", offsetof(info_object, seq), "int: sequence number, 0..65535."),
    slot_at("ts", offsetof(info_object, ts),
            "int: timestamp, 0..2**32 - 1, in units of the clock rate."),
    slot_at("ssrc", offsetof(info_object, ssrc), "int: synchronisation source, 0..2**32 - 1."),
    slot_at("data_size", offsetof(info_object, data_size),
            "int: bytes of payload, without padding."),
    slot_at("data_offset", offsetof(info_object, data_offset),
            "int: bytes of the datagram before the payload."),
    slot_at("nsamples", offsetof(info_object, nsamples),
            "int: samples in the payload, or -1 if not known."),
    slot_at("appendable", offsetof(info_object, appendable),
            "bool: False if the payload ends in comfort noise (G.729)."),
    slot_at("rtp_profile", offsetof(info_object, rtp_profile),
            "RTPProfile of a static payload type of RFC 3551, or None."),
    {}};
PyMemberDef no_slots[] = {{}};
constinit std::array<attribute, 0> no_attributes{};

// A getset descriptor is looked up in the type's dict at every use. Names in programs are interned,
// so that comparing pointers finds nearly every attribute, for less.
PyObject* get_wrapper_attribute(PyObject* self, PyObject* name) {
    for (const attribute& a : wrapper_attributes)
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

/// Adds a type whose instances only new_packet_frame() and new_erasure_frame() make.
PyTypeObject* add_frame_type(const char* full_name, std::size_t size, unsigned long flags,
                             std::vector<PyType_Slot> slots) {
    slots.push_back({0, nullptr});
    PyType_Spec spec{full_name, static_cast<int>(size), 0,
                     static_cast<unsigned>(Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE |
                                           Py_TPFLAGS_DISALLOW_INSTANTIATION | flags),
                     slots.data()};
    return add_type(spec);
}

template <auto& Attributes>
PyTypeObject* add_inner_type(const char* full_name, std::size_t size, destructor deallocate,
                             PyMemberDef* members, const char* doc, reprfunc repr = nullptr) {
    std::vector<PyType_Slot> slots{slot(Py_tp_dealloc, deallocate),
                                   {Py_tp_members, members},
                                   {Py_tp_getset, getset_table<Attributes>()},
                                   {Py_tp_doc, const_cast<char*>(doc)}};
    if (repr != nullptr) slots.push_back(slot(Py_tp_repr, repr));
    return add_frame_type(full_name, size, 0, std::move(slots));
}

} // namespace

py_ref make_packet_frame(const rtp_packet_view& packet, std::int64_t lseq, const py_ref& bytes,
                         py_ref addr) {
    frame_object* const f = new_packet_frame(packet, bytes.get(), bytes.get(), nullptr);
    if (f == nullptr) return {};
    f->lseq = lseq;
    f->addr = addr.release();
    return py_ref{publish(f)};
}

py_ref make_erasure_frame(const erasure& gap) {
    frame_object* const f = new_erasure_frame(gap);
    return f == nullptr ? py_ref{} : py_ref{publish(f)};
}

void bind_frame_types() {
    bind_rtp_profiles();
    std::vector<PyType_Slot> wrapper_slots{
        slot(Py_tp_dealloc, deallocate_frame),
        slot(Py_tp_traverse, traverse_frame),
        slot(Py_tp_clear, clear_frame),
        slot(Py_tp_getattro, get_wrapper_attribute),
        {Py_tp_getset, getset_table<wrapper_attributes>()},
        {Py_tp_doc, const_cast<char*>("A packet, or the mark of packets that are "
                                      "missing, as it leaves a jitter buffer.")},
        slot(Py_tp_repr, wrapper::text),
    };
    frame_types.wrapper = add_frame_type("rtpsynth.RtpJBuf.FrameWrapper", sizeof(frame_object),
                                         Py_TPFLAGS_HAVE_GC, std::move(wrapper_slots));
    frame_types.rtp_content = add_inner_type<no_attributes>(
        "rtpsynth.RtpJBuf.RTPFrame", sizeof(content_object), deallocate_rtp_content, content_slots,
        "A frame's content if it is a packet.");
    frame_types.ers_content = add_inner_type<ers_content_attributes>(
        "rtpsynth.RtpJBuf.ERSFrame", sizeof(content_object), deallocate_ers_content, no_slots,
        "A frame's content if packets are missing: an erasure.");
    frame_types.either = add_inner_type<no_attributes>(
        "rtpsynth.RtpJBuf.RTPFrameUnion", sizeof(union_object), deallocate_union, union_slots,
        "Where a packet is found in its frame.");
    frame_types.rtp = add_inner_type<rtp_attributes>("rtpsynth.RtpJBuf.RTPPacket",
                                                     sizeof(rtp_object), deallocate_rtp, rtp_slots,
                                                     "A packet and its place in the stream.");
    frame_types.info = add_inner_type<info_attributes>(
        "rtpsynth.RtpJBuf.RTPInfo", sizeof(info_object), deallocate_info, info_slots,
        "What a packet's header tells.", info::text);
}

} // namespace rtpsynth::python
