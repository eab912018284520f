#include "addresses.hpp"
#include "bind.hpp"
#include "channel_type.hpp"
#include "fastcall.hpp"
#include "stats.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <cmath>
#include <string_view>

namespace rtpsynth::python {

namespace bp = boost::python;
using asio_server::address_family;
using asio_server::channel_options;
using asio_server::source_policy;

namespace {

constexpr double most_hz = 1e6, least_hz = 0.1;

/// \throws error_already_set
std::optional<duration> to_tick(const bp::object& tick_hz) {
    if (tick_hz.is_none()) return std::nullopt;
    const double hz = PyFloat_AsDouble(tick_hz.ptr());
    if (hz == -1 && PyErr_Occurred()) bp::throw_error_already_set();
    if (!(hz >= least_hz && hz <= most_hz)) {
        PyErr_Format(PyExc_ValueError, "tick_hz must be > 0, 0.1..1000000 Hz, or None, not %R",
                     tick_hz.ptr());
        bp::throw_error_already_set();
    }
    return duration{std::llround(1e9 / hz)};
}

std::shared_ptr<server> make_server(const bp::object& tick_hz) {
    try {
        return std::make_shared<server>(asio_server::server_options{.tick = to_tick(tick_hz)});
    } catch (const std::exception&) { // errno and all, which Boost.Python does not know
        set_error_from_exception();
        bp::throw_error_already_set();
        throw;
    }
}

constexpr const char* create_channel_doc =
    "create_channel($self, /, pkt_in=None, bind_host=None, bind_port=0, queue_size=32,\n"
    "               bind_family=0, *, batch=False, frames_in=None, jitter_buffer=None,\n"
    "               receive_buffer_size=None, send_buffer_size=None, dscp=None,\n"
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
    "queue_size   packets accepted for sending and not yet sent, a power of two, 1..1048576\n"
    "bind_family  0, None, 'auto'; 4, 'ipv4'; 6, 'ipv6'; or socket's AF_ constants\n"
    "batch        pkt_in(list of (data, (host, port), rtime_ns)) with all that came together\n"
    "frames_in    in place of pkt_in: frames_in(list of frames), in play-out order, out of a "
    "jitter\n"
    "             buffer that runs without the GIL; jitter_buffer is its capacity or a dict of\n"
    "             RtpJBuf's arguments\n"
    "receive_buffer_size, send_buffer_size  SO_RCVBUF, SO_SNDBUF, bytes\n"
    "dscp         0..63, of the packets sent; 46 is Expedited Forwarding\n"
    "reuse_port, v6_only  SO_REUSEPORT, IPV6_V6ONLY\n"
    "kernel_timestamps    rtime_ns is when the kernel received it (SO_TIMESTAMPNS)\n"
    "coalesce     UDP_GRO, for bursts\n"
    "source_policy  whose datagrams are accepted: 'any', 'target', or 'first', the first source\n"
    "             that sends probation (1..64) RTP packets in sequence\n\n"
    "Raises TypeError, ValueError, OSError with errno (EADDRINUSE, …), RuntimeError after "
    "shutdown().";

enum argument : std::size_t {
    pkt_in,
    bind_host,
    bind_port,
    queue_size,
    bind_family,
    batch,
    frames_in,
    jitter_buffer_arg,
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
     "jitter_buffer", "receive_buffer_size", "send_buffer_size", "dscp", "reuse_port", "v6_only",
     "kernel_timestamps", "coalesce", "source_policy", "probation"},
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

bool to_jitter_buffer(PyObject* value, std::optional<jitter_buffer_options>& out);

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

PyObject* create_channel(server& self, call c) {
    arguments a;
    if (!create_channel_parameters.parse(c, a) || !self.check_usable()) return nullptr;
    const auto home = self.shared_from_this(); // arguments may run any code
    delivery how;
    channel_options options;
    std::optional<jitter_buffer_options> buffer;
    PyObject* const callback = to_callback(a, how);
    if (callback == nullptr || !to_jitter_buffer(a[jitter_buffer_arg], buffer) ||
        !to_options(a, options) || !home->check_usable())
        return nullptr;
    try {
        return open_channel(home, callback, how, options, buffer).release();
    } catch (const boost::system::system_error& e) {
        if (e.code() == boost::asio::error::operation_aborted)
            PyErr_SetString(PyExc_RuntimeError, "RtpServer is shutting down");
        else
            set_os_error(e.code().value(),
                         e.code().message() + ": " + asio_server::to_string(options.bind));
        return nullptr;
    }
}

bool to_jitter_buffer(PyObject* value, std::optional<jitter_buffer_options>& out) {
    if (!given(value)) return true;
    static constexpr parameters<4> names{
        "jitter_buffer", 1, {"capacity", "max_delay_ns", "max_dropout", "max_misorder"}};
    std::array<PyObject*, 4> a{value, nullptr, nullptr, nullptr};
    py_ref keys, values;
    if (PyDict_Check(value)) {
        values = py_ref{PyDict_Values(value)};
        const py_ref key_list{PyDict_Keys(value)};
        keys = py_ref{key_list ? PyList_AsTuple(key_list.get()) : nullptr};
        if (!values || !keys) return false;
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

constexpr const char* shutdown_doc =
    "shutdown($self, /)\n--\n\n"
    "Closes all sockets and ends the server's threads; no callback starts any more, and one that\n"
    "runs is waited for only briefly. May be called any number of times, from anywhere.";
constexpr parameters<0> shutdown_parameters{"shutdown", 0, {}};

PyObject* shutdown(server& self, call c) {
    std::array<PyObject*, 0> a;
    if (!shutdown_parameters.parse(c, a)) return nullptr;
    const auto kept = self.shared_from_this();
    kept->shutdown();
    Py_RETURN_NONE;
}

bp::object enter(const bp::object& self) { return self; }

bool leave(const bp::object& self, const bp::object&, const bp::object&, const bp::object&) {
    self.attr("shutdown")();
    return false;
}

PyObject* tick_ns(server& self) {
    const auto tick = self.native().tick();
    if (!tick) Py_RETURN_NONE;
    return PyLong_FromLongLong(tick->count());
}

PyObject* get_stats(server& self) {
    const asio_server::server_stats n = self.native().stats();
    py_ref all = make_stats(n.channels);
    if (!all || !add_stat(all, "open_channels", n.open_channels) ||
        !add_stat(all, "ticks", n.ticks))
        return nullptr;
    return all.release();
}

PyMethodDef methods[] = {method<server, create_channel>("create_channel", create_channel_doc),
                         method<server, shutdown>("shutdown", shutdown_doc),
                         {}};

constexpr const char* server_doc =
    "RtpServer(tick_hz=200): UDP channels by the thousand.\n\n"
    "One thread does all input and output and never has the GIL; another calls the callbacks. "
    "Output\n"
    "queues are drained on a grid of tick_hz ticks a second, 0.1..1000000, and only while "
    "something\n"
    "is queued; with tick_hz=None at once. Datagrams are received as they arrive, ticks or not.\n\n"
    "Every method may be called from any thread and from inside any callback. `with server:` "
    "shuts\n"
    "it down. After fork() the child may only drop it. Raises ValueError, OSError.";

} // namespace

void bind_server() {
    bind_channel_type();
    bp::class_<server, std::shared_ptr<server>, boost::noncopyable> cls("RtpServer", server_doc,
                                                                        bp::no_init);
    cls.attr("__module__") = "rtpsynth.RtpServer";
    cls.def("__init__", bp::make_constructor(&make_server, bp::default_call_policies(),
                                             (bp::arg("tick_hz") = 200)));
    cls.def("__enter__", &enter).def("__exit__", &leave);
    cls.add_property(
        "tick_ns", +[](server& s) { return bp::handle<>(tick_ns(s)); },
        "Nanoseconds between ticks; None for tick_hz=None.");
    cls.add_property(
        "stats", +[](server& s) { return bp::handle<>(get_stats(s)); },
        "The sum over all channels there ever were, a dict of ints as RtpChannel.stats, "
        "and open_channels and ticks.");
    attach(cls, methods);
}

} // namespace rtpsynth::python
