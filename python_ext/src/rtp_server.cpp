#include "rtp_server.hpp"
#include "aio_inbox.hpp"
#include "channel_arguments.hpp"
#include "core/heap_type.hpp"
#include "core/stats.hpp"
#include "loop_server.hpp"
#include "metrics.hpp"
#include "public_types.hpp"
#include "rtp_channel.hpp"
#include "voice_arguments.hpp"
#include "voice_call.hpp"

#include <rtpsynth/asio_server/metrics.hpp>

#include <cmath>
#include <utility>

namespace rtpsynth::python {

namespace {

struct server_payload {
    std::shared_ptr<server> native; // null before __init__
    bool initialised() const noexcept { return native != nullptr; }
};

bool tick_hz(PyObject* value, const option_text& text, asio_server::server_options& out) {
    if (value == Py_None) return out.tick = std::nullopt, true;
    const double hz = PyFloat_AsDouble(value);
    if (hz == -1 && PyErr_Occurred()) {
        const bool too_large = PyErr_ExceptionMatches(PyExc_OverflowError) != 0;
        if (!too_large && !PyErr_ExceptionMatches(PyExc_TypeError)) return false;
        PyErr_Clear();
        PyErr_Format(too_large ? PyExc_ValueError : PyExc_TypeError,
                     "%s must be %s Hz, or None, not %.200s", text.name, text.range,
                     too_large ? "a larger number" : Py_TYPE(value)->tp_name);
        return false;
    }
    const auto range = bounds_of<double>(text.range);
    if (!(hz >= range.least && hz <= range.most)) {
        PyErr_Format(PyExc_ValueError, "%s must be %s Hz, or None, not %R", text.name, text.range,
                     value);
        return false;
    }
    out.tick = duration{std::llround(1e9 / hz)};
    return true;
}

constexpr option_table<asio_server::server_options, 1> server_table{
    "RtpServer",
    1,
    {{{{"tick_hz", "float | None", "200", "0.1..1000000",
        "ticks a second on which output queues are drained, and only while "
        "something is queued; None: packets are sent at once"},
       tick_hz}}}};

bool initialise(server_payload& self, call c) {
    asio_server::server_options options;
    if (!server_table.parse(c, options)) return false;
    // A second __init__ leaves the first server to its channels.
    const auto before =
        std::exchange(self.native, std::make_shared<server>(options, server::run_by::threads));
    return true;
}

PyObject* open_channel(server_payload& self, call c) {
    const auto home = self.native; // arguments may run any code
    return create_channel(home, c).release();
}

PyObject* open_call(server_payload& self, call c) {
    const auto home = self.native;
    return create_call(home, c).release();
}

PyObject* shutdown(server_payload& self) {
    const auto native = self.native;
    native->shutdown();
    Py_RETURN_NONE;
}

bool leave_server(server_payload&, PyObject* self) { // a subclass may have its own shutdown()
    return static_cast<bool>(py_ref{PyObject_CallMethod(self, "shutdown", nullptr)});
}

PyObject* get_tick_ns(const server_payload& self) {
    const auto tick = self.native->native().tick();
    if (!tick) Py_RETURN_NONE;
    return PyLong_FromLongLong(tick->count());
}

PyObject* get_stats(const server_payload& self) {
    const auto native = self.native;
    if (native->inherited()) return native->check_usable(), nullptr;
    const asio_server::server_stats n = native->native().stats();
    py_ref all = make_stats(n.channels);
    const callback_queue& queue = *native->queue();
    if (!all || !add_stat(all, "overrun", queue.lost()) ||
        !add_stat(all, "open_channels", n.open_channels) || !add_stat(all, "ticks", n.ticks) ||
        !add_stat(all, "handler_exceptions", n.handler_exceptions + queue.exceptions()))
        return nullptr;
    return all.release();
}

constexpr const char* server_doc =
    R"(UDP channels by the thousand.

Two threads serve all channels. One calls the callbacks, and waits for packets meanwhile; the other
never has the GIL, and serves the sockets while the first is held up in Python. Datagrams are received
as they arrive, ticks or not.

)";

constexpr const char* server_end =
    R"(
Every method may be called from any thread and from inside any callback. `with server:` shuts it
down. A child after fork() can only drop it. Raises ValueError, OSError.)";

constexpr const char* create_channel_doc =
    R"(Opens a UDP socket, bound on return. Packets of a channel come in order, one at a time, on one
thread for all channels of the server. What a callback raises goes to sys.unraisablehook.

)";

constexpr const char* create_call_doc =
    R"(Opens a telephone call: see rtpsynth.voice.VoiceCall. The server should have tick_hz=None, since with
a tick packets leave up to a tick late.

)";

constexpr const char* create_channel_errors =
    R"(
Raises TypeError, ValueError, OSError with errno (EADDRINUSE, …), RuntimeError after shutdown().)";

constexpr const char* shutdown_doc =
    R"(Closes all sockets and ends the server's threads. No further callback starts; one that runs is
waited for only briefly. May be called any number of times, from any thread or callback.)";

constexpr const char* stats_doc =
    R"(A dict of ints: the counters of RtpChannel.stats, summed over open and closed channels, and
open_channels, ticks (on which something was sent) and handler_exceptions (raised by callbacks).)";

PyTypeObject* server_type = nullptr;

bool write_metrics(PyObject* object, metrics_page& page, const metric_labels& labels) {
    auto* const self = initialised<server_payload>(object);
    if (self == nullptr) return false;
    const auto native = self->native;
    if (native->inherited()) return native->check_usable();
    asio_server::server_stats n = native->native().stats();
    const callback_queue& queue = *native->queue();
    n.handler_exceptions += queue.exceptions();
    asio_server::add_metrics(page, n, labels);
    page.counter("rtpsynth_server_overrun_total",
                 "Datagrams and frames dropped: callbacks were too slow", queue.lost(), labels);
    return true;
}

} // namespace

std::shared_ptr<server> to_server(PyObject* value, const char* name) {
    if (PyObject_TypeCheck(value, server_type) == 0) {
        PyErr_Format(PyExc_TypeError, "%s must be an RtpServer, not %.200s", name,
                     Py_TYPE(value)->tp_name);
        return nullptr;
    }
    auto* const self = initialised<server_payload>(value);
    return self != nullptr && self->native->check_usable() ? self->native : nullptr;
}

void bind_server() {
    bind_channel();
    bind_inbox();
    bind_loop_server();
    bind_voice_call();
    server_table.publish();
    channel_table.publish();
    call_table.publish();
    server_type = heap_type<server_payload>::add({
        .name = "rtpsynth.RtpServer.RtpServer",
        .doc = server_doc + server_table.documentation() + server_end,
        .flags = Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
        .init = init<initialise>(server_table.signature()),
        .methods = {method<open_channel>(channel_table.signature(),
                                         create_channel_doc + channel_table.documentation() +
                                             create_channel_errors),
                    method<open_call>(call_table.signature(), create_call_doc +
                                                                  call_table.documentation() +
                                                                  create_channel_errors),
                    method<"shutdown()", shutdown>(shutdown_doc), enter(),
                    leave<leave_server>("shutdown().")},
        .attributes = {attribute<get_tick_ns>("tick_ns",
                                              "Nanoseconds between ticks; None for tick_hz=None."),
                       attribute<get_stats>("stats", stats_doc)},
    });
    publish_metrics(server_type, write_metrics);
}

} // namespace rtpsynth::python
