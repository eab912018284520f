/// \file
/// From a relay's handlers, which never call Python, to its Python callbacks.
#pragma once

#include "threads/callback_queue.hpp"

#include <rtpsynth/asio_server/call/relay_options.hpp>

#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

namespace rtpsynth::python {

struct relay;

/// Keeps the latest event of each kind until Python is called, so that it takes no memory however
/// slow Python is. It is in the queue once at most.
class relay_link final : public queued_call, public std::enable_shared_from_this<relay_link> {
public:
    using endpoint = boost::asio::ip::udp::endpoint;

    explicit relay_link(std::shared_ptr<callback_queue> queue) noexcept
        : queue_{std::move(queue)} {}

    // By whoever runs the server:
    void media_timeout(asio_server::relay_leg leg) noexcept;
    void source_changed(asio_server::relay_leg leg, const endpoint& source) noexcept;
    void closed(const boost::system::error_code& error) noexcept;

    // With the GIL held:
    /// From here on events are delivered, those of before included. \return whether there are some,
    /// for which whoever runs the server is to be woken
    bool attach(instance<python::relay>& object) noexcept;
    /// No callback begins any more.
    void detach() noexcept { relay_ = nullptr; }
    /// The same, but for the one that follows closed().
    void close() noexcept { closing_ = true; }

    void deliver(callback_queue& queue) override;

private:
    enum kind : std::size_t { timeout_a, timeout_b, source_a, source_b, close_done, kinds };
    struct event {
        std::uint64_t order = 0; // 0: none
        endpoint source{};
        boost::system::error_code error{};
    };
    using events = std::array<event, kinds>;

    void note(std::size_t what, event e) noexcept;
    bool enqueue() noexcept;
    void call(callback_queue& queue, std::size_t what, const event& e);

    const std::shared_ptr<callback_queue> queue_;
    std::mutex mutex_;
    events pending_;
    std::uint64_t order_ = 0;
    bool queued_ = false;
    // With the GIL held:
    instance<python::relay>* relay_ = nullptr; // borrowed
    bool attached_ = false;
    bool closing_ = false;
};

} // namespace rtpsynth::python
