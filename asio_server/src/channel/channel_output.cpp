// How a channel sends datagrams.
#include "channel/channel_impl.hpp"
#include "server/engine.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <new>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

namespace error = boost::asio::error;

// The longest gap between datagrams of a burst. Waking the server's thread for one takes about as
// long.
constexpr duration longest_gap = std::chrono::microseconds{30};

} // namespace

channel_impl::error_code channel_impl::set_target(endpoint target) noexcept {
    if (!is_open()) return error::bad_descriptor;
    if (const error_code e = socket_.adapt(target)) return e;
    // Connecting an inherited socket would also connect the parent's.
    if (policy_ != source_policy::target || owner_->inherited()) {
        output_.set_target(target);
        return {};
    }
    const std::lock_guard lock{io_};
    if (!socket_.is_open()) return error::bad_descriptor;
    socket_.accept_only(target);
    output_.set_target(target);
    return {};
}

channel_impl::error_code channel_impl::try_send(std::span<const std::uint8_t> data,
                                                const endpoint* to) noexcept {
    endpoint adapted;
    if (to) {
        adapted = *to;
        if (const error_code e = socket_.adapt(adapted)) return e;
        to = &adapted;
    }
    if (leaves_at_once() && send_at_once(data, to)) return {};
    const output_queue::queued queued = output_.push(data, to);
    if (queued.announce) owner_->announce(self_);
    return queued.error;
}

/// Whether the next datagram should be sent directly, since there is nothing to send together with
/// it: it answers a lone datagram, or comes from outside of receive handlers some time after the
/// previous one. A second one in the same handler's call, or soon after, is queued, since more may
/// follow.
bool channel_impl::leaves_at_once() noexcept {
    const flusher& output = owner_->output();
    if (output.tick()) return false;
    if (output.is_in_handler()) {
        const std::uint64_t delivery = output.lone_delivery();
        return delivery != 0 && std::exchange(sent_in_delivery_, delivery) != delivery;
    }
    const time_point now = std::chrono::steady_clock::now();
    const time_point before = last_send_.exchange(now, std::memory_order_relaxed);
    return now - before >= longest_gap && !owner_->inherited();
}

/// Sends on the calling thread, without waiting. \return false if the datagram must be queued
bool channel_impl::send_at_once(std::span<const std::uint8_t> data, const endpoint* to) noexcept {
    const std::unique_lock lock{io_, std::try_to_lock};
    if (!lock || !socket_.is_open()) return false;
    endpoint target;
    if (!output_.may_overtake(data, to, target)) return false;
    const udp_socket::outcome outcome = socket_.send(data, data.size(), 1, target);
    if (outcome.error == error::would_block) return false;
    add(sent_at_once_, 1);
    if (outcome.error) {
        last_send_error_ = outcome.error;
        add(send_errors_, 1);
    } else {
        add(sent_, 1);
        add(sent_bytes_, data.size());
    }
    return true;
}

void channel_impl::start_send(std::span<const std::uint8_t> data, const endpoint* to,
                              operation<void(error_code)>::handler_type handler) {
    const auto kept = self_.lock(); // another thread may call the handler, which may own it
    auto op =
        make_operation<send_op>(owner_->next_operation(), std::move(handler), owner_->executor());
    op->on_cancellation([weak = self_, id = op->id] {
        const auto channel = weak.lock();
        if (channel) channel->impl_->cancel_send(id);
    });
    endpoint adapted;
    output_queue::queued queued{};
    if (to) {
        adapted = *to;
        queued.error = socket_.adapt(adapted);
        to = &adapted;
    }
    if (!queued.error) {
        try {
            queued = output_.push(data, to, op);
        } catch (const std::bad_alloc&) {
            queued.error = error::no_memory;
        }
    }
    if (queued.error) {
        op->result = queued.error;
        completions{owner_->completing()}.push(std::move(op));
    } else if (queued.announce) {
        owner_->announce(self_);
    }
}

void channel_impl::cancel_send(std::uint64_t id) noexcept {
    completions done{owner_->completing()};
    const std::lock_guard lock{io_};
    if (send_op_ptr op = output_.cancel(id)) {
        op->result = error::operation_aborted;
        done.push(std::move(op));
    }
}

channel_impl::flushed channel_impl::flush(std::size_t budget) noexcept {
    if (!is_open() && !closing_) return flushed::drained; // close() may hold the lock
    completions done{owner_->completing()};
    std::uint64_t closed = 0;
    flushed result = flushed::drained;
    {
        const std::lock_guard lock{io_};
        if (!socket_.is_open()) return flushed::drained;
        result = send_some(budget, done);
        const bool blocked = result == flushed::blocked;
        if (closing_) {
            closed = go_on_closing(result, done);
        } else if (blocked != blocked_) {
            blocked_ = blocked;
            watch();
        }
        if (blocked && closed == 0) owner_->sockets().rearm(socket_);
    }
    if (closed != 0) owner_->channels().closed(closed);
    return result;
}

channel_impl::flushed channel_impl::send_some(std::size_t budget, completions& done) noexcept {
    output_batch& batch = output_.sending();
    while (const output_batch::record* const first = next_to_send(done)) {
        if (budget == 0) return flushed::more;
        const std::size_t run = batch.run(std::min(budget, udp_socket::longest_run));
        const udp_socket::outcome outcome = socket_.send(batch.rest(), first->size, run, first->to);
        add(sent_, outcome.sent);
        add(sent_bytes_, outcome.sent * first->size);
        for (std::size_t i = 0; i != outcome.sent; ++i) finish_record({}, done);
        budget -= outcome.sent;
        if (outcome.error == error::would_block) {
            output_.settled();
            return flushed::blocked;
        }
        if (outcome.error) {
            fail_record(outcome.error, done);
            --budget;
        }
        output_.settled();
    }
    return flushed::drained;
}

output_batch::record* channel_impl::next_to_send(completions& done) noexcept {
    output_batch& batch = output_.sending();
    for (;;) {
        if (batch.remaining() == 0) {
            send_op_list rejected;
            const bool more = output_.refill(rejected);
            done.push(std::move(rejected), error::no_memory);
            if (!more) return nullptr;
            continue;
        }
        output_batch::record& next = batch.records[batch.next_record];
        if (!next.cancelled) return &next;
        batch.pop();
    }
}

void channel_impl::fail_record(error_code e, completions& done) noexcept {
    last_send_error_ = e;
    add(send_errors_, 1);
    finish_record(last_send_error_, done);
}

void channel_impl::finish_record(error_code result, completions& done) noexcept {
    output_batch& batch = output_.sending();
    if (send_op_ptr op = std::move(batch.records[batch.next_record].op)) {
        op->result = result;
        done.push(std::move(op));
    }
    batch.pop();
}

/// Sends the queue until \p until. \return false if the kernel did not accept everything in time
bool channel_impl::drain(time_point until, completions& done) noexcept {
    constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
    while (send_some(all, done) == flushed::blocked) {
        if (socket_.wait_writable(until - std::chrono::steady_clock::now())) continue;
        // The kernel accepts no more, and the time is over.
        while (next_to_send(done)) fail_record(error::would_block, done);
        return false;
    }
    return true;
}

} // namespace rtpsynth::asio_server::detail
