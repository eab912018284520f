// How a channel receives datagrams.
#include "channel/channel_impl.hpp"
#include "server/engine.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

namespace error = boost::asio::error;

constexpr unsigned most_failures = 8; // consecutive; reading then pauses for a while
constexpr unsigned single_turns = 16; // after asking for several datagrams and getting one

} // namespace

void channel_impl::start_receive(operation<void(error_code, datagram)>::handler_type handler) {
    const auto kept = self_.lock(); // another thread may call the handler, which may own it
    auto op = make_operation<receive_op>(owner_->next_operation(), std::move(handler),
                                         owner_->executor());
    op->on_cancellation([weak = self_, id = op->id] {
        const auto channel = weak.lock();
        if (channel) channel->impl_->cancel_receive(id);
    });
    completions done{owner_->completing()};
    const std::lock_guard lock{io_};
    if (!inbox_) {
        op->result = error::operation_not_supported;
        done.push(std::move(op));
    } else if (!is_open()) {
        op->result = error::bad_descriptor;
        done.push(std::move(op));
    } else {
        const std::uint64_t size = inbox_->size() ? inbox_->front().data().size() : 0;
        if (inbox_->get(op)) {
            count_received(1, size);
            done.push(std::move(op));
        }
        if (failures_ < most_failures && !inbox_->full()) reading_ = true;
        watch();
    }
}

void channel_impl::cancel_receive(std::uint64_t id) noexcept {
    completions done{owner_->completing()};
    const std::lock_guard lock{io_};
    if (!inbox_) return;
    if (receive_op_ptr op = inbox_->cancel(id)) {
        op->result = error::operation_aborted;
        done.push(std::move(op));
    }
}

std::size_t channel_impl::receive(rtp_channel& self, time_point now, std::uint64_t turn) noexcept {
    if (!is_open() && !closing_) return 0; // close() may hold the lock while it drains
    std::span<datagram_view> batch;
    {
        completions done{owner_->completing()};
        const std::lock_guard lock{io_};
        if (!socket_.is_open()) return 0;
        if (reading_)
            batch = read(now, next_burst(turn), done);
        else if (const error_code e = socket_.take_error()) // also while no operation waits
            tell_receive_error(e, done);
        owner_->sockets().rearm(socket_);
    }
    if (!batch.empty()) deliver(self, batch);
    return batch.size();
}

bool channel_impl::receive_waiting(rtp_channel& self, time_point now) noexcept {
    if (!is_open()) return false;
    std::span<datagram_view> batch;
    {
        completions done{owner_->completing()};
        const std::lock_guard lock{io_};
        if (!socket_.is_open() || !reading_) return false;
        batch = read(now, receive_buffers::slot_count, done);
    }
    if (batch.empty()) return false;
    deliver(self, batch);
    return true;
}

/// The number of datagrams to ask for in this pass.
std::size_t channel_impl::next_burst(std::uint64_t turn) noexcept {
    // Most sockets have one datagram, and asking for more costs time. A socket that is ready again
    // right after all others were served may have more.
    const bool again = turn - last_turn_ <= owner_->sweep();
    burst_ = again && singles_ == 0 ? std::min(burst_ * 4, receive_buffers::slot_count) : 1;
    if (singles_ != 0) --singles_;
    last_turn_ = turn;
    return burst_;
}

std::span<datagram_view> channel_impl::read(time_point now, std::size_t want,
                                            completions& done) noexcept {
    if (inbox_) want = std::min(want, std::max(inbox::capacity - inbox_->size(), std::size_t{1}));
    error_code failure;
    auto batch = socket_.receive(owner_->buffers(), want, now, failure);
    if (batch.empty()) {
        receive_failed(failure, done);
        return {};
    }
    failures_ = 0;
    if (want > 1 && batch.size() == 1) singles_ = single_turns;
    if (policy_ != source_policy::any) batch = accepted(batch);
    if (inbox_) {
        take_in(batch, done);
        batch = {};
    }
    delivering_ = !batch.empty();
    return batch;
}

void channel_impl::deliver(rtp_channel& self, std::span<const datagram_view> batch) noexcept {
    owner_->output().begin_delivery(batch.size());
    const std::size_t delivered = handler_->deliver(self, batch, *this);
    owner_->output().end_delivery();
    std::uint64_t bytes = 0;
    for (const datagram_view& d : batch.first(delivered)) bytes += d.data.size();
    count_received(delivered, bytes);
    discarded_ += batch.size() - delivered;
    std::unique_ptr<receive_handler> unused_handler;
    const std::lock_guard lock{io_};
    delivering_ = false;
    if (!is_open()) unused_handler = std::move(handler_);
}

void channel_impl::count_received(std::uint64_t datagrams, std::uint64_t bytes) noexcept {
    add(received_, datagrams);
    add(received_bytes_, bytes);
}

std::span<datagram_view> channel_impl::accepted(std::span<datagram_view> batch) noexcept {
    const std::optional<endpoint> target = output_.target();
    std::size_t kept = 0;
    for (const datagram_view& d : batch)
        if (source_lock_.accept(d.data, d.source, target ? &*target : nullptr)) batch[kept++] = d;
    add(rejected_, batch.size() - kept);
    return batch.first(kept);
}

void channel_impl::take_in(std::span<datagram_view> batch, completions& done) noexcept {
    for (const datagram_view& d : batch) {
        try {
            const bool waited_for = inbox_->waited_for();
            inbox_->put(datagram{owner_->pool(), d}, done);
            if (waited_for) count_received(1, d.data.size());
        } catch (const std::bad_alloc&) {
            ++discarded_;
        }
    }
    if (inbox_->full()) {
        reading_ = false;
        watch();
    }
}

void channel_impl::tell_receive_error(error_code e, completions& done) noexcept {
    last_receive_error_ = e;
    ++receive_errors_;
    if (!inbox_) return;
    if (receive_op_ptr op = inbox_->pop_waiting()) {
        op->result = last_receive_error_;
        done.push(std::move(op));
    }
}

void channel_impl::receive_failed(error_code e, completions& done) noexcept {
    if (e == error::would_block) return;
    tell_receive_error(e, done);
    if (++failures_ < most_failures) return;
    reading_ = false;
    watch();
    owner_->pause();
}

void channel_impl::resume() noexcept {
    completions done{owner_->completing()};
    std::uint64_t closed = 0;
    {
        const std::lock_guard lock{io_};
        if (!socket_.is_open()) return;
        if (closing_) {
            if (std::chrono::steady_clock::now() < close_until_)
                owner_->pause(); // so that reading resumes later
            else
                closed = give_up_closing(error::timed_out, done);
        } else if (failures_ >= most_failures) {
            failures_ = 0;
            reading_ = true;
        }
        if (closed == 0) {
            watch();
            owner_->sockets().rearm(socket_); // a wait may have been lost
        }
    }
    if (closed != 0) owner_->channels().closed(closed);
}

} // namespace rtpsynth::asio_server::detail
