#include "channel_delivery.hpp"

#include "aio_inbox.hpp"
#include "frame_types.hpp"
#include "rtp_channel.hpp"
#include "threads/gil.hpp"
#include "voice_events.hpp"

#include <new>
#include <span>
#include <string>
#include <variant>

namespace rtpsynth::python {

using asio_server::media_frame;
using asio_server::rtp_frame;

namespace {

/// (host, port), the same object as long as the source is the same.
py_ref address_of(python::channel& channel, const boost::asio::ip::udp::endpoint& source) {
    if (!channel.address || channel.source != source) {
        py_ref address;
        try {
            const std::string host = source.address().to_string();
            address =
                guarded([&] { return py_ref{Py_BuildValue("(sH)", host.c_str(), source.port())}; });
        } catch (const std::bad_alloc&) {
            PyErr_NoMemory();
        }
        if (!address) return address;
        channel.source = source;
        channel.address = std::move(address);
    }
    return py_ref::share(channel.address.get());
}

py_ref nanoseconds(time_point t) {
    return py_ref{PyLong_FromLongLong(t.time_since_epoch().count())};
}

py_ref bytes_of(const std::uint8_t* data, std::size_t size) {
    return py_ref{PyBytes_FromStringAndSize(reinterpret_cast<const char*>(data),
                                            static_cast<Py_ssize_t>(size))};
}

/// The arguments of a callback for one datagram.
struct received {
    py_ref data, address, time;

    received(python::channel& channel, const queued_work::taken_datagram& d)
        : data{bytes_of(d.data, d.size)}, // first: what follows may run any code
          address{data ? address_of(channel, d.source) : py_ref{}},
          time{address ? nanoseconds(d.received_at) : py_ref{}} {}
    bool complete() const noexcept { return static_cast<bool>(time); }

    /// A tuple of them, or an instance of a class that is derived from tuple and adds no members.
    /// They are moved from.
    py_ref as_tuple(PyTypeObject* type = &PyTuple_Type) {
        const bool derived = type != &PyTuple_Type;
        py_ref tuple{derived ? type->tp_alloc(type, 3) : PyTuple_New(3)};
        if (!tuple) return tuple;
        PyTuple_SET_ITEM(tuple.get(), 0, data.release());
        PyTuple_SET_ITEM(tuple.get(), 1, address.release());
        PyTuple_SET_ITEM(tuple.get(), 2, time.release());
        return tuple;
    }
};

/// For want of memory: counts the items as lost, and reports the MemoryError.
void lose(callback_queue& queue, std::atomic<std::uint64_t>& of_channel, PyObject* callback,
          std::size_t count = 1) {
    queue.count_lost(of_channel, count);
    write_unraisable(callback);
}

void call_back(callback_queue& queue, PyObject* callback, PyObject** args, std::size_t count) {
    if (call_back_python(callback, args, count)) return;
    queue.count_exception();
    write_unraisable(callback);
}

py_ref new_list() {
    return guarded([] { return py_ref{PyList_New(0)}; });
}

void call_with_list(callback_queue& queue, PyObject* callback, const py_ref& list) {
    PyObject* args[] = {nullptr, list.get()};
    call_back(queue, callback, args + 1, 1);
}

py_ref frame_of(python::channel& channel, media_frame& frame) {
    if (const auto* gap = std::get_if<erasure>(&frame)) return make_erasure_frame(*gap);
    const auto& packet = std::get<rtp_frame>(frame);
    const auto datagram = packet.owner.data();
    const py_ref bytes = bytes_of(datagram.data(), datagram.size());
    py_ref address = bytes ? address_of(channel, packet.owner.source()) : py_ref{};
    if (!address) return address;
    rtp_packet_view view;
    static_cast<void>( // it is a packet already
        view.assign(reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(bytes.get())),
                    datagram.size()));
    return make_packet_frame(view, packet.lseq, bytes, std::move(address));
}

/// A batch that is being delivered.
struct delivering {
    queued_work& in;
    callback_queue& queue;
    const std::shared_ptr<channel_link> link;
    python::channel& channel;
    const py_ref callback;

