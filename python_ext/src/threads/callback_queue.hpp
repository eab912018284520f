/// \file
/// Takes datagrams and frames from a server's I/O thread, which never has the GIL, to Python.
#pragma once

#include "threads/python_thread.hpp"

#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/asio_server/channel/frame_receiver.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace rtpsynth::python {

struct channel;
template <class Payload>
struct instance;

/// What the I/O thread knows of a channel's Python object.
struct channel_link {
    /// Borrowed; null when it is closed or gone. With the GIL held.
    instance<python::channel>* channel = nullptr;
    /// What the queue holds for it, in bytes.
    std::atomic<std::size_t> waiting{0};
    /// Datagrams and frames dropped because Python was too slow or had no memory.
    std::atomic<std::uint64_t> datagrams_lost{0};
    std::atomic<std::uint64_t> frames_lost{0};
};

/// A datagram in the queue.
struct queued_datagram {
    boost::asio::ip::udp::endpoint source;
    time_point received_at;
    std::uint32_t size;
};

/// Filled by the I/O thread, emptied by a thread that calls Python. Holds no Python object, so that
/// it can be destroyed at any time on any thread.
class callback_queue {
public:
    /// Limits of what waits for one channel and for a whole server, in bytes: the data, and 1 KiB
    /// for each datagram or frame.
    static constexpr std::size_t channel_limit = std::size_t{4} << 20;
    static constexpr std::size_t server_limit = std::size_t{256} << 20;

    /// Copies what there is room for and counts the rest. On the I/O thread.
    void push(const std::shared_ptr<channel_link>& to,
              std::span<const asio_server::datagram_view> datagrams) noexcept;
    /// The same with frames, which are moved from.
    void push(const std::shared_ptr<channel_link>& to,
              std::span<asio_server::media_frame> frames) noexcept;

    /// Counts what was dropped. Any thread.
    void count_lost(std::atomic<std::uint64_t>& of_channel, std::size_t count) noexcept;
    /// Counts an exception that a callback raised.
    void count_exception() noexcept { exceptions_.fetch_add(1, std::memory_order_relaxed); }
    /// Of open and closed channels.
    std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }
    std::uint64_t exceptions() const noexcept {
        return exceptions_.load(std::memory_order_relaxed);
    }

    /// Delivers what arrives, in order, until stop().
    void run(python_thread& python);

    /// With the GIL held: nothing is delivered after it.
    void stop() noexcept;
    bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

private:
    /// Consecutive datagrams or frames of one channel.
    struct batch {
        std::shared_ptr<channel_link> to;
        std::uint32_t datagrams;
        std::uint32_t frames;
        std::size_t cost;
    };
    struct contents {
        std::vector<batch> batches;
        std::vector<queued_datagram> datagrams;
        std::vector<std::uint8_t> bytes;
        std::vector<asio_server::media_frame> frames;
        std::size_t cost = 0;

        void clear() noexcept;
    };

    /// \return false if there is nothing; with \p wait that is after stop()
    bool take(contents& out, bool wait);
    void deliver(contents& in, python_thread& python);
    bool has_room(const channel_link& to, std::size_t taken, std::size_t more) const noexcept;
    void commit(const std::shared_ptr<channel_link>& to, batch&& added);

    std::mutex mutex_;
    std::condition_variable changed_;
    contents filling_;
    std::atomic<bool> stopped_{false};
    std::atomic<std::uint64_t> lost_{0};
    std::atomic<std::uint64_t> exceptions_{0};
};

} // namespace rtpsynth::python
