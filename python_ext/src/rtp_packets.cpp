#include "core/call.hpp"
#include "core/records.hpp"
#include "public_types.hpp"

#include <rtpsynth/rtp/builder.hpp>
#include <rtpsynth/rtp/datagram_kind.hpp>
#include <rtpsynth/rtp/extension.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <deque>
#include <iterator>
#include <vector>

namespace rtpsynth::python {

namespace {

PyObject* kind_of(const arguments<1>& a) {
    constexpr const char* names[] = {"rtp",  "rtcp",         "stun",   "zrtp",
                                     "dtls", "turn_channel", "unknown"};
    static_assert(std::size(names) == static_cast<std::size_t>(datagram_kind::unknown) + 1);
    bytes_view datagram;
    if (!datagram.assign(a[0], "datagram")) return nullptr;
    return PyUnicode_InternFromString(names[static_cast<std::size_t>(classify(datagram.bytes()))]);
}

/// a: the datagram, the type of the result.
PyObject* parse(const arguments<2>& a) {
    bytes_view given;
    if (!given.assign(a[0], "packet")) return nullptr;
    rtp_packet_view p;
    if (!to_packet(given, p)) return nullptr;
    std::vector<std::uint32_t> csrcs;
    for (std::size_t i = 0; i != p.csrc_count(); ++i) csrcs.push_back(p.csrc(i));
    const py_ref profile =
        p.has_extension() ? make_number(p.extension_profile()) : py_ref::share(Py_None);
    // The view never reads outside the datagram, which making objects may write to.
    return make_record(a[1], {make_number(p.payload_type()), make_number(p.seq()),
                              make_number(p.timestamp()), make_number(p.ssrc()),
                              make_bytes(p.payload()), make_bool(p.marker()),
                              tuple_of(csrcs, make_number), py_ref::share(profile.get()),
                              make_bytes(p.extension()), make_number(p.padding())})
        .release();
}

/// Elements of a header extension, whose bytes are kept in place.
struct element_list {
    std::deque<bytes_view> kept;
    std::vector<rtp_extension_element> all;

    /// \return false with an error set
    bool assign(PyObject* iterable) {
        const py_ref items{PySequence_Tuple(iterable)};
        if (!items) return false;
        objects = py_ref::share(items.get());
        for (Py_ssize_t i = 0; i != PyTuple_GET_SIZE(items.get()); ++i) {
            PyObject* const item = PyTuple_GET_ITEM(items.get(), i);
            if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 2) {
                PyErr_SetString(PyExc_TypeError, "elements must hold (id, data) tuples");
                return false;
            }
            rtp_extension_element& added = all.emplace_back();
            if (!to_integer(PyTuple_GET_ITEM(item, 0), "an element's id", added.id, 1, 255) ||
                !kept.emplace_back().assign(PyTuple_GET_ITEM(item, 1), "an element's data"))
                return false;
            added.data = kept.back().bytes();
        }
        return true;
    }

    py_ref objects;
};

/// a: the fields of an RtpPacket in their order, and elements.
PyObject* build(const arguments<11>& a) {
    rtp_fields f;
    bytes_view payload, extension;
    std::vector<std::uint32_t> csrcs;
    element_list elements;
    const int marker = PyObject_IsTrue(a[5]);
    if (marker < 0 || !to_integer(a[0], "payload_type", f.payload_type, 0, 127) ||
        !to_integer(a[1], "seq", f.seq) || !to_integer(a[2], "timestamp", f.timestamp) ||
        !to_integer(a[3], "ssrc", f.ssrc) || !payload.assign(a[4], "payload") ||
        (a[7] != Py_None &&
         !to_integer(a[7], "extension_profile", f.extension_profile.emplace())) ||
        !extension.assign(a[8], "extension") || !to_integer(a[9], "padding", f.padding) ||
        !elements.assign(a[10]))
        return nullptr;
    const py_ref sources{PySequence_Tuple(a[6])};
    if (!sources) return nullptr;
    for (Py_ssize_t i = 0; i != PyTuple_GET_SIZE(sources.get()); ++i)
        if (!to_integer(PyTuple_GET_ITEM(sources.get(), i), "csrcs", csrcs.emplace_back()))
            return nullptr;
    f.marker = marker == 1;
    f.csrcs = csrcs;
    f.extension_body = extension.bytes();
    f.extension_elements = elements.all;
    const auto header = rtp_header_length(f);
    constexpr std::size_t most = 65507; // of a datagram
    if (!header) {
        PyErr_SetString(PyExc_ValueError,
                        "packet must have at most 15 csrcs, an extension of whole 4 bytes and with "
                        "a profile, and elements or an extension, of the profile's form");
        return nullptr;
    }
    if (*header + payload.bytes().size() + f.padding > most) {
        PyErr_Format(PyExc_ValueError, "packet must be at most %zu bytes", most);
        return nullptr;
    }
    std::vector<std::uint8_t> storage(*header + payload.bytes().size() + f.padding);
    const auto size = build_rtp(storage, f, payload.bytes());
    if (size) return make_bytes(std::span{storage}.first(*size)).release();
    PyErr_SetString(PyExc_ValueError, make_error_code(size.error()).message().c_str());
    return nullptr;
}

PyObject* parse_elements(const arguments<2>& a) {
    std::uint16_t profile;
    bytes_view given;
    if (!to_integer(a[0], "profile", profile) || !given.assign(a[1], "extension")) return nullptr;
    const std::vector<std::uint8_t> body(given.bytes().begin(), given.bytes().end());
    const rtp_extension_elements elements{profile, body};
    if (!elements.validate()) {
        PyErr_SetString(PyExc_ValueError, "extension has a malformed element");
        return nullptr;
    }
    py_ref list{PyList_New(0)};
    if (!list) return nullptr;
    for (const auto& [id, data] : elements) {
        const py_ref number = make_number(id);
        const py_ref bytes = number ? make_bytes(data) : py_ref{};
        const py_ref pair{bytes ? PyTuple_Pack(2, number.get(), bytes.get()) : nullptr};
        if (!pair || PyList_Append(list.get(), pair.get()) != 0) return nullptr;
    }
    return list.release();
}

} // namespace

void bind_rtp_packets() {
    add_functions(
        {function<"_classify(datagram)", kind_of>("Behind rtpsynth.rtp.classify."),
         function<"_parse_rtp(packet, type)", parse>(
             "Behind rtpsynth.rtp.parse_rtp, with the type of its result."),
         function<"_build_rtp(payload_type, seq, timestamp, ssrc, payload, marker, csrcs, "
                  "extension_profile, extension, padding, elements)",
                  build>("Behind rtpsynth.rtp.build_rtp."),
         function<"_parse_extension(profile, extension)", parse_elements>(
             "Behind rtpsynth.rtp.parse_extension.")});
}

} // namespace rtpsynth::python
