#include "channel_arguments.hpp"

#include "aio_inbox.hpp"
#include "core/addresses.hpp"
#include "jitter_buffer_arguments.hpp"

#include <limits>

namespace rtpsynth::python {

using asio_server::source_policy;

namespace {

using options = channel_arguments;

bool bind_host(PyObject* value, const option_text& text, options& out) {
    return value == Py_None || to_host(value, text.name, out.bind_host);
}

bool bind_family(PyObject* value, const option_text& text, options& out) {
    return to_family(value, text.name, out.bind_family);
}

/// An absurd size is a MemoryError or an OverflowError, as in rtpsynth 1.3.
bool queue_size(PyObject* value, const option_text& text, options& out) {
    constexpr auto least = std::numeric_limits<long long>::min();
    constexpr auto most = std::numeric_limits<long long>::max();
    long long size;
    if (!to_integer(value, text.name, least, most, size)) {
        if (PyErr_ExceptionMatches(PyExc_ValueError)) {
            PyErr_Clear();
            PyErr_Format(PyExc_OverflowError, "%s must be a power of two, %s", text.name,
                         text.range);
        }
        return false;
    }
    if (size < 1 || (size & (size - 1)) != 0) {
        PyErr_Format(PyExc_ValueError, "%s must be a power of two, %s, not %lld", text.name,
                     text.range, size);
        return false;
    }
    if (size > bounds_of<long long>(text.range).most) {
        PyErr_Format(PyExc_MemoryError, "%s must be a power of two, %s, not %lld", text.name,
                     text.range, size);
        return false;
    }
    out.queue_size = static_cast<std::size_t>(size);
    return true;
}

bool source(PyObject* value, const option_text& text, options& out) {
    std::string name;
    if (!to_host(value, text.name, name)) return false;
    source_policy& policy = out.source_lock.policy;
    if (name == "any") return policy = source_policy::any, true;
    if (name == "target") return policy = source_policy::target, true;
    if (name == "first") return policy = source_policy::first, true;
    PyErr_Format(PyExc_ValueError, "%s must be 'any', 'target' or 'first', not %R", text.name,
                 value);
    return false;
}

bool probation(PyObject* value, const option_text& text, options& out) {
    const auto range = bounds_of<long long>(text.range);
    return to_integer(value, text.name, out.source_lock.probation, range.least, range.most);
}

} // namespace

constinit const option_table<channel_arguments, 18> channel_table{
    "create_channel",
    5,
    {{{{"pkt_in",
        "Callable[[bytes, tuple[str, int], int], object] | Callable[[list[tuple[bytes, tuple[str, "
        "int], int]]], object] | None",
        "None", "",
        "called as pkt_in(data, (host, port), rtime_ns) with each datagram: bytes, its "
        "sender, and the time at which the socket was found ready (CLOCK_MONOTONIC)"},
       borrowed<&options::pkt_in>},
      {{"bind_host", "str | None", "None", "",
        "address or name to bind to; None: any address, of IPv6 for that family"},
       bind_host},
      {{"bind_port", "int", "0", "0..65535", "0: the system chooses"},
       integer<&options::bind_port>},
      {{"queue_size", "int", "32", "1..1048576",
        "a power of two; packets accepted for sending and not yet sent, at most"},
       queue_size},
      {{"bind_family", "int | Literal['auto', 'ipv4', 'ipv6'] | None", "0", "",
        "0, None or 'auto': as bind_host has it; 4 or 'ipv4'; 6 or 'ipv6'; or an AF_ "
        "constant of the socket module"},
       bind_family},
      {{"batch", "bool", "False", "",
        "called as pkt_in(list of (data, (host, port), rtime_ns)), with all datagrams that "
        "came together"},
       flag<&options::batch>},
      {{"frames_in", "Callable[[list[FrameWrapper]], object] | None", "None", "",
        "takes the place of pkt_in: called as frames_in(list of frames), in order of "
        "sequence, out of a jitter buffer that runs without the GIL. A frame's addr is its "
        "packet's sender"},
       borrowed<&options::frames_in>},
      {{"jitter_buffer", "int | JitterBufferOptions | None", "None", "",
        "goes with frames_in: the capacity in packets, or a dict of RtpJBuf's arguments. "
        "Without max_delay_ns nothing is handed out before the buffer was full once, unless "
        "the stream begins with sequence number 0"},
       borrowed<&options::jitter_buffer>},
      {{"other_in", "Callable[[bytes, tuple[str, int], int], object] | None", "None", "",
        "goes with frames_in: called as other_in(data, (host, port), rtime_ns) with each "
        "datagram that is not RTP, such as RTCP on the same port (RFC 5761)"},
       borrowed<&options::other_in>},
      {{"receive_buffer_size", "int | None", "None", "1..1073741824",
        "SO_RCVBUF in bytes; None: the system's default"},
       integer<&options::receive_buffer_size>},
      {{"send_buffer_size", "int | None", "None", "1..1073741824",
        "SO_SNDBUF in bytes; None: the system's default"},
       integer<&options::send_buffer_size>},
      {{"dscp", "int | None", "None", "0..63",
        "code point of the packets sent (RFC 2474); 46 is Expedited Forwarding"},
       integer<&options::dscp>},
      {{"reuse_port", "bool", "False", "", "SO_REUSEPORT: several channels share one port"},
       flag<&options::reuse_port>},
      {{"v6_only", "bool", "False", "", "IPV6_V6ONLY: an IPv6 socket does not serve IPv4"},
       flag<&options::v6_only>},
      {{"kernel_timestamps", "bool", "False", "",
        "rtime_ns is the time at which the kernel received the datagram (SO_TIMESTAMPNS)"},
       flag<&options::kernel_timestamps>},
      {{"coalesce", "bool", "False", "", "UDP_GRO: costs less for streams of bursts"},
       flag<&options::coalesce>},
      {{"source_policy", "Literal['any', 'target', 'first']", "'any'", "",
        "whose datagrams are accepted: everybody's, the target's, or those of the first "
        "source that sends probation RTP packets in sequence. All but the last of those are "
        "dropped and counted as rejected"},
       source},
      {{"probation", "int", "4", "1..64", "packets that prove a source, see source_policy"},
       probation}}}};

/// \return false with TypeError set
bool channel_arguments::choose_callback() {
    const bool framed = frames_in != nullptr;
    callback = framed ? frames_in : pkt_in;
    how = framed ? delivery::frames : batch ? delivery::batch : delivery::single;
    if (framed && (pkt_in != nullptr || batch))
        PyErr_SetString(PyExc_TypeError, "frames_in takes the place of pkt_in and batch");
    else if (framed != (jitter_buffer != nullptr))
        PyErr_SetString(PyExc_TypeError, "frames_in and jitter_buffer go together");
    else if (callback == nullptr || (!PyCallable_Check(callback) && to_inbox(callback) == nullptr))
        PyErr_Format(PyExc_TypeError, "%s must be callable", framed ? "frames_in" : "pkt_in");
    else if (other_in != nullptr && !framed)
        PyErr_SetString(PyExc_TypeError, "other_in goes together with frames_in");
    else if (other_in != nullptr && !PyCallable_Check(other_in))
        PyErr_SetString(PyExc_TypeError, "other_in must be callable");
    else
        return true;
    return false;
}

bool channel_arguments::read_jitter_buffer() {
    if (jitter_buffer == nullptr) return true;
    jitter.emplace();
    if (!PyDict_Check(jitter_buffer) && !PyIndex_Check(jitter_buffer)) {
        PyErr_Format(
            PyExc_TypeError,
            "jitter_buffer must be a capacity or a dict of RtpJBuf's arguments, not %.200s",
            Py_TYPE(jitter_buffer)->tp_name);
        return false;
    }
    if (!PyDict_Check(jitter_buffer))
        return jitter_buffer_table.parse({&jitter_buffer, 1, nullptr}, *jitter, "jitter_buffer");
    unpacked_call c;
    return c.assign(nullptr, jitter_buffer) &&
           jitter_buffer_table.parse(c.get(), *jitter, "jitter_buffer");
}

/// Where to bind. A name is looked up without the GIL.
bool channel_arguments::find_endpoint() {
    using boost::asio::ip::udp;
    if (bind_host.empty()) {
        const bool v6 = bind_family == asio_server::address_family::v6;
        bind = {v6 ? udp::v6() : udp::v4(), bind_port};
        return true;
    }
    const auto found = resolve_released(bind_host, bind_port, bind_family);
    if (found) bind = *found;
    return found.has_value();
}

bool channel_arguments::parse(call c) {
    return channel_table.parse(c, *this) && choose_callback() && read_jitter_buffer() &&
           find_endpoint();
}

} // namespace rtpsynth::python
