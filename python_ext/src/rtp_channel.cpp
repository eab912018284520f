#include "rtp_channel.hpp"

#include "core/addresses.hpp"
#include "core/stats.hpp"
#include "metrics.hpp"
#include "threads/gil.hpp"

#include <rtpsynth/asio_server/channel/resolve.hpp>
#include <rtpsynth/asio_server/metrics.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace rtpsynth::python {

namespace asio_error = boost::asio::error;

channel::~channel() {
    callback = {};
    other_in = {};
    if (!native && !frames) return;
    const gil_released others_run; // while the socket is closed
    frames.reset();
    native.reset();
}

int channel::traverse(visitproc visit, void* arg) const {
    Py_VISIT(callback.get());
    Py_VISIT(other_in.get());
    return 0;
}

void channel::clear() { // the socket is closed when the object goes
    callback = {};
    other_in = {};
}

void channel::detach() noexcept {
    if (link) link->channel = nullptr;
    closed = true;
}

bool channel::check_open() const {
    if (server->inherited())
        server->check_usable();
    else if (closed)
        PyErr_SetString(PyExc_RuntimeError, "channel is closed");
    else if (server->is_shut_down())
        PyErr_SetString(PyExc_RuntimeError, "Server has been shutdown");
    else
        return true;
    return false;
}

namespace {

PyObject* queue_full_error = nullptr;

PyObject* set_target(const channel& self, const arguments<2>& a) {
    std::string host;
    std::uint16_t port;
    if (!to_host(a[0], "host", host) || !to_integer(a[1], "port", port, 1, 65535) ||
        !self.check_open())
        return nullptr;
    const auto native = self.native; // the channel may be closed while names are looked up
    const bool v6 = native->local_endpoint().address().is_v6();
    const auto target = resolve_released(
        host, port, v6 ? asio_server::address_family::any : asio_server::address_family::v4);
    if (!target || !self.check_open()) return nullptr;
    if (const auto ec = native->set_target(*target)) return set_host_error(ec, host), nullptr;
    Py_RETURN_NONE;
}

/// \return None, or null with the error set that \p ec is in Python
PyObject* sent(const channel& self, const boost::system::error_code& ec) {
    if (!ec) Py_RETURN_NONE;
    if (ec == asio_error::would_block)
        PyErr_SetString(queue_full_error, "channel output queue is full");
    else if (ec == asio_error::not_connected)
        PyErr_SetString(PyExc_RuntimeError, "channel target is not set");
    else if (ec == asio_error::message_size)
        PyErr_Format(PyExc_ValueError, "data must be at most %zu bytes",
                     asio_server::max_datagram_size);
    else if (ec == asio_error::no_memory)
        PyErr_NoMemory();
    else if (self.check_open()) // it was, and is not closed: an error of the system
        set_os_error(ec.value(), ec.message());
    return nullptr;
}

/// Keeps the GIL, although the datagram may leave in this call: that takes 3 us, and whoever lets
/// go beside a thread that computes has it back after 5 ms. (Beside such a thread socket.sendto,
/// which lets go, took 514 us on average, and this 6.)
PyObject* send_pkt(const channel& self, const arguments<2>& a) {
    bytes_view data;
    if (!data.assign(a[0], "data")) return nullptr;
    asio_server::rtp_channel::endpoint to;
    const bool to_target = a[1] == nullptr || a[1] == Py_None;
    if (a[1] != nullptr && a[1] == self.address.get()) // an answer
        to = self.source;
    else if (!to_target && !to_endpoint(a[1], "addr", to))
        return nullptr;
    if (!self.check_open()) return nullptr; // last, since what is before may run Python code
    return sent(self, to_target ? self.native->try_send(data.bytes())
                                : self.native->try_send_to(data.bytes(), to));
}

bool close_open(channel& self) {
    if (!self.check_open()) return false;
    self.detach();
    const py_ref callback{std::move(self.callback)};
    const py_ref other_in{std::move(self.other_in)};
    const auto native = self.native;
    const gil_released others_run;
    native->close();
    return true;
}

PyObject* close(channel& self) {
    if (self.closed) {
        PyErr_SetString(PyExc_RuntimeError, "channel is already closed");
        return nullptr;
    }
    return close_open(self) ? py_ref::share(Py_None).release() : nullptr;
}

bool leave_channel(channel& self, PyObject*) {
    return self.closed || self.server->is_shut_down() || close_open(self);
}

PyObject* reset_source_lock(const channel& self) {
    if (!self.check_open()) return nullptr;
    self.native->reset_source_lock();
    Py_RETURN_NONE;
}

PyObject* get_local_addr(const channel& self) {
    return to_address(self.native->local_endpoint()).release();
}

PyObject* get_locked_source(const channel& self) {
    if (self.server->inherited()) return self.check_open(), nullptr;
    const auto source = self.native->locked_source();
    if (!source) Py_RETURN_NONE;
    return to_address(*source).release();
}

PyObject* get_closed(const channel& self) { return PyBool_FromLong(self.closed); }

PyObject* get_stats(const channel& self) {
    if (self.server->inherited()) return self.check_open(), nullptr;
    py_ref all = make_stats(self.native->stats());
    if (!all || !add_stat(all, "overrun", self.link->datagrams_lost + self.link->frames_lost))
        return nullptr;
    return all.release();
}

PyObject* get_jitter_stats(const channel& self) {
    if (!self.frames) Py_RETURN_NONE;
    if (self.server->inherited()) return self.check_open(), nullptr;
    asio_server::frame_receiver_stats n = self.frames->stats();
    n.overrun += self.link->frames_lost; // the queue that it does not have is ours
    return make_stats(n).release();
}

constexpr const char* channel_doc =
    R"(A UDP channel, made by RtpServer.create_channel.

Every method may be called from any thread and from inside any callback. A channel that nothing
refers to any more is closed, even if its callback refers to it. `with channel:` closes it.)";

