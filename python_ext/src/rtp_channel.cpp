#include "rtp_channel.hpp"

#include "channel_arguments.hpp"
#include "core/addresses.hpp"
#include "core/call.hpp"
#include "core/heap_type.hpp"
#include "core/stats.hpp"

#include <boost/asio/error.hpp>

#include <new>
#include <utility>

namespace rtpsynth::python {

namespace asio_error = boost::asio::error;
using asio_server::channel_stats;

namespace {

PyTypeObject* channel_type = nullptr;
PyObject* queue_full_error = nullptr;

channel_object& as_channel(PyObject* self) { return *reinterpret_cast<channel_object*>(self); }

/// \return false with RuntimeError set unless the channel is open and its server runs
bool check_open(const channel_object& self) {
    if (!self.s.channel)
        PyErr_SetString(PyExc_RuntimeError, "channel is not open yet");
    else if (self.s.server->is_inherited())
        self.s.server->check_usable();
    else if (self.s.closed)
        PyErr_SetString(PyExc_RuntimeError, "channel is closed");
    else if (self.s.server->is_shut_down())
        PyErr_SetString(PyExc_RuntimeError, "Server has been shutdown");
    else
        return true;
    return false;
}

/// From here on no callback begins.
void detach(channel_object& self) noexcept {
    if (self.s.link) self.s.link->channel = nullptr;
    self.s.closed = true;
}

constexpr const char* set_target_doc =
    "set_target($self, /, host, port)\n--\n\n"
    "Where send_pkt sends to from now on; what is queued goes where it went.\n\n"
    "host is an address or a name, which is resolved without holding the GIL; port is 1..65535.\n"
    "An IPv4 host is fine for a channel bound to '::'. Raises ValueError, OSError (no such host),\n"
    "RuntimeError after close() or shutdown().";
constexpr parameters<2> set_target_parameters{"set_target", 2, {"host", "port"}};

PyObject* set_target(PyObject* object, call c) {
    std::array<PyObject*, 2> a;
    channel_object& self = as_channel(object);
    std::string host;
    std::uint16_t port;
    if (!set_target_parameters.parse(c, a) || !to_host(a[0], "host", host) ||
        !to_integer(a[1], "port", port, 1, 65535) || !check_open(self))
        return nullptr;
    const auto channel = self.s.channel; // the channel may be closed while names are looked up
    const bool v6 = channel->local_endpoint().address().is_v6();
    const auto target = resolve_released(
        host, port, v6 ? asio_server::address_family::any : asio_server::address_family::v4);
    if (!target || !check_open(self)) return nullptr;
    if (const auto ec = channel->set_target(*target)) return set_host_error(ec, host), nullptr;
    Py_RETURN_NONE;
}

/// \return null with the error set that \p ec is in Python, None if it is none
PyObject* sent(const channel_object& self, const boost::system::error_code& ec) {
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
    else if (check_open(self)) // it was, and is not closed: something of the system's
        set_os_error(ec.value(), ec.message());
    return nullptr;
}

constexpr const char* send_pkt_doc =
    "send_pkt($self, /, data, addr=None)\n--\n\n"
    "Queues a copy of data, 0..65507 bytes, to the target, or to addr, a (host, port) of which\n"
    "host is a numeric address. Never blocks; packets leave in order, on the server's next "
    "tick.\n\n"
    "Raises RtpQueueFullError when queue_size packets wait, RuntimeError without a target, after\n"
    "close() and after shutdown(), ValueError for more bytes than fit into a datagram.";
constexpr parameters<2> send_pkt_parameters{"send_pkt", 1, {"data", "addr"}};

PyObject* send_pkt(PyObject* object, call c) {
    std::array<PyObject*, 2> a;
    const channel_object& self = as_channel(object);
    bytes_view data;
    if (!send_pkt_parameters.parse(c, a) || !data.assign(a[0], "data")) return nullptr;
    asio_server::rtp_channel::endpoint to;
    const bool to_target = a[1] == nullptr || a[1] == Py_None;
    if (!to_target && !to_endpoint(a[1], "addr", to)) return nullptr;
    if (!check_open(self)) return nullptr; // last, since what is before may run Python code
    return sent(self, to_target ? self.s.channel->try_send(data.bytes())
                                : self.s.channel->try_send_to(data.bytes(), to));
}

constexpr const char* close_doc =
    "close($self, /)\n--\n\n"
    "Sends what was accepted and closes the socket: on return its port is free, and no callback\n"
    "starts any more. One that runs already is not waited for. Raises RuntimeError if the channel\n"
    "is closed, or its server shut down.";
constexpr parameters<0> close_parameters{"close", 0, {}};

PyObject* close(PyObject* object, call c) {
    std::array<PyObject*, 0> a;
    channel_object& self = as_channel(object);
    if (!close_parameters.parse(c, a)) return nullptr;
    if (self.s.channel && self.s.closed)
        PyErr_SetString(PyExc_RuntimeError, "channel is already closed");
    else if (check_open(self)) {
        detach(self);
        const py_ref callback{std::exchange(self.callback, nullptr)};
        const py_ref other_in{std::exchange(self.other_in, nullptr)};
        const auto channel = self.s.channel;
        const gil_released others_run;
        channel->close();
    }
    if (PyErr_Occurred()) return nullptr;
    Py_RETURN_NONE;
}

constexpr const char* reset_source_lock_doc =
    "reset_source_lock($self, /)\n--\n\n"
    "With source_policy='first', forgets the source that the channel is locked to: the next one "
    "that\n"
    "proves itself is locked to. Otherwise does nothing. Raises RuntimeError after close() or\n"
    "shutdown().";
constexpr parameters<0> reset_source_lock_parameters{"reset_source_lock", 0, {}};

PyObject* reset_source_lock(PyObject* object, call c) {
    std::array<PyObject*, 0> a;
    const channel_object& self = as_channel(object);
    if (!reset_source_lock_parameters.parse(c, a) || !check_open(self)) return nullptr;
    self.s.channel->reset_source_lock();
    Py_RETURN_NONE;
}

PyObject* leave(PyObject* object, PyObject*) {
    channel_object& self = as_channel(object);
    if (!self.s.channel || self.s.closed || self.s.server->is_shut_down()) Py_RETURN_FALSE;
    const py_ref done{close(object, {nullptr, 0, nullptr})};
    if (!done) return nullptr;
    Py_RETURN_FALSE;
}

PyObject* get_local_addr(PyObject* object, void*) {
    const channel_object& self = as_channel(object);
    if (!self.s.channel) return check_open(self), nullptr;
    return translated([&] { return to_address(self.s.channel->local_endpoint()).release(); });
}

PyObject* get_locked_source(PyObject* object, void*) {
    const channel_object& self = as_channel(object);
    if (!self.s.channel || self.s.server->is_inherited()) return check_open(self), nullptr;
    const auto source = self.s.channel->locked_source();
    if (!source) Py_RETURN_NONE;
    return translated([&] { return to_address(*source).release(); });
}

PyObject* get_closed(PyObject* object, void*) {
    return PyBool_FromLong(as_channel(object).s.closed);
}

PyObject* get_stats(PyObject* object, void*) {
    const channel_object& self = as_channel(object);
    if (!self.s.channel || self.s.server->is_inherited()) return check_open(self), nullptr;
    const channel_stats n = self.s.channel->stats();
    py_ref all = make_stats(n);
    const auto& link = *self.s.link;
    if (!all || !add_stat(all, "overrun", link.datagrams_lost + link.frames_lost)) return nullptr;
    return all.release();
}

PyObject* get_jitter_stats(PyObject* object, void*) {
    const channel_object& self = as_channel(object);
    if (!self.s.frames) Py_RETURN_NONE;
    if (self.s.server->is_inherited()) return self.s.server->check_usable(), nullptr;
    asio_server::frame_receiver_stats n = self.s.frames->stats();
    n.overrun += self.s.link->frames_lost; // the queue that it does not have is ours
    return make_stats(n).release();
}

int traverse(PyObject* object, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(as_channel(object).callback);
    Py_VISIT(as_channel(object).other_in);
    return 0;
}

int clear(PyObject* object) {
    detach(as_channel(object)); // the socket is closed when the object goes
    Py_CLEAR(as_channel(object).callback);
    Py_CLEAR(as_channel(object).other_in);
    return 0;
}

void destroy(PyObject* object) {
    channel_object& self = as_channel(object);
    detach(self); // before any code runs, which would let a callback revive it
    PyObject_GC_UnTrack(object);
    clear_weak_references(self);
    {
        const error_aside kept;
        Py_CLEAR(self.callback);
        Py_CLEAR(self.other_in);
        {
            auto channel = std::move(self.s.channel);
            auto frames = std::move(self.s.frames);
            if (channel || frames) { // closes the socket
                const gil_released others_run;
                frames.reset();
                channel.reset();
            }
        }
        self.s.~state();
    }
    free_object(object);
}

constexpr const char* channel_stats_doc =
    "What has happened, a dict of ints.\n\n"
    "received, received_bytes  read and passed on\n"
    "rejected        by source_policy\n"
    "overflow        dropped by the kernel, since the socket's receive buffer was full\n"
    "overrun         datagrams or frames dropped since callbacks were too slow for 4 MiB, each\n"
    "                counted with 1 KiB on top of its bytes\n"
    "discarded       read, but the channel was closed before they were passed on\n"
    "receive_errors  that the socket reported; last_receive_error is the errno of the latest\n"
    "accepted        for sending\n"
    "sent, sent_bytes  handed to the kernel\n"
    "send_errors     refused by the kernel, and lost; last_send_error is the errno of the latest\n"
    "queue_full      refused by send_pkt, not among the accepted\n"
    "cancelled       0 here: sends that C++ programs cancelled";

constexpr const char* jitter_stats_doc =
    "What the jitter buffer counts, as RtpJBuf.stats, and, all ints:\n\n"
    "other      datagrams that are not RTP: rtcp, stun, zrtp, dtls, turn_channel and unknown ones\n"
    "overrun    frames dropped since callbacks were too slow; also in stats\n"
    "no_memory  datagrams dropped for want of memory\n\n"
    "None for a channel without frames_in.";

PyMethodDef methods[] = {
    function<set_target>("set_target", set_target_doc),
    function<send_pkt>("send_pkt", send_pkt_doc),
    function<reset_source_lock>("reset_source_lock", reset_source_lock_doc),
    function<close>("close", close_doc),
    enter_method(),
    exit_method(leave, "__exit__($self, /, *exc)\n--\n\nclose(), unless it is closed."),
    {}};

PyGetSetDef attributes[] = {
    {"local_addr", get_local_addr, nullptr,
     "(host, port) the socket is bound to, also when closed.", nullptr},
    {"closed", get_closed, nullptr, "True after close(). Stays False when the server is shut down.",
     nullptr},
    {"locked_source", get_locked_source, nullptr,
     "(host, port) that the channel is locked to, or None: see source_policy='first'.", nullptr},
    {"stats", get_stats, nullptr, channel_stats_doc, nullptr},
    {"jitter_stats", get_jitter_stats, nullptr, jitter_stats_doc, nullptr},
    {}};

constexpr const char* channel_doc =
    "A UDP channel, made by RtpServer.create_channel.\n\n"
    "Every method may be called from any thread and from inside any callback. A channel that "
    "nobody\n"
    "refers to any more is closed, also if its callback refers to it. `with channel:` closes it.";

} // namespace

py_ref open_channel(const std::shared_ptr<server>& home, const channel_arguments& a) {
    auto* const self = reinterpret_cast<channel_object*>(channel_type->tp_alloc(channel_type, 0));
    py_ref object{reinterpret_cast<PyObject*>(self)};
    if (!object) return object;
    PyObject_GC_UnTrack(object.get()); // nobody sees it before it is whole
    new (&self->s) channel_object::state;
    self->s.server = home;
    self->s.how = a.how;
    self->s.link = std::make_shared<channel_link>();
    self->callback = py_ref::share(a.callback).release();
    self->other_in = py_ref::share(a.other_in).release();
    self->s.link->channel = self;

    const auto queue = home->queue();
    const auto link = self->s.link;
    std::shared_ptr<asio_server::rtp_channel> channel;
    std::unique_ptr<asio_server::frame_receiver> frames;
    {
        const gil_released others_run;
        if (a.jitter_buffer) {
            asio_server::frame_receiver_options options{.jitter_buffer = *a.jitter_buffer};
            if (a.other_in != nullptr)
                options.on_other = [link, queue](asio_server::frame_receiver&, datagram_kind,
                                                 const asio_server::datagram_view& datagram) {
                    queue->push(link, {&datagram, 1});
                };
            frames = std::make_unique<asio_server::frame_receiver>(
                home->native(), a.options, options,
                [link, queue](asio_server::frame_receiver&,
                              std::span<asio_server::media_frame> ready) {
                    queue->push(link, ready);
                });
            channel = {std::shared_ptr<void>{}, &frames->channel()};
        } else {
            channel = home->native().create_channel(
                a.options, [link, queue](asio_server::rtp_channel&,
                                         std::span<const asio_server::datagram_view> datagrams) {
                    queue->push(link, datagrams);
                });
        }
    }
    self->s.channel = std::move(channel);
    self->s.frames = std::move(frames);
    PyObject_GC_Track(object.get());
    return object;
}

void bind_channel_type() {
    PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(channel_doc)},
                           {Py_tp_methods, methods},
                           {Py_tp_getset, attributes},
                           {Py_tp_members, weak_members},
                           slot(Py_tp_traverse, traverse),
                           slot(Py_tp_clear, clear),
                           slot(Py_tp_dealloc, destroy),
                           {0, nullptr}};
    PyType_Spec spec{"rtpsynth.RtpServer.RtpChannel", sizeof(channel_object), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION |
                         Py_TPFLAGS_IMMUTABLETYPE,
                     slots};
    channel_type = add_type("RtpChannel", spec);
    queue_full_error = add_exception("RtpQueueFullError", "rtpsynth.RtpServer.RtpQueueFullError",
                                     "A channel's output queue holds queue_size packets already.");
}

} // namespace rtpsynth::python
