// The events of a voice_stream.
#include "call/voice_stream_impl.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace rtpsynth::asio_server::detail {

void voice_stream_impl::start_read_event(event_op::handler_type&& completion) {
    auto op = make_operation<event_op>(engine_->next_operation(), std::move(completion),
                                       engine_->executor());
    op->on_cancellation([weak = weak_from_this(), id = op->id] {
        if (const auto self = weak.lock()) self->cancel_event(id);
    });
    completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    if (has_event_handler_) {
        op->result = boost::asio::error::operation_not_supported;
    } else if (!events_.empty()) {
        op->value = std::move(events_.front());
        events_.pop_front();
    } else if (closing_) {
        op->result = boost::asio::error::operation_aborted;
    } else {
        event_reads_.push(std::move(op));
        return;
    }
    done.push(std::move(op));
}

void voice_stream_impl::cancel_event(std::uint64_t id) noexcept {
    completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    if (auto op = event_reads_.take(id)) {
        op->result = boost::asio::error::operation_aborted;
        done.push(std::move(op));
    }
}

void voice_stream_impl::put(voice_event&& event, completions& done) noexcept {
    if (auto op = event_reads_.pop()) {
        op->value = std::move(event);
        done.push(std::move(op));
        return;
    }
    if (events_.full()) ++stats_.events_lost;
    events_.push_back(std::move(event));
}

/// Of another source, or of one whose events have another clock rate from here on.
void voice_stream_impl::restart_digits(std::uint32_t clock_rate, completions& done) noexcept {
    put_digits(digits_.finish(), done);
    heard_clock_ = clock_rate;
    digits_ = telephone_event_receiver{clock_rate};
}

void voice_stream_impl::put_digits(const telephone_event_changes& changes,
                                   completions& done) noexcept {
    for (const telephone_event_change& change : changes) {
        const char digit = digit_of(change.event).value_or('\0');
        if (change.what == telephone_event_change::kind::began)
            put(digit_pressed{digit, change.event}, done);
        else
            put(digit_released{digit, change.event, change.length}, done);
    }
}

/// Reports what the absence of packets means: a key was released, or the network is silent.
void voice_stream_impl::watch(time_point now, completions& done) noexcept {
    if (const auto deadline = digits_.deadline(); deadline && *deadline <= now)
        put_digits(digits_.expire(now), done);
    if (quiet_after_ && !is_quiet_ && last_rtp_ <= now && now - last_rtp_ >= *quiet_after_) {
        is_quiet_ = true;
        put(network_quiet{last_rtp_}, done);
    }
}

void voice_stream_impl::on_events() noexcept {
    while (has_event_handler_) {
        voice_event event;
        {
            const std::lock_guard lock{lock_};
            if (events_.empty()) return;
            event = std::move(events_.front());
            events_.pop_front();
        }
        call([&](voice_stream& self) { handlers_.on_event(self, event); });
    }
}

} // namespace rtpsynth::asio_server::detail
