#include "leg_options.hpp"

#include "audio_codecs.hpp"
#include "core/addresses.hpp"
#include "core/heap_type.hpp"
#include "core/options.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace rtpsynth::python {

using asio_server::latch_policy;

namespace {

struct leg_payload {
    std::shared_ptr<const leg_settings> settings; // null before __init__
    bool initialised() const noexcept { return settings != nullptr; }
};

PyTypeObject* leg_type = nullptr;

/// What LegOptions is called with.
struct leg_arguments : asio_server::channel_options {
    asio_server::relay_leg_options leg;
    std::uint32_t clock_rate = 8000;
    std::size_t probation = asio_server::source_latch_options{}.probation;
    bool rtcp_mux = true;
    bool drop_unmapped = false;
    bool forward_bye = false;
    // Borrowed from the call; null if there is none.
    PyObject* payload_types = nullptr;
    PyObject* formats = nullptr;
    PyObject* transcode = nullptr;
    PyObject* local_crypto = nullptr;
    PyObject* remote_crypto = nullptr;
};

/// One of \p words, by its place.
template <std::size_t N>
bool to_word(PyObject* value, const char* name, const char* const (&words)[N], std::size_t& out) {
    std::string_view word;
    if (!to_text(value, name, word)) return false;
    const auto* const found = std::ranges::find(words, word);
    if (found != std::end(words)) return out = static_cast<std::size_t>(found - words), true;
    std::string all;
    for (const char* w : words) all.append(all.empty() ? "'" : ", '").append(w).append("'");
    PyErr_Format(PyExc_ValueError, "%s must be one of %s, not %R", name, all.c_str(), value);
    return false;
}

bool to_payload_type(PyObject* value, const char* name, std::uint8_t& out) {
    return to_integer(value, name, out, 0, 127);
}

/// Calls \p f(key, value) for each item of a dict, which is copied first: a conversion may run any
/// code. \return false with an error set
template <class F>
bool for_each_item(PyObject* dict, const char* name, F&& f) {
    if (!PyDict_Check(dict)) {
        PyErr_Format(PyExc_TypeError, "%s must be a dict, not %.200s", name,
                     Py_TYPE(dict)->tp_name);
        return false;
    }
    const py_ref items{PyDict_Items(dict)};
    if (!items) return false;
    for (Py_ssize_t i = 0; i != PyList_GET_SIZE(items.get()); ++i) {
        PyObject* const item = PyList_GET_ITEM(items.get(), i);
        if (!f(PyTuple_GET_ITEM(item, 0), PyTuple_GET_ITEM(item, 1))) return false;
    }
    return true;
}

bool read_payload_types(PyObject* dict, payload_type_map& out) {
    return for_each_item(dict, "payload_types", [&](PyObject* key, PyObject* value) {
        std::uint8_t from, to;
        if (!to_payload_type(key, "a key of payload_types", from)) return false;
        if (value == Py_None) return out.drop(from), true;
        if (!to_payload_type(value, "a value of payload_types", to)) return false;
        return out.set(from, to), true;
    });
}

bool read_formats(PyObject* dict, payload_format_table& out) {
    return for_each_item(dict, "formats", [&](PyObject* key, PyObject* value) {
        constexpr const char* kinds[] = {"unknown", "media", "event", "comfort_noise"};
        std::uint8_t payload_type;
        payload_format format;
        std::size_t kind;
        if (!to_payload_type(key, "a key of formats", payload_type)) return false;
        if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) != 2) {
            PyErr_SetString(PyExc_TypeError, "a value of formats must be (clock_rate, kind)");
            return false;
        }
        if (!to_integer(PyTuple_GET_ITEM(value, 0), "a clock rate of formats", format.clock_rate) ||
            !to_word(PyTuple_GET_ITEM(value, 1), "a kind of formats", kinds, kind))
            return false;
        format.kind = static_cast<payload_kind>(kind);
        return out.set(payload_type, format), true;
    });
}