    bool open() const noexcept { return link->channel != nullptr && !queue.stopped(); }
    void lose_datagram() const { lose(queue, link->datagrams_lost, callback.get()); }
};

void call_with_datagram(const delivering& now) {
    const received r{now.channel, now.in.take_datagram()};
    if (!now.open()) return;
    if (!r.complete()) return now.lose_datagram();
    PyObject* args[] = {nullptr, r.data.get(), r.address.get(), r.time.get()};
    call_back(now.queue, now.callback.get(), args + 1, 3);
}

void call_with_datagrams(const delivering& now) {
    const py_ref list = new_list();
    if (!list) {
        lose(now.queue, now.link->datagrams_lost, now.callback.get(), now.in.next().datagrams);
        return now.in.skip();
    }
    for (std::uint32_t left = now.in.next().datagrams; left != 0; --left) {
        received r{now.channel, now.in.take_datagram()};
        const py_ref item = r.complete() ? guarded([&] { return r.as_tuple(); }) : py_ref{};
        if (!item || PyList_Append(list.get(), item.get()) != 0) now.lose_datagram();
    }
    if (now.open() && PyList_GET_SIZE(list.get()) != 0)
        call_with_list(now.queue, now.callback.get(), list);
}

bool put_datagram(const delivering& now, aio_inbox& inbox) {
    received r{now.channel, now.in.take_datagram()};
    if (!now.open()) return true;
    if (r.complete() && inbox.on_packet && !inbox.threaded) {
        PyObject* args[] = {nullptr, r.data.get(), r.address.get(), r.time.get()};
        return inbox.call(args + 1);
    }
    auto* const type = reinterpret_cast<PyTypeObject*>(inbox.packet_type.get());
    py_ref item =
        r.complete() && type != nullptr ? guarded([&] { return r.as_tuple(type); }) : py_ref{};
    if (!item) return now.lose_datagram(), true;
    return inbox.put(std::move(item));
}

bool put_datagrams(const delivering& now, aio_inbox& inbox) {
    if (!inbox.threaded) return put_datagram(now, inbox);
    for (std::uint32_t left = now.in.next().datagrams; left != 0; --left) put_datagram(now, inbox);
    inbox.notify();
    return true;
}

bool deliver_frames(const delivering& now, aio_inbox* inbox) {
    const std::span<media_frame> frames = now.in.take_frames();
    const py_ref list = new_list();
    if (!list) {
        lose(now.queue, now.link->frames_lost, now.callback.get(), frames.size());
        return true;
    }
    // Nothing else is taken before they are Python's.
    for (media_frame& f : frames) {
        const py_ref frame = frame_of(now.channel, f);
        if (!frame || PyList_Append(list.get(), frame.get()) != 0)
            lose(now.queue, now.link->frames_lost, now.callback.get());
    }
    if (!now.open() || PyList_GET_SIZE(list.get()) == 0) return true;
    if (inbox != nullptr) return inbox->put_all(list.get());
    call_with_list(now.queue, now.callback.get(), list);
    return true;
}

} // namespace

// Making an object may start a garbage collection, which, like a callback, may run any code. Hence
// the references to channel and callback, and the check right before each call that the channel is
// still open.

bool deliver_next(queued_work& in, callback_queue& queue) {
    if (const auto call = in.voices.pop()) return deliver_voice(call, queue);
    if (in.next().call) return in.take_call()->deliver(queue), true;
    auto link = in.next().to;
    if (link->channel == nullptr) return in.skip(), true;
    const py_ref kept = py_ref::share(link->channel->object());
    python::channel& channel = link->channel->payload;
    const bool framed = in.next().frames != 0;
    const bool other = channel.how == delivery::frames && !framed;
    const delivering now{in, queue, std::move(link), channel,
                         py_ref::share(other ? channel.other_in.get() : channel.callback.get())};
    aio_inbox* const inbox = other ? nullptr : to_inbox(now.callback.get());
    if (framed) return deliver_frames(now, inbox);
    if (inbox != nullptr) return put_datagrams(now, *inbox);
    if (channel.how == delivery::batch)
        call_with_datagrams(now);
    else
        call_with_datagram(now);
    return true;
}

} // namespace rtpsynth::python
