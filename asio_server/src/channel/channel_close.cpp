// Closing a channel, at once or after its queue has been sent.
#include "channel/channel_impl.hpp"
#include "server/engine.hpp"

#include <boost/asio/error.hpp>

#include <limits>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

namespace error = boost::asio::error;

constexpr std::size_t everything = std::numeric_limits<std::size_t>::max();

} // namespace

bool channel_impl::close(time_point drain_until) noexcept {
    if (owner_->inherited()) { // the parent's threads may have held locks, which are never released
                               // here
        const bool first = output_.abandon();
        socket_.abandon();                    // async_close may have left it open
        if (!delivering_) handler_ = nullptr; // it may own other channels
        return first;
    }
    std::unique_ptr<receive_handler> unused_handler;
    completions done{owner_->completing()};
    std::uint64_t token = 0;
    bool first = false;
    {
        const std::lock_guard lock{io_};
        first = output_.close();
        if (!first && !closing_) return false; // and the port is already free
        unused_handler = stop_receiving(done);
        owner_->sockets().remove(
            socket_); // stop its events: other channels need not wait while it drains
        const bool drained = drain(drain_until, done);
        token = finish_close(drained ? error_code{} : error::timed_out, done);
    }
    if (token != 0) owner_->channels().closed(token);
    return first;
}

void channel_impl::start_close(operation<void(error_code)>::handler_type handler) {
    const auto kept = self_.lock(); // another thread may call the handler, which may own it
    if (owner_->inherited()) {
        close();
        return; // no thread of this process calls the handler
    }
    auto op =
        make_operation<close_op>(owner_->next_operation(), std::move(handler), owner_->executor());
    op->on_cancellation([weak = self_, id = op->id] {
        const auto channel = weak.lock();
        if (channel) channel->impl_->cancel_close(id);
    });
    std::unique_ptr<receive_handler> unused_handler;
    completions done{owner_->completing()};
    std::uint64_t token = 0;
    {
        const std::lock_guard lock{io_};
        if (!output_.close()) {
            op->result = error::bad_descriptor;
            return done.push(std::move(op));
        }
        op->channel = kept;
        close_op_ = std::move(op);
        closing_ = true;
        close_until_ = std::chrono::steady_clock::now() + longest_drain;
        unused_handler = stop_receiving(done);
        token = go_on_closing(send_some(everything, done), done);
        if (token == 0) owner_->pause(); // so that the time limit is checked
    }
    if (token != 0) owner_->channels().closed(token);
}

void channel_impl::cancel_close(std::uint64_t id) noexcept {
    completions done{owner_->completing()};
    std::uint64_t token = 0;
    {
        const std::lock_guard lock{io_};
        if (close_op_ && close_op_->id == id)
            token = give_up_closing(error::operation_aborted, done);
    }
    if (token != 0) owner_->channels().closed(token);
}

std::unique_ptr<receive_handler> channel_impl::stop_receiving(completions& done) noexcept {
    reading_ = false;
    if (inbox_) {
        discarded_ += inbox_->clear();
        done.push(inbox_->cancel_all(), error::operation_aborted);
    }
    return delivering_ ? nullptr : std::move(handler_);
}

/// Continues an async_close after some datagrams were sent. \return the token to retire, 0 while
/// there is more to send
std::uint64_t channel_impl::go_on_closing(flushed state, completions& done) noexcept {
    if (state == flushed::drained) return finish_close({}, done);
    blocked_ = state == flushed::blocked;
    watch();
    return 0;
}

/// Ends an async_close; unsent datagrams are lost.
std::uint64_t channel_impl::give_up_closing(error_code result, completions& done) noexcept {
    while (next_to_send(done)) fail_record(error::would_block, done);
    return finish_close(result, done);
}

std::uint64_t channel_impl::finish_close(error_code result, completions& done) noexcept {
    if (socket_.is_open()) owner_->sockets().remove(socket_);
    note_dropped();
    socket_.close();
    lease_.reset();
    done.push(output_.take_waiting(), error::operation_aborted);
    closing_ = false;
    if (close_op_) {
        close_op_->result = result;
        done.push(std::move(close_op_));
    }
    return token_;
}

} // namespace rtpsynth::asio_server::detail