constexpr const char* set_target_doc =
    R"(Sets where send_pkt sends to from now on. Packets that are queued already go where they were sent.

host: an address or a name, which is resolved without holding the GIL; port: 1..65535. A channel
bound to '::' takes an IPv4 host as well. Raises ValueError, OSError (no such host), RuntimeError
after close() or shutdown().)";

constexpr const char* send_pkt_doc =
    R"(Queues a copy of data, 0..65507 bytes, for the target, or for addr, a (host, port) whose host is a
numeric address. Never blocks. Packets leave in order, on the server's next tick.

Raises RtpQueueFullError when queue_size packets wait, RuntimeError without a target, after
close() and after shutdown(), ValueError for more bytes than a datagram holds.)";

constexpr const char* reset_source_lock_doc =
    R"(With source_policy='first', forgets the source that the channel is locked to: the channel locks to
the next source that proves itself. Otherwise does nothing. Raises RuntimeError after close() or
shutdown().)";

constexpr const char* close_doc =
    R"(Sends the packets that were accepted and closes the socket. On return its port is free and no
further callback starts; a callback that runs already is not waited for. Raises RuntimeError if the
channel is closed, or its server shut down.)";

constexpr const char* stats_doc = R"(A dict of ints, counted since the channel was made.

received, received_bytes: read and passed on
rejected: dropped by source_policy
overflow: dropped by the kernel, because the socket's receive buffer was full
overrun: datagrams or frames dropped because callbacks were too slow: more than 4 MiB waited, where
each counts as its bytes and 1 KiB
discarded: read, but the channel was closed before they were passed on
receive_errors: reported by the socket; last_receive_error is the errno of the latest
accepted: for sending
sent, sent_bytes: handed to the kernel
send_errors: refused by the kernel, and lost; last_send_error is the errno of the latest
queue_full: refused by send_pkt, not among accepted
cancelled: sends that C++ programs cancelled; 0 here)";

constexpr const char* jitter_stats_doc =
    R"(The jitter buffer's counters, as RtpJBuf.stats has them, and more ints:

other: datagrams that are not RTP; rtcp, stun, zrtp, dtls, turn_channel: of these kinds
overrun: frames dropped because callbacks were too slow; also in stats
no_memory: datagrams dropped for want of memory

