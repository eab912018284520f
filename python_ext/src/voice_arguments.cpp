#include "voice_arguments.hpp"

#include "aio_inbox.hpp"
#include "audio_codecs.hpp"
#include "core/addresses.hpp"

#ifdef RTPSYNTH_HAS_SRTP
#    include <rtpsynth/asio_server/call/srtp_protection.hpp>
#endif

#include <array>
#include <chrono>
#include <cmath>
#include <string_view>

namespace rtpsynth::python {

using asio_server::latch_policy;
using asio_server::voice_codec;
using boost::asio::ip::udp;

namespace {

using options = call_arguments;

bool bind_host(PyObject* value, const option_text& text, options& out) {
    if (value == Py_None) return out.bind_host.clear(), true;
    return to_host(value, text.name, out.bind_host);
}

bool bind_family(PyObject* value, const option_text& text, options& out) {
    return to_family(value, text.name, out.bind_family);
}

/// One of the words of the option's type, by its position there.
template <std::size_t N>
bool to_word(PyObject* value, const char* name, const std::array<const char*, N>& words,
             std::size_t& out) {
    std::string_view text;
    if (!to_text(value, name, text)) return false;
    std::string all;
    for (out = 0; out != N; ++out) {
        if (text == words[out]) return true;
        all.append(out == 0 ? "'" : out + 1 == N ? " or '" : ", '").append(words[out]).append("'");
    }
    PyErr_Format(PyExc_ValueError, "%s must be %s, not %R", name, all.c_str(), value);
    return false;
}

bool latch(PyObject* value, const option_text& text, options& out) {
    static constexpr std::array<const char*, 3> words{"none", "once", "follow"};
    std::size_t which;
    if (!to_word(value, text.name, words, which)) return false;
    out.stream.latch.latch = static_cast<latch_policy>(which);
    return true;
}

bool idle(PyObject* value, const option_text& text, options& out) {
    static constexpr std::array<const char*, 3> words{"silence", "comfort_noise", "nothing"};
    std::size_t which;
    if (!to_word(value, text.name, words, which)) return false;
    out.stream.sender.idle = static_cast<idle_policy>(which);
    return true;
}

template <auto Member>
bool payload_type(PyObject* value, const option_text& text, options& out) {
    auto& type = out.stream.*Member;
    if (value == Py_None) return type = std::nullopt, true;
    const auto range = bounds_of<long long>(text.range);
    std::uint8_t number;
    if (!to_integer(value, text.name, number, range.least, range.most)) return false;
    type = number;
    return true;
}

template <auto Member>
bool of_channel(PyObject* value, const option_text& text, options& out) {
    return assign_integer<Member>(value, text, out.stream.channel, Member);
}

bool probation(PyObject* value, const option_text& text, options& out) {
    const auto range = bounds_of<long long>(text.range);
    return to_integer(value, text.name, out.stream.latch.probation, range.least, range.most);
}

/// A number of seconds.
bool to_seconds(PyObject* value, const option_text& text, double& out) {
    const double seconds = PyFloat_AsDouble(value);
    if (seconds == -1 && PyErr_Occurred() != nullptr) {
        const bool too_large = PyErr_ExceptionMatches(PyExc_OverflowError) != 0;
        if (!too_large && !PyErr_ExceptionMatches(PyExc_TypeError)) return false;
        PyErr_Clear();
        PyErr_Format(too_large ? PyExc_ValueError : PyExc_TypeError,
                     "%s must be %s seconds, not %.200s", text.name, text.range,
                     too_large ? "a larger number" : Py_TYPE(value)->tp_name);
        return false;
    }
    const auto range = bounds_of<double>(text.range);
    if (seconds >= range.least && seconds <= range.most) return out = seconds, true;
    PyErr_Format(PyExc_ValueError, "%s must be %s seconds, not %R", text.name, text.range, value);
    return false;
}

template <auto Member>
bool seconds(PyObject* value, const option_text& text, options& out) {
    return to_seconds(value, text, out.*Member);
}

template <auto Member>
bool seconds_or_none(PyObject* value, const option_text& text, options& out) {
    if (value == Py_None) return out.*Member = std::nullopt, true;
    return to_seconds(value, text, (out.*Member).emplace());
}

duration to_duration(double time) { return duration{std::llround(time * 1e9)}; }

/// PCMU is PCMU/8000, and so on, for those that have one clock rate only.
void complete(std::string& encoding) {
    std::string name = encoding;
    for (char& c : name)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (name == "PCMU" || name == "PCMA" || name == "G722") encoding += "/8000";
    if (name == "OPUS") encoding += "/48000/2";
}

} // namespace

using stream_options = asio_server::voice_stream_options;
using socket_options = asio_server::channel_options;

constinit const option_table<call_arguments, 26> call_table{
    "create_call",
    3,
    {{{{"on_event", "Callable[[Audio | Digit | Played | Quiet | Source | Bye], object] | None",
        "None", "",
        "called with each event, one at a time, on a thread of the server; None: no event is "
        "wanted, and no audio is decoded"},
       borrowed<&options::on_event>},
      {{"bind_host", "str | None", "None", "",
        "address or name to bind to; None: any address, of IPv6 for that family"},
       bind_host},
      {{"bind_port", "int", "0", "0..65535", "of RTP; 0: the system chooses"},
       integer<&options::bind_port>},
      {{"peer", "tuple[str, int] | None", "None", "",
        "(host, port) that RTP is sent to; None: nothing is sent until set_peer() or the latch "
        "sets it"},
       borrowed<&options::peer>},
      {{"codec", "str | Codec | Sequence[str | Codec]", "'PCMU'", "",
        "as in SDP's a=rtpmap, 'PCMU', 'G722' or 'L16/16000'; a Codec where there is a dynamic "
        "payload type or fmtp; or several: audio is sent with the first, and all are played"},
       borrowed<&options::codec>},
      {{"dtmf", "int | None", "101", "0..127",
        "payload type of telephone events, sent and received; None: there are none"},
       payload_type<&stream_options::event_type>},
      {{"rate", "int", "8000", "8000..96000",
        "sample rate in Hz of the audio that is played and received; a tick is a whole number "
        "of samples"},
       integer<&options::rate>},
      {{"ptime_ms", "int", "20", "1..120", "duration of a tick and of a packet that is sent"},
       integer<&options::ptime_ms>},
      {{"latch", "Literal['none', 'once', 'follow']", "'none'", "",
        "whether RTP is sent to where it comes from instead, as behind a NAT: to the first "
        "source that is valid, or also to where that moves"},
       latch},
      {{"idle", "Literal['silence', 'comfort_noise', 'nothing']", "'silence'", "",
        "what is sent while no audio is queued"},
       idle},
      {{"audio", "bool", "True", "", "False: no Audio comes, and nothing is decoded"},
       flag<&options::audio>},
      {{"srtp", "tuple[str, str] | None", "None", "",
        "our key and the other side's, each as in SDP's a=crypto: "
        "'AES_CM_128_HMAC_SHA1_80 inline:...'; None: RTP is not encrypted"},
       borrowed<&options::srtp>},
      {{"noise", "int | None", "13", "0..127",
        "payload type of comfort noise, sent and received; None: there is none"},
       payload_type<&stream_options::noise_type>},
      {{"rtcp_mux", "bool", "True", "",
        "RTCP on the port of RTP (RFC 5761); False: on the next port, on both sides"},
       [](PyObject* value, const option_text&, options& out) {
           const int truth = PyObject_IsTrue(value);
           out.stream.rtcp_mux = truth == 1;
           return truth >= 0;
       }},
      {{"play_queue", "float", "10", "0.01..3600",
        "seconds of audio that play() queues at most before it waits"},
       seconds<&options::play_queue>},
      {{"audio_queue", "int", "50", "1..65536",
        "ticks of received audio kept until they are asked for; when there are more, the oldest "
        "are dropped and counted in stats['audio_lost']"},
       integer<&options::audio_queue>},
      {{"event_queue", "int", "32", "1..65536",
        "other events kept until they are asked for; when there are more, the oldest are "
        "dropped and counted in stats['events_lost']"},
       integer<&options::event_queue>},
      {{"pause_after", "float | None", "5", "0.1..3600",
        "seconds without RTP after which Audio pauses; None: it does not"},
       seconds_or_none<&options::pause_after>},
      {{"quiet_after", "float | None", "None", "0.1..3600",
        "seconds without RTP after which Quiet comes; None: it does not"},
       seconds_or_none<&options::quiet_after>},
      {{"probation", "int", "4", "1..64",
        "RTP packets in sequence that make a source valid, see latch"},
       probation},
      {{"relatch_after", "float", "5", "0.1..3600",
        "with latch='follow', seconds of silence after which another source may take over"},
       seconds<&options::relatch_after>},
      {{"bind_family", "int | Literal['auto', 'ipv4', 'ipv6'] | None", "0", "",
        "0, None or 'auto': as bind_host has it; 4 or 'ipv4'; 6 or 'ipv6'; or an AF_ "
        "constant of the socket module"},
       bind_family},
      {{"receive_buffer_size", "int | None", "None", "1..1073741824",
        "SO_RCVBUF in bytes; None: the system's default"},
       of_channel<&socket_options::receive_buffer_size>},
      {{"send_buffer_size", "int | None", "None", "1..1073741824",
        "SO_SNDBUF in bytes; None: the system's default"},
       of_channel<&socket_options::send_buffer_size>},
      {{"dscp", "int | None", "None", "0..63",
        "code point of the packets sent (RFC 2474); 46 is Expedited Forwarding"},
       of_channel<&socket_options::dscp>},
      {{"v6_only", "bool", "False", "", "IPV6_V6ONLY: an IPv6 socket does not serve IPv4"},
       [](PyObject* value, const option_text&, options& out) {
           const int truth = PyObject_IsTrue(value);
           out.stream.channel.v6_only = truth == 1;
           return truth >= 0;
       }}}}};

bool to_codec(PyObject* value, voice_codec& out) {
    PyObject* fields[] = {value, nullptr, nullptr};
    if (PyTuple_Check(value) && PyTuple_GET_SIZE(value) >= 1 && PyTuple_GET_SIZE(value) <= 3)
        for (Py_ssize_t i = 0; i != PyTuple_GET_SIZE(value); ++i)
            fields[i] = PyTuple_GET_ITEM(value, i);
    if (!PyUnicode_Check(fields[0])) {
        PyErr_Format(PyExc_TypeError, "codec must be a str or a Codec, not %.200s",
                     Py_TYPE(value)->tp_name);
        return false;
    }
    voice_codec codec;
    std::string_view text;
    if (!to_text(fields[0], "codec", text)) return false;
    codec.encoding = text;
    complete(codec.encoding);
    if (fields[1] != nullptr && fields[1] != Py_None) {
        std::uint8_t type;
        if (!to_integer(fields[1], "payload_type", type, 0, 127)) return false;
        codec.payload_type = type;
    }
    if (fields[2] != nullptr && fields[2] != Py_None) {
        if (!to_text(fields[2], "fmtp", text)) return false;
        codec.fmtp = text;
    }
    out = std::move(codec);
    return true;
}

namespace {

bool to_codecs(PyObject* value, std::vector<voice_codec>& out) {
    const bool one =
        PyUnicode_Check(value) ||
        (PyTuple_Check(value) && PyTuple_GET_SIZE(value) == 3 &&
         (PyTuple_GET_ITEM(value, 1) == Py_None || PyLong_Check(PyTuple_GET_ITEM(value, 1))));
    if (one) return to_codec(value, out.emplace_back());
    const py_ref all{PySequence_Tuple(value)};
    if (!all) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) {
            PyErr_Clear();
            PyErr_Format(PyExc_TypeError,
                         "codec must be a str, a Codec or a sequence of those, not %.200s",
                         Py_TYPE(value)->tp_name);
        }
        return false;
    }
    for (Py_ssize_t i = 0; i != PyTuple_GET_SIZE(all.get()); ++i)
        if (!to_codec(PyTuple_GET_ITEM(all.get(), i), out.emplace_back())) return false;
    if (!out.empty()) return true;
    PyErr_SetString(PyExc_ValueError, "codec must have one codec at least");
    return false;
}