/// "PCMU/8000", or a tuple of that, a payload type and fmtp.
bool to_codec(PyObject* value, asio_server::voice_codec& out) {
    std::string_view encoding, fmtp;
    if (PyUnicode_Check(value)) {
        if (!to_text(value, "a codec of transcode", encoding)) return false;
        return out.encoding = encoding, true;
    }
    const Py_ssize_t size = PyTuple_Check(value) ? PyTuple_GET_SIZE(value) : 0;
    if (size != 2 && size != 3) {
        PyErr_SetString(PyExc_TypeError, "a codec of transcode must be a str, (str, payload type) "
                                         "or (str, payload type, fmtp)");
        return false;
    }
    PyObject* const payload_type = PyTuple_GET_ITEM(value, 1);
    if (!to_text(PyTuple_GET_ITEM(value, 0), "a codec of transcode", encoding) ||
        (payload_type != Py_None && !to_payload_type(payload_type, "a payload type of transcode",
                                                     out.payload_type.emplace())) ||
        (size == 3 && !to_text(PyTuple_GET_ITEM(value, 2), "an fmtp of transcode", fmtp)))
        return false;
    out.encoding = encoding;
    out.fmtp = fmtp;
    return true;
}

bool read_transcode(PyObject* given, std::vector<asio_server::relay_transcoding>& out) {
    const py_ref pairs{PySequence_Tuple(given)};
    if (!pairs) return false;
    for (Py_ssize_t i = 0; i != PyTuple_GET_SIZE(pairs.get()); ++i) {
        PyObject* const pair = PyTuple_GET_ITEM(pairs.get(), i);
        if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
            PyErr_SetString(PyExc_TypeError, "transcode must hold (source, target) tuples");
            return false;
        }
        asio_server::relay_transcoding& added = out.emplace_back();
        if (!to_codec(PyTuple_GET_ITEM(pair, 0), added.source) ||
            !to_codec(PyTuple_GET_ITEM(pair, 1), added.target))
            return false;
    }
    return true;
}

bool peer(PyObject* value, const option_text& text, leg_arguments& out) {
    return value == Py_None || to_endpoint(value, text.name, out.leg.peer.emplace());
}

bool bind_host(PyObject* value, const option_text& text, leg_arguments& out) {
    boost::asio::ip::address address;
    if (!to_numeric_address(value, text.name, address)) return false;
    return out.bind.address(address), true;
}

bool bind_port(PyObject* value, const option_text& text, leg_arguments& out) {
    std::uint16_t port;
    return to_integer(value, text.name, port) && (out.bind.port(port), true);
}

bool latch(PyObject* value, const option_text& text, leg_arguments& out) {
    constexpr const char* policies[] = {"none", "once", "follow"};
    std::size_t policy;
    if (!to_word(value, text.name, policies, policy)) return false;
    out.leg.latch.latch = static_cast<latch_policy>(policy);
    return true;
}

bool relatch_after(PyObject* value, const option_text& text, leg_arguments& out) {
    const auto range = bounds_of<long long>(text.range);
    long long ns;
    if (!to_integer(value, text.name, range.least, range.most, ns)) return false;
    out.leg.latch.relatch_after = duration{ns};
    return true;
}

bool cname(PyObject* value, const option_text& text, leg_arguments& out) {
    std::string_view name;
    if (!to_text(value, text.name, name)) return false;
    if (name.size() > 255) {
        PyErr_Format(PyExc_ValueError, "%s must be at most 255 bytes, not %zu", text.name,
                     name.size());
        return false;
    }
    return out.leg.stream.cname = name, true;
}

