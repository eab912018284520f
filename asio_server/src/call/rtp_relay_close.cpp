// Closing a relay, at once or after its channels' queues have been sent.
#include "call/rtp_relay_impl.hpp"
#include "server/completion.hpp"
#include "server/completion_queue.hpp"

#include <boost/asio/error.hpp>

#include <array>
#include <memory>
#include <mutex>
#include <utility>

namespace rtpsynth::asio_server {

using boost::system::error_code;

/// An async_close of a relay: completes when each of its channels has closed. The channels'
/// handlers keep it; if they are destroyed without being called, so is the relay's.
class rtp_relay::impl::joint_close {
public:
    struct operation : detail::error_operation {
        using error_operation::error_operation;
        void call(completion::pointer self) override {
            const auto last = std::move(relay); // a handler may be waited for that destroys it
            error_operation::call(std::move(self));
        }
        std::shared_ptr<impl> relay{};
    };

    /// Expects what starts it to call closed(), too.
    explicit joint_close(std::unique_ptr<operation> op) noexcept : op_{std::move(op)} {}
    ~joint_close() {
        if (!op_) return;
        const auto relay = op_->relay; // the executor's context is destroyed
        if (relay->home().inherited()) {
            relay->abandon();
            return;
        }
        const std::lock_guard lock{relay->lock_};
        if (relay->closing_ == op_->id) relay->closing_ = 0;
    }

    /// Another channel is to close.
    void expect() noexcept {
        const std::lock_guard lock{op_->relay->lock_};
        ++expected_;
    }
    void closed(error_code result) noexcept {
        const auto relay = op_->relay;
        detail::completions done{relay->home().completing()};
        const std::lock_guard lock{relay->lock_};
        if (!result_) result_ = result;
        if (--expected_ != 0) return;
        if (relay->closing_ == op_->id) relay->closing_ = 0;
        op_->result = result_;
        done.push(std::move(op_));
    }

private:
    std::unique_ptr<operation> op_; // null from its completion on
    unsigned expected_ = 1;
    error_code result_{};
};

bool rtp_relay::impl::close() noexcept {
    bool first = true;
    if (!engine_->inherited()) { // otherwise the lock may be held by threads that are not here
        const std::lock_guard lock{lock_};
        first = !std::exchange(is_closed_, true);
    }
    bool was_open = false;
    for (std::size_t i = 0; i != rtp_.size(); ++i) {
        was_open |= rtp_[i]->close();
        rtcp_[i]->close();
    }
    return first && was_open;
}

void rtp_relay::impl::start_close(error_handler handler) {
    const auto kept = shared_from_this(); // another thread may call the handler, which may own it
    if (engine_->inherited()) {
        close();
        return; // no thread of this process calls the handler
    }
    auto op = detail::make_operation<joint_close::operation>(
        engine_->next_operation(), std::move(handler), engine_->executor());
    const std::uint64_t id = op->id;
    op->on_cancellation([weak = weak_from_this(), id] {
        if (const auto relay = weak.lock()) relay->cancel_close(id);
    });
    op->relay = kept;
    const auto joint = std::make_shared<joint_close>(std::move(op));
    bool first = rtp_[0]->is_open() || rtp_[1]->is_open();
    {
        const std::lock_guard lock{lock_};
        first &= !std::exchange(is_closed_, true);
        if (first) closing_ = id;
    }
    const std::array channels{rtp_[0], rtcp_[0], rtp_[1], rtcp_[1]};
    for (std::size_t i = 0; first && i != channels.size(); ++i) {
        if (i % 2 == 1 && channels[i] == channels[i - 1]) continue;
        joint->expect();
        try {
            channels[i]->async_close([joint](error_code e) {
                // One that was closed before is no failure.
                joint->closed(e == boost::asio::error::bad_descriptor ? error_code{} : e);
            });
        } catch (...) { // no memory: not without blocking, then
            channels[i]->close();
            joint->closed({});
        }
    }
    bool cancelled = false;
    {
        const std::lock_guard lock{lock_};
        cancelled = closing_ == id && close_cancelled_; // before all channels were closing
    }
    if (cancelled) cancel_close(id);
    joint->closed(first ? error_code{} : boost::asio::error::bad_descriptor);
}

void rtp_relay::impl::cancel_close(std::uint64_t id) noexcept {
    {
        const std::lock_guard lock{lock_};
        if (closing_ != id) return;
        close_cancelled_ = true;
    }
    for (std::size_t i = 0; i != rtp_.size(); ++i) {
        rtp_[i]->cancel();
        rtcp_[i]->cancel();
    }
}

} // namespace rtpsynth::asio_server
