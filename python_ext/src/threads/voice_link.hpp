/// \file
/// Between a voice_stream's handlers, which never call Python, and its Python object.
#pragma once

#include "threads/voice_backlog.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace rtpsynth::python {

class callback_queue;
struct voice_call;
template <class Payload>
struct instance;

/// An async_play or async_drain that was started for Python. Shared by the handler and the Python
/// object; holds no Python object itself.
class voice_operation {
public:
    /// The audio that async_play reads.
    std::vector<std::int16_t> pcm;
    /// Emitted on the server's executor only.
    boost::asio::cancellation_signal cancellation;

    /// By the handler.
    void finish(boost::system::error_code result) noexcept;
    /// Waits for finish(), without the GIL. \return whether it was called
    bool wait_for(std::chrono::milliseconds time);
    /// After finish().
    boost::system::error_code result() const noexcept { return result_; }

private:
    friend struct voice_link;

    std::mutex mutex_;
    std::condition_variable changed_;
    bool finished_ = false;
    boost::system::error_code result_;
    std::shared_ptr<voice_operation> next_; // in voice_link's list
};

/// What a stream's handlers know of its Python object.
struct voice_link {
    explicit voice_link(voice_backlog::limits most) noexcept : backlog_{most} {}

    /// Borrowed; null when it is closed or gone. With the GIL held.
    instance<voice_call>* call = nullptr;

    // By whoever runs the server. \return whether Python is to be told
    bool put(const asio_server::audio_tick& tick, std::span<const std::int16_t> pcm) noexcept;
    bool put(const asio_server::voice_event& event) noexcept;
    void put(std::shared_ptr<voice_operation> finished) noexcept;

    /// What was put is wanted. \return false if there is something already, which is to be taken
    bool want() noexcept;
    /// Nobody wants it now.
    void unwant() noexcept;
    bool empty() const noexcept;
    /// Calls \p take with the backlog, which is not empty. \return false if it was empty
    template <class Take>
    bool with_backlog(Take&& take) {
        const std::lock_guard lock{mutex_};
        if (backlog_.empty()) return false;
        take(backlog_);
        return true;
    }
    /// The operation that finished first; null if none has.
    std::shared_ptr<voice_operation> take_finished() noexcept;
    /// Ticks and events that were dropped.
    std::pair<std::uint64_t, std::uint64_t> lost() const noexcept;

private:
    friend class voice_list;

    mutable std::mutex mutex_;
    voice_backlog backlog_;
    bool wanted_ = false;
    std::shared_ptr<voice_operation> finished_; // the first of a list
    std::atomic<bool> listed_{false};           // in a voice_list
    std::shared_ptr<voice_link> next_;          // there
};

/// A FIFO of links that have something for Python, each at most once. Adding allocates nothing.
class voice_list {
public:
    voice_list() = default;
    voice_list(voice_list&& other) noexcept { swap(other); }
    voice_list& operator=(voice_list&& other) noexcept {
        voice_list old{std::move(*this)};
        swap(other);
        return *this;
    }
    ~voice_list() {
        while (pop()) {
        }
    }

    bool empty() const noexcept { return !first_; }
    /// \return false if it is in a list already
    bool add(const std::shared_ptr<voice_link>& link) noexcept;
    /// \return null if there is none
    std::shared_ptr<voice_link> pop() noexcept;

private:
    void swap(voice_list& other) noexcept {
        first_.swap(other.first_);
        std::swap(last_, other.last_);
    }

    std::shared_ptr<voice_link> first_;
    voice_link* last_ = nullptr;
};

} // namespace rtpsynth::python