None for a channel without frames_in.)";

/// \return none with an error set
py_ref open_channel(const std::shared_ptr<server>& home, const channel_arguments& a) {
    return heap_type<channel>::create([&](channel_object& object) {
        channel& self = object.payload;
        self.server = home;
        self.how = a.how;
        self.callback = py_ref::share(a.callback);
        self.other_in = py_ref::share(a.other_in);
        self.link = std::make_shared<channel_link>();
        self.link->channel = &object;

        const auto queue = home->queue();
        const auto link = self.link;
        std::shared_ptr<asio_server::rtp_channel> native;
        std::unique_ptr<asio_server::frame_receiver> frames;
        {
            const gil_released others_run;
            if (a.jitter) {
                asio_server::frame_receiver_options options{.jitter_buffer = *a.jitter};
                if (a.other_in != nullptr)
                    options.on_other = [link, queue](asio_server::frame_receiver&, datagram_kind,
                                                     const asio_server::datagram_view& datagram) {
                        queue->push(link, {&datagram, 1});
                    };
                frames = std::make_unique<asio_server::frame_receiver>(
                    home->native(), a, options,
                    [link, queue](asio_server::frame_receiver&,
                                  std::span<asio_server::media_frame> ready) {
                        queue->push(link, ready);
                    });
                native = {std::shared_ptr<void>{}, &frames->channel()};
            } else {
                native = home->native().create_channel(
                    a, [link, queue](asio_server::rtp_channel&,
                                     std::span<const asio_server::datagram_view> datagrams) {
                        queue->push(link, datagrams);
                    });
            }
        }
        self.native = std::move(native);
        self.frames = std::move(frames);
        return true;
    });
}

bool write_metrics(PyObject* object, metrics_page& page, const metric_labels& labels) {
    const channel& self = instance_of<channel>(object).payload;
    if (self.server->inherited()) return self.check_open();
    asio_server::add_metrics(page, self.native->stats(), labels);
    page.counter("rtpsynth_channel_overrun_total",
                 "Datagrams and frames dropped: callbacks were too slow",
                 self.link->datagrams_lost + self.link->frames_lost, labels);
    if (self.frames) asio_server::add_metrics(page, self.frames->stats(), labels);
    return true;
}

} // namespace

py_ref create_channel(const std::shared_ptr<server>& home, call c) {
    channel_arguments a;
    if (!home->check_usable() || !a.parse(c) || !home->check_usable()) return {};
    try {
        return open_channel(home, a);
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio_error::operation_aborted)
            PyErr_SetString(PyExc_RuntimeError, "RtpServer is shutting down");
        else
            set_os_error(e.code().value(),
                         e.code().message() + ": " + asio_server::to_string(a.bind));
        return {};
    }
}

void bind_channel() {
    auto* const type = heap_type<channel>::add({
        .name = "rtpsynth.RtpServer.RtpChannel",
        .doc = channel_doc,
        .flags = Py_TPFLAGS_IMMUTABLETYPE,
        .methods = {method<"set_target(host, port)", set_target>(set_target_doc),
                    method<"send_pkt(data, addr=None)", send_pkt>(send_pkt_doc),
                    method<"reset_source_lock()", reset_source_lock>(reset_source_lock_doc),
                    method<"close()", close>(close_doc), enter(),
                    leave<leave_channel>("close(), unless it is closed.")},
        .attributes =
            {attribute<get_local_addr>("local_addr",
                                       "(host, port) the socket is bound to, also when closed."),
             attribute<get_closed>("closed",
                                   "True after close(). Stays False when the server is shut down."),
             attribute<get_locked_source>(
                 "locked_source",
                 "(host, port) that the channel is locked to, or None: see source_policy='first'."),
             attribute<get_stats>("stats", stats_doc),
             attribute<get_jitter_stats>("jitter_stats", jitter_stats_doc)},
    });
    publish_metrics(type, write_metrics);
    queue_full_error = add_exception("rtpsynth.RtpServer.RtpQueueFullError",
                                     "A channel's output queue holds queue_size packets already.");
}

} // namespace rtpsynth::python
