#include "core/heap_type.hpp"
#include "core/stats.hpp"
#include "frame_list.hpp"
#include "frame_types.hpp"
#include "jitter_buffer_arguments.hpp"
#include "metrics.hpp"
#include "public_types.hpp"

#include <rtpsynth/base/error.hpp>
#include <rtpsynth/jitter/buffer.hpp>
#include <rtpsynth/metrics/stream_metrics.hpp>

#include <cstdint>
#include <optional>

namespace rtpsynth::python {

namespace {

using python_jitter_buffer = jitter_buffer<frame_owner>;

PyObject* parse_error = nullptr; // the class RTPParseError, never freed

/// Used with the GIL held. No Python code runs while \p buffer works: what may run any
/// (allocations, conversions, released references) comes before or after.
struct jbuf_payload {
    std::optional<python_jitter_buffer> buffer; // none before __init__
    // Frames that left the buffer when there was no memory for a list: they go out with the next
    // call.
    frame_list unsent;

    bool initialised() const noexcept { return buffer.has_value(); }

    /// Replaces the buffer, by none if \p fresh is. What was in it is released last: that may run
    /// any code.
    void replace(std::optional<python_jitter_buffer> fresh) noexcept {
        const frame_list before{std::move(unsent)};
        fresh.swap(buffer);
    }

    jbuf_payload() = default;
    ~jbuf_payload() { clear(); }

    int traverse(visitproc visit, void* arg) const;
    void clear() noexcept { replace(std::nullopt); }
};

int jbuf_payload::traverse(visitproc visit, void* arg) const {
    int result = 0;
    const auto see = [&](const frame_object* f) {
        if (result == 0) result = traverse_unpublished(f, visit, arg);
    };
    if (buffer) buffer->for_each([&](const python_jitter_buffer::frame& f) { see(f.owner.get()); });
    for (const frame_object* f = unsent.first(); f != nullptr; f = f->next) see(f);
    return result;
}

PyObject* raise_parse_error(int code) {
    const py_ref text{PyUnicode_FromFormat("rtpjbuf_udp_in(): error %d: %s", code,
                                           error_category().message(code, nullptr, 0))};
    if (!text) return nullptr;
    const py_ref error{PyObject_CallFunctionObjArgs(parse_error, text.get(), nullptr)};
    const py_ref number{PyLong_FromLong(code)};
    if (error && number && PyObject_SetAttrString(error.get(), "code", number.get()) == 0)
        PyErr_SetObject(parse_error, error.get());
    return nullptr;
}

bool to_time(PyObject* value, std::int64_t& ns) {
    return value == nullptr || to_integer(value, "now_ns", ns);
}

time_point at(std::int64_t ns) noexcept { return time_point{duration{ns}}; }

/// The bytes of a datagram in an object that nobody can change. \return none with the error set
py_ref to_bytes(PyObject* datagram, const char* name) {
    if (PyBytes_CheckExact(datagram)) [[likely]]
        return py_ref::share(datagram);
    bytes_view view;
    if (!view.assign(datagram, name)) return {};
    return py_ref{PyBytes_FromStringAndSize(reinterpret_cast<const char*>(view.bytes().data()),
                                            static_cast<Py_ssize_t>(view.bytes().size()))};
}

int parse(PyObject* bytes, rtp_packet_view& packet) noexcept {
    return static_cast<int>(
        packet.assign(reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(bytes)),
                      static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))));
}

/// The list for the caller; if there is no memory for it, its frames wait for the next call.
PyObject* deliver(jbuf_payload& j, frame_list& ready) {
    ready.prepend(std::move(j.unsent));
    py_ref list = ready.publish_all();
    if (!list) j.unsent.prepend(std::move(ready));
    return list.release();
}

RTPSYNTH_NOINLINE PyObject* insert(jbuf_payload& j, frame_object* f, time_point arrival) {
    frame_collector out;
    frame_owner owner{f};
    if (!j.buffer->insert(f->packet, std::move(owner), arrival, out)) return PyErr_NoMemory();
    return deliver(j, out.ready);
}