#ifdef RTPSYNTH_HAS_SRTP
std::optional<srtp_key> to_key(PyObject* value) {
    std::string_view text;
    if (!to_text(value, "srtp", text)) return std::nullopt;
    const auto blank = text.find(' ');
    const auto suite = find_srtp_suite(text.substr(0, blank));
    if (suite && blank != text.npos)
        if (const auto key = srtp_key::parse(*suite, text.substr(blank + 1))) return *key;
    PyErr_SetString(PyExc_ValueError, "srtp must be two texts such as 'AES_CM_128_HMAC_SHA1_80 "
                                      "inline:...', with as much base64 as the suite has");
    return std::nullopt;
}
#endif

} // namespace

bool to_protection(PyObject* value, std::shared_ptr<asio_server::packet_protection>& out) {
    out = nullptr;
    if (value == nullptr || value == Py_None) return true;
    if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) != 2) {
        PyErr_SetString(PyExc_TypeError, "srtp must be a tuple of two keys, or None");
        return false;
    }
#ifdef RTPSYNTH_HAS_SRTP
    const auto ours = to_key(PyTuple_GET_ITEM(value, 0));
    if (!ours) return false;
    const auto theirs = to_key(PyTuple_GET_ITEM(value, 1));
    if (!theirs) return false;
    out = std::make_shared<asio_server::srtp_protection>(*ours, *theirs);
    return true;
