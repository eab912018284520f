/// \file
/// A user's receive handler behind one virtual call per batch.
#pragma once

#include <rtpsynth/asio_server/channel/datagram.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace rtpsynth::asio_server {
class rtp_channel;
}

namespace rtpsynth::asio_server::detail {

/// Called before each call of a handler, and after a call that threw.
class delivery_gate {
public:
    /// Whether another call may begin.
    virtual bool is_open() const noexcept = 0;
    /// A call of the handler has thrown.
    virtual void failed(std::exception_ptr error) noexcept = 0;

protected:
    ~delivery_gate() = default;
};

class receive_handler {
public:
    virtual ~receive_handler() = default;
    /// \return how many datagrams of the batch were delivered
    virtual std::size_t deliver(rtp_channel& channel, std::span<const datagram_view> batch,
                                delivery_gate& gate) noexcept = 0;
};

template <class Handler>
concept batch_handler = std::is_invocable_v<Handler&, rtp_channel&, std::span<const datagram_view>>;
template <class Handler>
concept single_handler = std::is_invocable_v<Handler&, rtp_channel&, const datagram_view&>;

template <class Handler>
class receive_handler_of final : public receive_handler {
public:
    template <class H>
    explicit receive_handler_of(H&& handler) : handler_{std::forward<H>(handler)} {}

    std::size_t deliver(rtp_channel& channel, std::span<const datagram_view> batch,
                        delivery_gate& gate) noexcept override {
        if constexpr (batch_handler<Handler>) {
            return call(channel, batch, gate) ? batch.size() : 0;
        } else {
            std::size_t done = 0;
            while (done != batch.size() && call(channel, batch[done], gate)) ++done;
            return done;
        }
    }

private:
    template <class Argument>
    bool call(rtp_channel& channel, const Argument& argument, delivery_gate& gate) noexcept {
        if (!gate.is_open()) return false;
        try {
            handler_(channel, argument);
        } catch (...) {
            gate.failed(std::current_exception());
        }
        return true;
    }

    Handler handler_;
};

template <class Handler>
requires single_handler<std::decay_t<Handler>> || batch_handler<std::decay_t<Handler>>
    std::unique_ptr<receive_handler> make_receive_handler(Handler&& handler) {
    return std::make_unique<receive_handler_of<std::decay_t<Handler>>>(
        std::forward<Handler>(handler));
}

} // namespace rtpsynth::asio_server::detail