PyObject* udp_in(jbuf_payload& self, const arguments<3>& a) {
    std::int64_t now = 0;
    if (!to_time(a[2], now)) return nullptr;
    const py_ref bytes = to_bytes(a[0], "data");
    if (!bytes) return nullptr;
    rtp_packet_view packet;
    if (const int e = parse(bytes.get(), packet)) [[unlikely]] {
        self.buffer->count_invalid();
        return raise_parse_error(e);
    }
    frame_owner f{new_packet_frame(packet, bytes.get(), a[0], a[1])};
    // What comes out of nearly every call: the packet itself.
    py_ref list{PyList_New(1)};
    if (!f || !list) return nullptr;
    python_jitter_buffer& buffer = *self.buffer;
    if (self.unsent.empty() && buffer.pass(packet)) [[likely]] {
        f->lseq = *buffer.last_lseq();
        PyList_SET_ITEM(list.get(), 0, publish(f.release()));
        return list.release();
    }
    list = {}; // gc.get_objects() must not find it without an item
    return insert(self, f.release(), at(now));
}

PyObject* udp_in_many(jbuf_payload& self, const arguments<3>& a) {
    std::int64_t now = 0;
    if (!to_time(a[2], now)) return nullptr;
    // Frames for all of them first: nothing enters the buffer before what may fail or run other
    // code.
    const py_ref datagrams{PySequence_Fast(a[0], "datagrams must be an iterable")};
    if (!datagrams) return nullptr;
    frame_list frames;
    std::uint64_t invalid = 0;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(datagrams.get()); ++i) {
        const py_ref datagram = py_ref::share(PySequence_Fast_GET_ITEM(datagrams.get(), i));
        const py_ref bytes = to_bytes(datagram.get(), "datagrams[]");
        if (!bytes) return nullptr;
        rtp_packet_view packet;
        if (parse(bytes.get(), packet) != 0) {
            ++invalid;
            continue;
        }
        frame_object* const f = new_packet_frame(packet, bytes.get(), datagram.get(), a[1]);
        if (f == nullptr) return nullptr;
        frames.push_back(f);
    }

    python_jitter_buffer& buffer = *self.buffer;
    for (; invalid != 0; --invalid) buffer.count_invalid();
    frame_collector out;
    while (!frames.empty()) {
        frame_owner f = frames.pop_front();
        const rtp_packet_view& packet = f->packet;
        if (buffer.pass(packet)) [[likely]] {
            f->lseq = *buffer.last_lseq();
            out.ready.push_back(f.release());
        } else if (!buffer.insert(packet, std::move(f), at(now), out)) {
            out.ready.prepend(std::move(self.unsent)); // in order of sequence
            self.unsent.prepend(std::move(out.ready));
            return PyErr_NoMemory();
        }
    }
    return deliver(self, out.ready);
}

PyObject* expire(jbuf_payload& self, const arguments<1>& a) {
    std::int64_t now = 0;
    if (!to_time(a[0], now)) return nullptr;
    frame_collector out;
    self.buffer->expire(at(now), out);
    return deliver(self, out.ready);
}

PyObject* flush(jbuf_payload& self) {
    frame_collector out;
    self.buffer->flush(out);
    return deliver(self, out.ready);
}

PyObject* get_dropped(const jbuf_payload& self) {
    return PyLong_FromUnsignedLongLong(self.buffer->stats().dropped());
}

PyObject* get_stats(const jbuf_payload& self) { return make_stats(self.buffer->stats()).release(); }

PyObject* get_next_deadline(const jbuf_payload& self) {
    const auto deadline = self.buffer->next_deadline();
    if (!deadline) return py_ref::share(Py_None).release();
    return PyLong_FromLongLong(deadline->time_since_epoch().count());
}

bool initialise(jbuf_payload& self, call c) {
    jitter_buffer_options options;
    if (!jitter_buffer_table.parse(c, options)) return false;
    self.replace(std::optional<python_jitter_buffer>{std::in_place, options});
    return true;
}

constexpr const char* jbuf_doc =
    R"(A jitter buffer for one RTP stream: datagrams go in, frames come out in order of sequence, each
packet exactly once, with an erasure in the place of those that are missing. The buffer waits for a
missing packet until it is full or a packet has waited max_delay_ns. Duplicates and late packets are
dropped. A packet of another SSRC, one far out of sequence, and one from behind whose timestamp is
not from behind too, is held until the next packet proves it right, or is dropped. If numbers and
timestamps went on together meanwhile, it was an outage, and an erasure of its true length goes
before them. Otherwise the sender restarted.

)";