#else
    PyErr_SetString(PyExc_NotImplementedError, "srtp: rtpsynth was built without libsrtp2");
    return false;
#endif
}

std::optional<udp::endpoint> to_peer(PyObject* host, PyObject* port, bool of_v6) {
    std::string name;
    std::uint16_t number;
    if (!to_host(host, "host", name) || !to_integer(port, "port", number, 1, 65535))
        return std::nullopt;
    return resolve_released(
        name, number, of_v6 ? asio_server::address_family::any : asio_server::address_family::v4);
}

std::optional<udp::endpoint> to_peer(PyObject* value, bool of_v6) {
    if (PyTuple_Check(value) && PyTuple_GET_SIZE(value) == 2) {
        const py_ref kept = py_ref::share(value);
        return to_peer(PyTuple_GET_ITEM(value, 0), PyTuple_GET_ITEM(value, 1), of_v6);
    }
    PyErr_SetString(PyExc_TypeError, "peer must be a (host, port) tuple, or None");
    return std::nullopt;
}

bool call_arguments::set_times() {
    if (rate * ptime_ms % 1000 != 0) {
        PyErr_Format(PyExc_ValueError,
                     "rate and ptime_ms must give a whole number of samples a tick, not %u Hz "
                     "times %u ms",
                     rate, ptime_ms);
        return false;
    }
    stream.sender.ptime = std::chrono::milliseconds{ptime_ms};
    stream.sender.input_rate = rate;
    stream.sender.capacity = to_duration(play_queue);
    stream.playout.rate = rate;
    if (pause_after)
        stream.pause_after = to_duration(*pause_after);
    else
        stream.pause_after = std::nullopt;
    if (quiet_after) stream.quiet_after = to_duration(*quiet_after);
    stream.latch.relatch_after = to_duration(relatch_after);
    return true;
}

/// Where to bind, and the peer. Names are looked up without the GIL.
bool call_arguments::find_endpoints() {
    udp::endpoint& bind = stream.channel.bind;
    if (bind_host.empty()) {
        const bool v6 = bind_family == asio_server::address_family::v6;
        bind = {v6 ? udp::v6() : udp::v4(), bind_port};
    } else {
        const auto found = resolve_released(bind_host, bind_port, bind_family);
        if (!found) return false;
        bind = *found;
    }
    if (peer == nullptr) return true;
    stream.peer = to_peer(peer, bind.address().is_v6());
    return stream.peer.has_value();
}

bool call_arguments::parse(call c) {
    if (!call_table.parse(c, *this)) return false;
    if (on_event != nullptr && !PyCallable_Check(on_event) && to_inbox(on_event) == nullptr) {
        PyErr_SetString(PyExc_TypeError, "on_event must be callable");
        return false;
    }
    if (codec != nullptr) {
        stream.codecs.clear();
        if (!to_codecs(codec, stream.codecs)) return false;
    }
    stream.codec_library = codecs();
    return to_protection(srtp, stream.protection) && set_times() && find_endpoints();
}

} // namespace rtpsynth::python
