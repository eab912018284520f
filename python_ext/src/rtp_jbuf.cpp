#include "rtp_jbuf.hpp"
#include "core/call.hpp"
#include "core/heap_type.hpp"
#include "core/stats.hpp"
#include "frame_types.hpp"
#include "jbuf_docs.hpp"
#include "public_types.hpp"

#include <rtpsynth/base/error.hpp>

#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>

namespace rtpsynth::python {

namespace {

PyObject* parse_error = nullptr; // the class RTPParseError, for good

jbuf_object& object_of(PyObject* self) noexcept { return *reinterpret_cast<jbuf_object*>(self); }

/// \return null with TypeError set if __init__ did not run
jbuf_object* initialised(PyObject* self) {
    jbuf_object& j = object_of(self);
    if (j.buffer) [[likely]]
        return &j;
    PyErr_Format(PyExc_TypeError, "%.200s object was not initialised, its __init__ did not run",
                 Py_TYPE(self)->tp_name);
    return nullptr;
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
PyObject* deliver(jbuf_object& j, frame_list& ready) {
    ready.prepend(std::move(j.unsent));
    py_ref list = ready.publish_all();
    if (!list) j.unsent.prepend(std::move(ready));
    return list.release();
}

RTPSYNTH_NOINLINE PyObject* insert(jbuf_object& j, frame_object* f, time_point arrival) {
    frame_collector out;
    frame_owner owner{f};
    if (!j.buffer->insert(f->packet, std::move(owner), arrival, out)) return PyErr_NoMemory();
    return deliver(j, out.ready);
}

constexpr parameters<3> udp_in_parameters{"udp_in", 1, {"data", "opaque", "now_ns"}};

PyObject* udp_in(PyObject* self, call c) {
    std::array<PyObject*, 3> a;
    std::int64_t now = 0;
    if (!udp_in_parameters.parse(c, a) || !to_time(a[2], now)) return nullptr;
    jbuf_object* const j = initialised(self);
    if (j == nullptr) return nullptr;
    const py_ref bytes = to_bytes(a[0], "data");
    if (!bytes) return nullptr;
    rtp_packet_view packet;
    if (const int e = parse(bytes.get(), packet)) [[unlikely]] {
        j->buffer->count_invalid();
        return raise_parse_error(e);
    }
    frame_owner f{new_packet_frame(packet, bytes.get(), a[0], a[1])};
    // What comes out of nearly every call: the packet itself.
    py_ref list{PyList_New(1)};
    if (!f || !list) return nullptr;
    python_jitter_buffer& buffer = *j->buffer;
    if (j->unsent.empty() && buffer.pass(packet)) [[likely]] {
        f->lseq = *buffer.last_lseq();
        PyList_SET_ITEM(list.get(), 0, publish(f.release()));
        return list.release();
    }
    list = {}; // nobody is to find it without an item
    return insert(*j, f.release(), at(now));
}

constexpr parameters<3> udp_in_many_parameters{"udp_in_many", 1, {"datagrams", "opaque", "now_ns"}};

PyObject* udp_in_many(PyObject* self, call c) {
    std::array<PyObject*, 3> a;
    std::int64_t now = 0;
    if (!udp_in_many_parameters.parse(c, a) || !to_time(a[2], now)) return nullptr;
    jbuf_object* const j = initialised(self);
    if (j == nullptr) return nullptr;
    // All of them first: what may fail or run other code is over before anything moves.
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

    python_jitter_buffer& buffer = *j->buffer;
    for (; invalid != 0; --invalid) buffer.count_invalid();
    frame_collector out;
    while (!frames.empty()) {
        frame_owner f = frames.pop_front();
        const rtp_packet_view& packet = f->packet;
        if (buffer.pass(packet)) [[likely]] {
            f->lseq = *buffer.last_lseq();
            out.ready.push_back(f.release());
        } else if (!buffer.insert(packet, std::move(f), at(now), out)) {
            j->unsent.prepend(std::move(out.ready));
            return PyErr_NoMemory();
        }
    }
    return deliver(*j, out.ready);
}

constexpr parameters<1> expire_parameters{"expire", 1, {"now_ns"}};

PyObject* expire(PyObject* self, call c) {
    std::array<PyObject*, 1> a;
    std::int64_t now = 0;
    if (!expire_parameters.parse(c, a) || !to_time(a[0], now)) return nullptr;
    jbuf_object* const j = initialised(self);
    if (j == nullptr) return nullptr;
    frame_collector out;
    j->buffer->expire(at(now), out);
    return deliver(*j, out.ready);
}

constexpr parameters<0> flush_parameters{"flush", 0, {}};

PyObject* flush(PyObject* self, call c) {
    std::array<PyObject*, 0> a;
    if (!flush_parameters.parse(c, a)) return nullptr;
    jbuf_object* const j = initialised(self);
    if (j == nullptr) return nullptr;
    frame_collector out;
    j->buffer->flush(out);
    return deliver(*j, out.ready);
}

// ---- attributes ----

PyObject* get_dropped(PyObject* self, void*) {
    const jbuf_object* const j = initialised(self);
    return j == nullptr ? nullptr : PyLong_FromUnsignedLongLong(j->buffer->stats().dropped());
}

PyObject* get_stats(PyObject* self, void*) {
    const jbuf_object* const j = initialised(self);
    if (j == nullptr) return nullptr;
    return make_stats(j->buffer->stats()).release();
}

PyObject* get_next_deadline(PyObject* self, void*) {
    const jbuf_object* const j = initialised(self);
    if (j == nullptr) return nullptr;
    const auto deadline = j->buffer->next_deadline();
    if (!deadline) return py_ref::share(Py_None).release();
    return PyLong_FromLongLong(deadline->time_since_epoch().count());
}

// ---- life ----

bool to_options(PyObject* args, PyObject* kwargs, jitter_buffer_options& o) {
    static const char* const names[] = {"capacity", "max_delay_ns", "max_dropout", "max_misorder",
                                        nullptr};
    PyObject *capacity, *delay = Py_None, *dropout = nullptr, *misorder = nullptr;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OOO:RtpJBuf", const_cast<char**>(names),
                                     &capacity, &delay, &dropout, &misorder) ||
        !to_integer(capacity, names[0], o.capacity, 1, python_jitter_buffer::max_capacity))
        return false;
    if (delay != Py_None) {
        std::int64_t ns;
        if (!to_integer(delay, names[1], ns, 0)) return false;
        o.max_delay = duration{ns};
    }
    return (dropout == nullptr || to_integer(dropout, names[2], o.max_dropout)) &&
           (misorder == nullptr || to_integer(misorder, names[3], o.max_misorder));
}

PyObject* make(PyTypeObject* type, PyObject*, PyObject*) {
    PyObject* const self = type->tp_alloc(type, 0);
    if (self == nullptr) return nullptr;
    std::construct_at(&object_of(self).buffer);
    std::construct_at(&object_of(self).unsent);
    return self;
}

/// Puts another buffer, or none, in place of the one there is. What was in that goes last: it may
/// run any code.
void replace(jbuf_object& j, std::optional<python_jitter_buffer> fresh) noexcept {
    const frame_list unsent{std::move(j.unsent)};
    fresh.swap(j.buffer);
}

/// Once more begins anew: what was inside is released.
int initialise(PyObject* self, PyObject* args, PyObject* kwargs) {
    jitter_buffer_options o;
    if (!to_options(args, kwargs, o)) return -1;
    std::optional<python_jitter_buffer> fresh;
    try {
        fresh.emplace(o);
    } catch (const std::exception&) {
        set_error_from_exception();
        return -1;
    }
    replace(object_of(self), std::move(fresh));
    return 0;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    const jbuf_object& j = object_of(self);
    int result = 0;
    const auto see = [&](const frame_object* f) {
        if (result == 0) result = traverse_unpublished(f, visit, arg);
    };
    if (j.buffer)
        j.buffer->for_each([&](const python_jitter_buffer::frame& f) { see(f.owner.get()); });
    for (const frame_object* f = j.unsent.first(); f != nullptr; f = f->next) see(f);
    return result;
}

int clear(PyObject* self) {
    replace(object_of(self), std::nullopt);
    return 0;
}

void deallocate(PyObject* self) {
    PyObject_GC_UnTrack(self);
    // A buffer that is an opaque in another, and so on, must not end the stack.
    Py_TRASHCAN_BEGIN(self, deallocate) jbuf_object& j = object_of(self);
    clear_weak_references(j);
    clear(self);
    std::destroy_at(&j.unsent);
    std::destroy_at(&j.buffer);
    free_object(self);
    Py_TRASHCAN_END
}

// ---- the type ----

PyMethodDef methods[] = {function<udp_in>("udp_in", udp_in_doc),
                         function<udp_in_many>("udp_in_many", udp_in_many_doc),
                         function<expire>("expire", expire_doc),
                         function<flush>("flush", flush_doc),
                         {}};

PyGetSetDef attributes[] = {
    {"dropped", get_dropped, nullptr, "int: packets dropped for any reason.", nullptr},
    {"stats", get_stats, nullptr,
     "dict of int: received, invalid, duplicate, late, stale, stray, erasures, erased, restarts.\n"
     "received = handed out + still inside + duplicate + late + stale + stray. erased: packets\n"
     "that the erasures cover, restarts not counted. A new dict at every use.",
     nullptr},
    {"next_deadline_ns", get_next_deadline, nullptr,
     "int or None: when expire() has something to do next; None if nothing waits, or may wait for\n"
     "ever.",
     nullptr},
    {}};

PyType_Slot slots[] = {slot(Py_tp_new, make),
                       slot(Py_tp_init, initialise),
                       slot(Py_tp_traverse, traverse),
                       slot(Py_tp_clear, clear),
                       slot(Py_tp_dealloc, deallocate),
                       {Py_tp_methods, methods},
                       {Py_tp_getset, attributes},
                       {Py_tp_members, weak_members},
                       {Py_tp_doc, const_cast<char*>(jbuf_doc)},
                       {}};

PyType_Spec spec{"rtpsynth.RtpJBuf.RtpJBuf", sizeof(jbuf_object), 0,
                 Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};

} // namespace

void bind_jbuf() {
    namespace bp = boost::python;
    bp::scope module;
    bind_frame_types();
    add_type("RtpJBuf", spec);
    module.attr("RTPFrameType") = bp::object{bp::handle<>{PyObject_CallFunction(
        reinterpret_cast<PyObject*>(&PyType_Type), "s(){sisissss}", "RTPFrameType", "RTP", 0, "ERS",
        1, "__module__", "rtpsynth.RtpJBuf", "__doc__", "What a frame's content.type can be.")}};
    parse_error =
        add_exception("RTPParseError", "rtpsynth.RtpJBuf.RTPParseError",
                      "A datagram is no RTP packet. code: int, which check failed, -1..-7.");
    module.attr("RTPParseError").attr("code") = 0; // of one that somebody else made
    module.attr("RTP_PARSER_OK") = 1;
    module.attr("RJB_ENOMEM") = static_cast<int>(errc::not_enough_memory);
}

} // namespace rtpsynth::python