constexpr const char* jbuf_end = R"(
RFC 3550, A.1 has max_dropout and max_misorder too, as 3000 and 100; here timestamps tell a late
packet from a new numbering.

Raises TypeError, ValueError, MemoryError. A second __init__ starts an empty buffer. Methods may be
called from any thread; each is one step to all others.)";

constexpr const char* udp_in_doc =
    R"(Puts in one datagram and returns the list of FrameWrapper that are handed out now.

data: the datagram, a bytes-like object; its item's .data will be this object. Anything but a
bytes object is copied, so that it may be reused at once.
opaque: any object, kept with the packet: its item's .opaque.
now_ns: when it arrived, nanoseconds on the caller's clock, -2**63..2**63 - 1.

Raises RTPParseError, with .code, if data is no RTP packet; it is counted in stats['invalid'].
After MemoryError the frames that had left the buffer come with the next call.)";

constexpr const char* udp_in_many_doc =
    R"(Puts in several datagrams, as udp_in does each, and returns all that are handed out now in one list.

datagrams: a sequence or an iterable of bytes-like objects. It is read to its end before the first
goes in: if that raises, or one is not bytes-like, nothing has changed. Those that are no RTP
packets are counted in stats['invalid'].
opaque, now_ns: for each of them.

After MemoryError the frames that had left the buffer come with the next call; stats shows how many
datagrams went in.)";

constexpr const char* expire_doc =
    "Returns the list of what has waited max_delay_ns by now_ns, and all that goes before it.";

constexpr const char* flush_doc =
    R"(Returns the list of all that is inside, gaps marked by erasures. A packet that was held because it
was out of sequence is dropped.)";

constexpr const char* stats_doc =
    R"(dict of int: received, invalid, duplicate, late, stale, stray, erasures, erased, restarts.
received = handed out + still inside + duplicate + late + stale + stray. erased: packets that the
erasures cover, restarts not counted. A new dict at every use.)";

constexpr const char* next_deadline_doc =
    R"(int or None: when expire() has something to do next; None if nothing waits, or if no packet has a
deadline.)";

bool write_metrics(PyObject* object, metrics_page& page, const metric_labels& labels) {
    const auto* const self = initialised<jbuf_payload>(object);
    if (self == nullptr) return false;
    add_metrics(page, self->buffer->stats(), labels);
    return true;
}

} // namespace

void bind_jbuf() {
    namespace bp = boost::python;
    bp::scope module;
    bind_frame_types();
    jitter_buffer_table.publish();
    auto* const type = heap_type<jbuf_payload>::add({
        .name = "rtpsynth.RtpJBuf.RtpJBuf",
        .doc = jbuf_doc + jitter_buffer_table.documentation() + jbuf_end,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<initialise>(jitter_buffer_table.signature()),
        .methods = {method<"udp_in(data, opaque=None, now_ns=0)", udp_in>(udp_in_doc),
                    method<"udp_in_many(datagrams, opaque=None, now_ns=0)", udp_in_many>(
                        udp_in_many_doc),
                    method<"expire(now_ns)", expire>(expire_doc),
                    method<"flush()", flush>(flush_doc)},
        .attributes = {attribute<get_dropped>("dropped", "int: packets dropped for any reason."),
                       attribute<get_stats>("stats", stats_doc),
                       attribute<get_next_deadline>("next_deadline_ns", next_deadline_doc)},
    });
    publish_metrics(type, write_metrics);
    module.attr("RTPFrameType") = bp::object{bp::handle<>{PyObject_CallFunction(
        reinterpret_cast<PyObject*>(&PyType_Type), "s(){sisissss}", "RTPFrameType", "RTP", 0, "ERS",
        1, "__module__", "rtpsynth.RtpJBuf", "__doc__", "What a frame's content.type can be.")}};
    parse_error =
        add_exception("rtpsynth.RtpJBuf.RTPParseError",
                      "A datagram is no RTP packet. code: int, which check failed, -1..-7.");
    module.attr("RTPParseError").attr("code") = 0; // of an instance that Python code made
    module.attr("RTP_PARSER_OK") = 1;
    module.attr("RJB_ENOMEM") = static_cast<int>(errc::not_enough_memory);
}

} // namespace rtpsynth::python
