#include "core/call.hpp"
#include "public_types.hpp"

#include <rtpsynth/rtp/sdp.hpp>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace rtpsynth::python {

namespace {

/// The named tuples of rtpsynth.rtp, borrowed.
struct record_types {
    PyObject *description, *media, *format;
};

py_ref text(std::string_view utf8) {
    return py_ref{
        PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "replace")};
}

py_ref number(unsigned long long n) { return py_ref{PyLong_FromUnsignedLongLong(n)}; }
py_ref truth(bool is) { return py_ref::share(is ? Py_True : Py_False); }

py_ref nanoseconds(std::optional<duration> time) {
    return time ? py_ref{PyLong_FromLongLong(time->count())} : py_ref::share(Py_None);
}

/// A call with \p fields, some of which may be missing with an error set.
py_ref record(PyObject* type, std::initializer_list<py_ref> fields) {
    const py_ref all{PyTuple_New(static_cast<Py_ssize_t>(fields.size()))};
    if (!all) return {};
    Py_ssize_t i = 0;
    for (const py_ref& field : fields) {
        if (!field) return {};
        PyTuple_SET_ITEM(all.get(), i++, py_ref::share(field.get()).release());
    }
    return py_ref{PyObject_CallObject(type, all.get())};
}

template <class Elements, class Make>
py_ref tuple(const Elements& elements, Make&& make) {
    if (PyErr_Occurred() != nullptr) return {}; // of a field before
    py_ref all{PyTuple_New(static_cast<Py_ssize_t>(elements.size()))};
    Py_ssize_t i = 0;
    for (const auto& element : elements) {
        if (!all) return {};
        py_ref made = make(element);
        if (!made) return {};
        PyTuple_SET_ITEM(all.get(), i++, made.release());
    }
    return all;
}

// By the enumerations' values.
constexpr const char* kinds[] = {"unknown", "media", "event", "comfort_noise"};
constexpr const char* directions[] = {"sendrecv", "sendonly", "recvonly", "inactive"};

py_ref to_object(const sdp_format& f, const record_types& types) {
    return record(types.format, {number(f.payload_type), text(f.name), number(f.clock_rate),
                                 number(f.channels), text(f.fmtp), text(f.encoding()),
                                 text(kinds[static_cast<std::size_t>(f.format().kind)])});
}

py_ref to_object(const sdp_media& m, const record_types& types) {
    return record(types.media,
                  {text(m.type), text(m.protocol), text(m.address), truth(m.ipv6), number(m.port),
                   m.rtcp_port ? number(*m.rtcp_port) : py_ref::share(Py_None), truth(m.rtcp_mux),
                   truth(m.bundle_only), truth(m.fingerprint),
                   text(directions[static_cast<std::size_t>(m.direction)]), nanoseconds(m.ptime),
                   nanoseconds(m.maxptime), tuple(m.cryptos, text),
                   tuple(m.formats, [&](const sdp_format& f) { return to_object(f, types); }),
                   truth(m.is_rtp()), truth(m.is_secure())});
}

PyObject* parse(const arguments<4>& a) {
    const record_types types{a[1], a[2], a[3]};
    std::string_view body;
    bytes_view bytes;
    if (PyUnicode_Check(a[0])) {
        if (!to_text(a[0], "text", body)) return nullptr;
    } else if (PyObject_CheckBuffer(a[0])) {
        if (!bytes.assign(a[0], "text")) return nullptr;
        body = {reinterpret_cast<const char*>(bytes.bytes().data()), bytes.bytes().size()};
    } else {
        PyErr_Format(PyExc_TypeError, "text must be a str or a bytes-like object, not %.200s",
                     Py_TYPE(a[0])->tp_name);
        return nullptr;
    }
    const auto description = parse_sdp(body);
    if (!description) {
        PyErr_SetString(PyExc_ValueError, "text has no session description: no line v=0");
        return nullptr;
    }
    return record(
               types.description,
               {tuple(description->media, [&](const sdp_media& m) { return to_object(m, types); })})
        .release();
}

PyObject* parameter(const arguments<2>& a) {
    std::string_view fmtp, name;
    if (!to_text(a[0], "fmtp", fmtp) || !to_text(a[1], "name", name)) return nullptr;
    const auto value = fmtp_parameter(fmtp, name);
    return value ? text(*value).release() : py_ref::share(Py_None).release();
}

} // namespace

void bind_sdp() {
    add_functions({function<"_parse_sdp(text, description, media, format)", parse>(
                       "Behind rtpsynth.rtp.parse_sdp, with the types of its results."),
                   function<"_fmtp_parameter(fmtp, name)", parameter>(
                       "Behind rtpsynth.rtp.fmtp_parameter.")});
}

} // namespace rtpsynth::python
