#include "channel_arguments.hpp"

#include "core/addresses.hpp"

#include <array>
#include <limits>
#include <string>

namespace rtpsynth::python {

using asio_server::address_family;
using asio_server::channel_options;
using asio_server::source_policy;

const char* const create_channel_doc =
    "create_channel($self, /, pkt_in=None, bind_host=None, bind_port=0, queue_size=32,\n"
    "               bind_family=0, *, batch=False, frames_in=None, jitter_buffer=None,\n"
    "               other_in=None, receive_buffer_size=None, send_buffer_size=None, dscp=None,\n"
    "               reuse_port=False, v6_only=False, kernel_timestamps=False, coalesce=False,\n"
    "               source_policy='any', probation=4)\n--\n\n"
    "Opens a UDP socket, bound on return, and calls pkt_in(data, (host, port), rtime_ns) with "
    "each\n"
    "datagram: bytes, its sender, and when the socket was found ready (CLOCK_MONOTONIC). Packets "
    "of\n"
    "a channel come in order, one at a time, on one thread for all channels of the server. What\n"
    "pkt_in raises goes to sys.unraisablehook.\n\n"
    "bind_host    address or name; default: any address, of IPv6 for that family\n"
    "bind_port    0..65535; 0: the system chooses\n"
    "queue_size   packets accepted for sending and not yet sent, 1..1048576 and a power of two,\n"
    "             which programs written for rtpsynth 1.3 rely on being told; C++ takes any "
    "number\n"
    "bind_family  0, None, 'auto'; 4, 'ipv4'; 6, 'ipv6'; or socket's AF_ constants\n"
    "batch        pkt_in(list of (data, (host, port), rtime_ns)) with all that came together\n"
    "frames_in    in place of pkt_in: frames_in(list of frames), in order of sequence, out of a\n"
    "             jitter buffer that runs without the GIL; a frame's addr is its packet's sender.\n"
    "             jitter_buffer is its capacity or a dict of RtpJBuf's arguments; without\n"
    "             max_delay_ns among them nothing comes out before it was full once, unless a\n"
    "             stream begins with sequence number 0\n"
    "other_in     beside frames_in: other_in(data, (host, port), rtime_ns) with each datagram "
    "that\n"
    "             is not RTP, such as RTCP on the same port (RFC 5761)\n"
    "receive_buffer_size, send_buffer_size  SO_RCVBUF, SO_SNDBUF, bytes\n"
    "dscp         0..63, of the packets sent; 46 is Expedited Forwarding\n"
    "reuse_port, v6_only  SO_REUSEPORT, IPV6_V6ONLY\n"
    "kernel_timestamps    rtime_ns is when the kernel received it (SO_TIMESTAMPNS)\n"
    "coalesce     UDP_GRO, for bursts\n"
    "source_policy  whose datagrams are accepted: 'any', 'target', or 'first', the first source\n"
    "             that sends probation (1..64) RTP packets in sequence; all but the last of "
    "those,\n"
    "             by default three, are dropped and counted as rejected\n\n"
    "Raises TypeError, ValueError, OSError with errno (EADDRINUSE, …), RuntimeError after "
    "shutdown().";

namespace {

enum argument : std::size_t {
    pkt_in,
    bind_host,
    bind_port,
    queue_size,
    bind_family,
    batch,
    frames_in,
    jitter_buffer_arg,
    other_in_arg,
    receive_buffer_size,
    send_buffer_size,
    dscp,
    reuse_port,
    v6_only,
    kernel_timestamps,
    coalesce,
    source_policy_arg,
    probation,
    argument_count
};
using arguments = std::array<PyObject*, argument_count>;

constexpr parameters<argument_count> create_channel_parameters{
    "create_channel",
    0,
    {"pkt_in", "bind_host", "bind_port", "queue_size", "bind_family", "batch", "frames_in",
     "jitter_buffer", "other_in", "receive_buffer_size", "send_buffer_size", "dscp", "reuse_port",
     "v6_only", "kernel_timestamps", "coalesce", "source_policy", "probation"},
    5};

bool given(PyObject* value) { return value != nullptr && value != Py_None; }

bool to_flag(PyObject* value, bool& out) {
    if (value == nullptr) return true;
    const int truth = PyObject_IsTrue(value);
    out = truth == 1;
    return truth >= 0;
}

bool to_optional(PyObject* value, const char* name, long long lo, long long hi,
                 std::optional<int>& out) {
    if (!given(value)) return true;
    int number;
    if (!to_integer(value, name, number, lo, hi)) return false;
    out = number;
    return true;
}

/// An absurd size is a MemoryError or an OverflowError, as it always was.
bool to_queue_size(PyObject* value, std::size_t& out) {
    if (value == nullptr) return true;
    long long size;
    if (!to_integer(value, "queue_size", std::numeric_limits<long long>::min(),
                    std::numeric_limits<long long>::max(), size)) {
        if (PyErr_ExceptionMatches(PyExc_ValueError)) {
            PyErr_Clear();
            PyErr_SetString(PyExc_OverflowError,
                            "queue_size must be a power of two, 1..1048576 packets");
        }
        return false;
    }
    if (size < 1 || (size & (size - 1)) != 0) {
        PyErr_Format(PyExc_ValueError, "queue_size must be a power of two, 1..1048576, not %lld",
                     size);
        return false;
    }
    if (size > 1048576) return PyErr_NoMemory(), false;
    out = static_cast<std::size_t>(size);
    return true;
}

bool to_source_policy(PyObject* value, source_policy& out) {
    if (!given(value)) return true;
    std::string text;
    if (!to_host(value, "source_policy", text)) return false;
    if (text == "any") return out = source_policy::any, true;
    if (text == "target") return out = source_policy::target, true;
    if (text == "first") return out = source_policy::first, true;
    PyErr_Format(PyExc_ValueError, "source_policy must be 'any', 'target' or 'first', not %R",
                 value);
    return false;
}

/// Where to bind. A name is looked up without the GIL.
bool to_bind(const arguments& a, boost::asio::ip::udp::endpoint& out) {
    auto family = address_family::any;
    std::string host;
    std::uint16_t port = 0;
    if ((a[bind_family] != nullptr && !to_family(a[bind_family], "bind_family", family)) ||
        (given(a[bind_host]) && !to_host(a[bind_host], "bind_host", host)) ||
        (a[bind_port] != nullptr && !to_integer(a[bind_port], "bind_port", port, 0, 65535)))
        return false;
    if (host.empty()) {
        using boost::asio::ip::udp;
        out = {family == address_family::v6 ? udp::v6() : udp::v4(), port};
        return true;
    }
    const auto found = resolve_released(host, port, family);
    if (found) out = *found;
    return found.has_value();
}

bool to_options(const arguments& a, channel_options& out) {
    int packets = static_cast<int>(out.source_lock.probation);
    if (!to_queue_size(a[queue_size], out.queue_size) ||
        !to_optional(a[receive_buffer_size], "receive_buffer_size", 1, 1 << 30,
                     out.receive_buffer_size) ||
        !to_optional(a[send_buffer_size], "send_buffer_size", 1, 1 << 30, out.send_buffer_size) ||
        !to_optional(a[dscp], "dscp", 0, 63, out.dscp) || !to_flag(a[reuse_port], out.reuse_port) ||
        !to_flag(a[v6_only], out.v6_only) ||
        !to_flag(a[kernel_timestamps], out.kernel_timestamps) ||
        !to_flag(a[coalesce], out.coalesce) ||
        !to_source_policy(a[source_policy_arg], out.source_lock.policy) ||
        (given(a[probation]) && !to_integer(a[probation], "probation", packets, 1, 64)))
        return false;
    out.source_lock.probation = static_cast<unsigned>(packets);
    return to_bind(a, out.bind);
}

/// Which callback it is to be. \return null with TypeError set
PyObject* to_callback(const arguments& a, delivery& how) {
    bool batches = false;
    if (!to_flag(a[batch], batches)) return nullptr;
    const bool framed = given(a[frames_in]);
    PyObject* const callback = framed ? a[frames_in] : a[pkt_in];
    if (framed && (given(a[pkt_in]) || batches))
        PyErr_SetString(PyExc_TypeError, "frames_in takes the place of pkt_in and batch");
    else if (framed != given(a[jitter_buffer_arg]))
        PyErr_SetString(PyExc_TypeError, "frames_in and jitter_buffer go together");
    else if (callback == nullptr || !PyCallable_Check(callback))
        PyErr_Format(PyExc_TypeError, "%s must be callable", framed ? "frames_in" : "pkt_in");
    else {
        how = framed ? delivery::frames : batches ? delivery::batch : delivery::single;
        return callback;
    }
    return nullptr;
}

/// \return false with TypeError set
bool to_other_in(PyObject* value, delivery how, PyObject*& out) {
    out = given(value) ? value : nullptr;
    if (out == nullptr) return true;
    if (how != delivery::frames)
        PyErr_SetString(PyExc_TypeError, "other_in goes together with frames_in");
    else if (!PyCallable_Check(out))
        PyErr_SetString(PyExc_TypeError, "other_in must be callable");
    else
        return true;
    return false;
}

bool to_jitter_buffer(PyObject* value, std::optional<jitter_buffer_options>& out) {
    if (!given(value)) return true;
    static constexpr parameters<4> names{
        "jitter_buffer", 1, {"capacity", "max_delay_ns", "max_dropout", "max_misorder"}};
    std::array<PyObject*, 4> a{value, nullptr, nullptr, nullptr};
    py_ref keys, values;
    if (PyDict_Check(value)) {
        const py_ref items{PyDict_Items(value)};
        const py_ref key_list{PyList_New(0)};
        values = py_ref{PyList_New(0)};
        if (!items || !key_list || !values) return false;
        for (Py_ssize_t i = 0; i != PyList_GET_SIZE(items.get()); ++i) {
            PyObject* const item = PyList_GET_ITEM(items.get(), i);
            PyObject* const key = PyTuple_GET_ITEM(item, 0);
            if (!PyUnicode_Check(key)) {
                PyErr_Format(PyExc_TypeError, "jitter_buffer's keys must be str, not %.200s",
                             Py_TYPE(key)->tp_name);
                return false;
            }
            if (PyList_Append(key_list.get(), key) != 0 ||
                PyList_Append(values.get(), PyTuple_GET_ITEM(item, 1)) != 0)
                return false;
        }
        keys = py_ref{PyList_AsTuple(key_list.get())};
        if (!keys) return false;
        const call as_keywords{PySequence_Fast_ITEMS(values.get()), 0, keys.get()};
        if (!names.parse(as_keywords, a)) return false;
    }
    out.emplace();
    duration::rep delay = 0;
    if (!to_integer(a[0], "capacity", out->capacity, 1, 16383) ||
        (given(a[1]) && !to_integer(a[1], "max_delay_ns", delay, 0)) ||
        (a[2] != nullptr && !to_integer(a[2], "max_dropout", out->max_dropout)) ||
        (a[3] != nullptr && !to_integer(a[3], "max_misorder", out->max_misorder)))
        return false;
    if (given(a[1])) out->max_delay = duration{delay};
    return true;
}

} // namespace

bool channel_arguments::parse(call c) {
    arguments a;
    if (!create_channel_parameters.parse(c, a)) return false;
    callback = to_callback(a, how);
    return callback != nullptr && to_other_in(a[other_in_arg], how, other_in) &&
           to_jitter_buffer(a[jitter_buffer_arg], jitter_buffer) && to_options(a, options);
}

} // namespace rtpsynth::python
