#include "channel_delivery.hpp"

#include "frame_types.hpp"
#include "rtp_channel.hpp"
#include "threads/gil.hpp"

#include <new>
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

    received(python::channel& channel, const queued_datagram& d, const std::uint8_t* bytes)
        : data{bytes_of(bytes, d.size)},
          address{address_of(channel, d.source)},
          time{nanoseconds(d.received_at)} {}
    bool complete() const noexcept { return data && address && time; }
    py_ref as_tuple() const {
        return py_ref{PyTuple_Pack(3, data.get(), address.get(), time.get())};
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

} // namespace

// Making an object may start a garbage collection, which, like a callback, may run any code. Hence
// the reference to the channel, and the check right before each call that it is still open.

void deliver_datagrams(channel_link& link, std::span<const queued_datagram> datagrams,
                       const std::uint8_t* bytes, callback_queue& queue) {
    if (link.channel == nullptr) return;
    const py_ref kept = py_ref::share(link.channel->object());
    python::channel& channel = link.channel->payload;
    const py_ref callback = py_ref::share(channel.how == delivery::frames ? channel.other_in.get()
                                                                          : channel.callback.get());
    const bool one_by_one = channel.how != delivery::batch;
    const auto lose_some = [&](std::size_t count) {
        lose(queue, link.datagrams_lost, callback.get(), count);
    };
    const py_ref list = one_by_one ? py_ref{} : new_list();
    if (!one_by_one && !list) return lose_some(datagrams.size());
    const auto open = [&] { return link.channel != nullptr && !queue.stopped(); };
    for (const queued_datagram& d : datagrams) {
        const received r{channel, d, bytes};
        bytes += d.size;
        if (!open()) return;
        if (!r.complete()) {
            lose_some(1);
        } else if (one_by_one) {
            PyObject* args[] = {nullptr, r.data.get(), r.address.get(), r.time.get()};
            call_back(queue, callback.get(), args + 1, 3);
        } else {
            const py_ref item = guarded([&] { return r.as_tuple(); });
            if (!item || PyList_Append(list.get(), item.get()) != 0) lose_some(1);
        }
    }
    if (!one_by_one && open() && PyList_GET_SIZE(list.get()) != 0)
        call_with_list(queue, callback.get(), list);
}

void deliver_frames(channel_link& link, std::span<media_frame> frames, callback_queue& queue) {
    if (link.channel == nullptr) return;
    const py_ref kept = py_ref::share(link.channel->object());
    python::channel& channel = link.channel->payload;
    const py_ref callback = py_ref::share(channel.callback.get());
    const auto lose_some = [&](std::size_t count) {
        lose(queue, link.frames_lost, callback.get(), count);
    };
    const py_ref list = new_list();
    if (!list) return lose_some(frames.size());
    for (media_frame& f : frames) {
        const py_ref frame = frame_of(channel, f);
        if (!frame || PyList_Append(list.get(), frame.get()) != 0) lose_some(1);
    }
    if (link.channel != nullptr && !queue.stopped() && PyList_GET_SIZE(list.get()) != 0)
        call_with_list(queue, callback.get(), list);
}

} // namespace rtpsynth::python