constexpr option_table<leg_arguments, 21> leg_table{
    "LegOptions",
    1,
    {{{{"peer", "tuple[str, int] | None", "None", "",
        "(host, port) of the side's RTP as signalled, with a numeric address; None: not known yet"},
       peer},
      {{"bind_host", "str", "'0.0.0.0'", "", "numeric address to bind to; not used with ports"},
       bind_host},
      {{"bind_port", "int", "0", "0..65535",
        "port for RTP; without rtcp_mux RTCP has the next one. 0: the system chooses both. Not "
        "used with ports"},
       bind_port},
      {{"rtcp_mux", "bool", "True", "", "RTP and RTCP share a port (RFC 5761)"},
       flag<&leg_arguments::rtcp_mux>},
      {{"latch", "Literal['none', 'once', 'follow']", "'follow'", "",
        "whether packets for the side go to where its packets come from, as behind a NAT: never; "
        "to the first source that is validated; also to where it moves, and to another source "
        "if it is silent"},
       latch},
      {{"probation", "int", "4", "1..64", "packets in sequence that validate a source"},
       integer<&leg_arguments::probation>},
      {{"relatch_after_ns", "int", "5000000000", "100000000..3600000000000",
        "with latch='follow': silence of the source after which another may replace it"},
       relatch_after},
      {{"clock_rate", "int", "8000", "1..4294967295", "Hz, of the audio that comes from the side"},
       integer<&leg_arguments::clock_rate>},
      {{"payload_types", "dict[int, int | None] | None", "None", "",
        "payload types, 0..127, that come from the side, and what they are to the other; None: "
        "dropped. Those not mentioned stay as they are, see drop_unmapped"},
       borrowed<&leg_arguments::payload_types>},
      {{"drop_unmapped", "bool", "False", "", "drops payload types that are not in payload_types"},
       flag<&leg_arguments::drop_unmapped>},
      {{"formats", "dict[int, tuple[int, Kind]] | None", "None", "",
        "(clock rate, kind) of dynamic payload types that come from the side, as SdpFormat has "
        "them; kind is 'unknown', 'media', 'event' or 'comfort_noise'"},
       borrowed<&leg_arguments::formats>},
      {{"cname", "str", "''", "",
        "name in the SDES for the other side, at most 255 bytes; empty: the side's own"},
       cname},
      {{"forward_bye", "bool", "False", "", "passes on the side's BYE of RTCP"},
       flag<&leg_arguments::forward_bye>},
      {{"transcode", "Iterable[tuple[Codec, Codec]] | None", "None", "",
        "codecs that come from the side, and what each is to the other. A codec is a str as in "
        "a=rtpmap, of a static payload type, or a tuple of that, a payload type and, if need "
        "be, an fmtp"},
       borrowed<&leg_arguments::transcode>},
      {{"local_crypto", "str | None", "None", "",
        "value of our a=crypto (RFC 4568), whose key protects what is sent to the side; see "
        "sdp.generate_crypto"},
       borrowed<&leg_arguments::local_crypto>},
      {{"remote_crypto", "str | None", "None", "",
        "goes with local_crypto: the side's own, whose key protects what it sends"},
       borrowed<&leg_arguments::remote_crypto>},
      {{"queue_size", "int", "32", "1..1048576", "packets that wait for being sent, at most"},
       integer<&leg_arguments::queue_size>},
      {{"receive_buffer_size", "int | None", "None", "1..1073741824",
        "SO_RCVBUF in bytes; None: the system's default"},
       integer<&leg_arguments::receive_buffer_size>},
      {{"send_buffer_size", "int | None", "None", "1..1073741824",
        "SO_SNDBUF in bytes; None: the system's default"},
       integer<&leg_arguments::send_buffer_size>},
      {{"dscp", "int | None", "None", "0..63",
        "code point of the packets sent (RFC 2474); 46 is Expedited Forwarding"},
       integer<&leg_arguments::dscp>},
      {{"v6_only", "bool", "False", "", "IPV6_V6ONLY: an IPv6 socket does not serve IPv4"},
       flag<&leg_arguments::v6_only>}}}};

bool initialise(leg_payload& self, call c) {
    leg_arguments a;
    if (!leg_table.parse(c, a)) return false;
    const auto made = std::make_shared<leg_settings>();
    asio_server::relay_leg_options& o = made->options = std::move(a.leg);
    o.channel = a;
    o.rtcp_mux = a.rtcp_mux;
    o.clock_rate = a.clock_rate;
    o.latch.probation = a.probation;
    o.stream.forward_bye = a.forward_bye;
    o.codec_library = codecs();
    if (a.drop_unmapped) o.stream.payload_types.drop_all();
    if ((a.payload_types != nullptr &&
         !read_payload_types(a.payload_types, o.stream.payload_types)) ||
        (a.formats != nullptr && !read_formats(a.formats, o.stream.formats)) ||
        (a.transcode != nullptr && !read_transcode(a.transcode, o.transcode)) ||
        !to_cryptos(a.local_crypto, a.remote_crypto, made->cryptos))
        return false;
    self.settings = made;
    return true;
}

constexpr const char* leg_doc =
    R"(What a leg of an RtpRelay is made with. Any number of relays may share one.

)";

constexpr const char* leg_end = R"(
Raises TypeError, ValueError, RuntimeError (keys, in a package that was built without SRTP).)";

} // namespace

std::shared_ptr<const leg_settings> to_leg_settings(PyObject* value, const char* name) {
    if (PyObject_TypeCheck(value, leg_type) == 0) {
        PyErr_Format(PyExc_TypeError, "%s must be a LegOptions, not %.200s", name,
                     Py_TYPE(value)->tp_name);
        return nullptr;
    }
    auto* const self = initialised<leg_payload>(value);
    return self != nullptr ? self->settings : nullptr;
}

void bind_leg_options() {
    leg_type = heap_type<leg_payload>::add({
        .name = "rtpsynth.relay.LegOptions",
        .doc = leg_doc + leg_table.documentation() + leg_end,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<initialise>(leg_table.signature()),
    });
}

} // namespace rtpsynth::python
