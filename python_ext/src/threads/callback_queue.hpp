/// \file
/// Takes datagrams, frames and what calls have received from where a server is run, which never
/// calls Python, to Python.
#pragma once

#include "threads/python_thread.hpp"
#include "threads/voice_link.hpp"
#include "threads/wake_pipe.hpp"

#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/asio_server/channel/frame_receiver.hpp>

#include <atomic>
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

/// What a server's handlers know of a channel's Python object.
struct channel_link {
    /// Borrowed; null when it is closed or gone. With the GIL held.
    instance<python::channel>* channel = nullptr;
    /// What the queue holds for it, in bytes.
    std::atomic<std::size_t> waiting{0};
    /// Datagrams and frames dropped because Python was too slow or had no memory.
    std::atomic<std::uint64_t> datagrams_lost{0};
    std::atomic<std::uint64_t> frames_lost{0};
};

class callback_queue;

/// A call of Python that brings neither datagrams nor frames, such as an event of a relay. Holds no
/// Python object.
class queued_call {
public:
    virtual ~queued_call() = default;
    /// With the GIL held, where datagrams are delivered.
    virtual void deliver(callback_queue& queue) = 0;

protected:
    queued_call() = default;
    queued_call(const queued_call&) = default;
    queued_call& operator=(const queued_call&) = default;
};

/// A datagram in the queue.
struct queued_datagram {
    boost::asio::ip::udp::endpoint source;
    time_point received_at;
    std::uint32_t size;
};

/// What a callback_queue has taken in, in the order of arrival. It is delivered from its front, and
/// what is delivered is taken out before Python is called, which may call for the next.
class queued_work {
public:
    /// Consecutive datagrams or frames of one channel, or a call.
    struct batch {
        std::shared_ptr<channel_link> to;
        std::uint32_t datagrams;
        std::uint32_t frames;
        std::size_t cost;
        std::shared_ptr<queued_call> call = nullptr; ///< then there is nothing else
    };
    struct taken_datagram : queued_datagram {
        const std::uint8_t* data; ///< until clear()
    };

    bool done() const noexcept { return voices.empty() && batch_ == batches.size(); }
    /// Unless done(), and if there are no voices: what is next.
    const batch& next() const noexcept { return batches[batch_]; }
    /// The next datagram, of next().
    taken_datagram take_datagram() noexcept;
    /// The frames of next(), until clear().
    std::span<asio_server::media_frame> take_frames() noexcept;
    /// The call of next().
    std::shared_ptr<queued_call> take_call() noexcept;
    void skip() noexcept;
    void clear() noexcept;

    voice_list voices; ///< calls; delivered before the batches
    std::vector<batch> batches;
    std::vector<queued_datagram> datagrams;
    std::vector<std::uint8_t> bytes;
    std::vector<asio_server::media_frame> frames;
    std::size_t cost = 0;

private:
    void end_batch() noexcept;

    // What is next:
    std::size_t batch_ = 0, datagram_ = 0, byte_ = 0, frame_ = 0;
};

/// Filled by whoever runs the server, emptied by a thread that calls Python. Holds no Python
/// object, so that it can be destroyed at any time on any thread.
class callback_queue {
public:
    /// Limits of what waits for one channel and for a whole server, in bytes: the data, and 1 KiB
    /// for each datagram or frame.
    static constexpr std::size_t channel_limit = std::size_t{4} << 20;
    static constexpr std::size_t server_limit = std::size_t{256} << 20;

    /// Copies what there is room for and counts the rest. By whoever runs the server.
    void push(const std::shared_ptr<channel_link>& to,
              std::span<const asio_server::datagram_view> datagrams) noexcept;
    /// The same with frames, which are moved from.
    void push(const std::shared_ptr<channel_link>& to,
              std::span<asio_server::media_frame> frames) noexcept;
    /// Adds a call. \return false if there is no memory for it, or after stop()
    bool push(std::shared_ptr<queued_call> call) noexcept;

    /// The same with a call that has something. Any thread.
    void push(const std::shared_ptr<voice_link>& link) noexcept;

    /// Notifies \p pipe if something was pushed since the last take(), once. By whoever runs the
    /// server, after a pass: so that a loop is woken once for all that came together.
    void tell(const wake_pipe& pipe) noexcept;

    /// Counts what was dropped. Any thread.
    void count_lost(std::atomic<std::uint64_t>& of_channel, std::size_t count) noexcept;
    /// Counts an exception that a callback raised.
    void count_exception() noexcept { exceptions_.fetch_add(1, std::memory_order_relaxed); }
    /// Of open and closed channels.
    std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }
    std::uint64_t exceptions() const noexcept {
        return exceptions_.load(std::memory_order_relaxed);
    }

    /// Whether something was pushed. Any thread.
    bool has_work() const noexcept { return filled_.load(std::memory_order_acquire); }
    /// Takes what was pushed. \p out was delivered. \return false if there is nothing
    bool take(queued_work& out);
    /// Delivers what was taken. With the GIL held, on a thread of ours.
    void deliver(queued_work& in, python_thread& python);

    /// With the GIL held: nothing is delivered after it.
    void stop() noexcept;
    bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

private:
    bool has_room(const channel_link& to, std::size_t taken, std::size_t more) const noexcept;
    void commit(const std::shared_ptr<channel_link>& to, queued_work::batch&& added);

    std::mutex mutex_;
    queued_work filling_;
    std::atomic<bool> filled_{false};
    bool told_ = false; // since it was filled
    std::atomic<bool> stopped_{false};
    std::atomic<std::uint64_t> lost_{0};
    std::atomic<std::uint64_t> exceptions_{0};
};

} // namespace rtpsynth::python
