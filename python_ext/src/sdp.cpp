#include "core/call.hpp"
#include "core/records.hpp"
#include "public_types.hpp"

#include <rtpsynth/rtp/sdp.hpp>

#include <cstddef>
#include <string_view>

namespace rtpsynth::python {

namespace {

/// The named tuples of rtpsynth.sdp, borrowed.
struct record_types {
    PyObject *description, *media, *format;
};

// By the enumerations' values.
constexpr const char* kinds[] = {"unknown", "media", "event", "comfort_noise"};
constexpr const char* directions[] = {"sendrecv", "sendonly", "recvonly", "inactive"};

py_ref to_object(const sdp_format& f, const record_types& types) {
    return make_record(types.format,
                       {make_number(f.payload_type), make_text(f.name), make_number(f.clock_rate),
                        make_number(f.channels), make_text(f.fmtp), make_text(f.encoding()),
                        make_text(kinds[static_cast<std::size_t>(f.format().kind)])});
}

py_ref to_object(const sdp_media& m, const record_types& types) {
    return make_record(
        types.media,
        {make_text(m.type), make_text(m.protocol), make_text(m.address), make_bool(m.ipv6),
         make_number(m.port), m.rtcp_port ? make_number(*m.rtcp_port) : py_ref::share(Py_None),
         make_bool(m.rtcp_mux), make_bool(m.bundle_only), make_bool(m.fingerprint),
         make_text(directions[static_cast<std::size_t>(m.direction)]), make_nanoseconds(m.ptime),
         make_nanoseconds(m.maxptime), tuple_of(m.cryptos, make_text),
         tuple_of(m.formats, [&](const sdp_format& f) { return to_object(f, types); }),
         make_bool(m.is_rtp()), make_bool(m.is_secure())});
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
    return make_record(types.description,
                       {tuple_of(description->media,
                                 [&](const sdp_media& m) { return to_object(m, types); })})
        .release();
}

PyObject* parameter(const arguments<2>& a) {
    std::string_view fmtp, name;
    if (!to_text(a[0], "fmtp", fmtp) || !to_text(a[1], "name", name)) return nullptr;
    const auto value = fmtp_parameter(fmtp, name);
    return value ? make_text(*value).release() : py_ref::share(Py_None).release();
}

} // namespace

void bind_sdp() {
    add_functions({function<"_parse_sdp(text, description, media, format)", parse>(
                       "Behind rtpsynth.sdp.parse_sdp, with the types of its results."),
                   function<"_fmtp_parameter(fmtp, name)", parameter>(
                       "Behind rtpsynth.sdp.fmtp_parameter.")});
}

} // namespace rtpsynth::python
