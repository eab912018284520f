// The sending half of voice_stream.
#include "call/voice_stream_impl.hpp"

#include <rtpsynth/audio/resampler.hpp>
#include <rtpsynth/base/random.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rtpsynth::asio_server::detail {
namespace {

namespace error = boost::asio::error;

} // namespace

void voice_stream_impl::start_play(play_operation::handler_type&& completion,
                                   std::span<const std::int16_t> pcm, std::uint64_t item) {
    auto op = make_operation<play_operation>(engine_->next_operation(), std::move(completion),
                                             engine_->executor(), pcm, item);
    op->on_cancellation([weak = weak_from_this(), id = op->id] {
        if (const auto self = weak.lock()) self->cancel_play(id);
    });
    completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    if (closing_) {
        op->result = error::bad_descriptor;
        done.push(std::move(op));
        return;
    }
    op->rate = play_rate_;
    plays_.push(std::move(op));
    queue_plays(done);
    if (!ticking_) ask(done);
}

boost::system::result<std::size_t> voice_stream_impl::try_play(std::span<const std::int16_t> pcm,
                                                               std::uint64_t item) noexcept {
    completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    if (closing_) return error_code{error::bad_descriptor};
    if (!plays_.empty()) return std::size_t{0};
    set_queued_rate(play_rate_);
    const auto taken = sender_.push(pcm, item);
    if (!taken) return error_code{error::no_memory};
    if (!ticking_) ask(done);
    return *taken;
}

/// Of the samples that are pushed next.
void voice_stream_impl::set_queued_rate(std::uint32_t hz) {
    if (hz == queued_rate_) return;
    sender_.set_input_rate(hz);
    queued_rate_ = hz;
}

/// Queues the audio of outstanding operations, as far as there is room.
void voice_stream_impl::queue_plays(completions& done) noexcept {
    while (!plays_.empty()) {
        play_operation& op = plays_.front();
        set_queued_rate(op.rate);
        if (const auto taken = sender_.push(op.rest, op.item)) {
            op.rest = op.rest.subspan(*taken);
            op.value += *taken;
            if (!op.rest.empty()) return;
            if (op.ends_item) sender_.end_item();
        } else {
            op.result = error::no_memory;
        }
        done.push(plays_.pop());
    }
}

void voice_stream_impl::cancel_play(std::uint64_t id) noexcept {
    completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    const bool is_front = !plays_.empty() && plays_.front().id == id;
    if (auto op = plays_.take(id)) {
        if (op->ends_item && is_front) sender_.end_item(); // of the samples that are queued
        op->result = error::operation_aborted;
        done.push(std::move(op));
        queue_plays(done);
    }
}

void voice_stream_impl::end_item() noexcept {
    const std::lock_guard lock{lock_};
    if (plays_.empty())
        sender_.end_item();
    else
        plays_.back().ends_item = true;
}

void voice_stream_impl::set_play_rate(std::uint32_t hz) {
    if (hz < resampler::lowest_rate || hz > resampler::highest_rate)
        throw std::invalid_argument("voice_stream: hz must be 4000..384000");
    const std::lock_guard lock{lock_};
    play_rate_ = hz;
}

std::optional<played_item> voice_stream_impl::clear() noexcept {
    completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    done.push(std::move(plays_), error::operation_aborted);
    return sender_.clear();
}

void voice_stream_impl::start_drain(error_operation::handler_type&& completion) {
    auto op = make_operation<error_operation>(engine_->next_operation(), std::move(completion),
                                              engine_->executor());
    op->on_cancellation([weak = weak_from_this(), id = op->id] {
        if (const auto self = weak.lock()) self->cancel_drain(id);
    });
    completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    if (closing_) {
        op->result = error::bad_descriptor;
    } else if (!is_drained()) {
        drains_.push(std::move(op));
        if (!ticking_) ask(done);
        return;
    }
    done.push(std::move(op));
}

void voice_stream_impl::cancel_drain(std::uint64_t id) noexcept {
    completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    if (auto op = drains_.take(id)) {
        op->result = error::operation_aborted;
        done.push(std::move(op));
    }
}

bool voice_stream_impl::is_drained() const noexcept {
    return !sends_tail_ && sender_.waiting() == 0 && plays_.empty() && !sender_.sends_digits();
}

boost::system::error_code voice_stream_impl::send_digits(std::string_view digits,
                                                         const digit_timing& timing) noexcept {
    completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    if (closing_) return error::bad_descriptor;
    if (const auto sent = sender_.send_digits(digits, timing); !sent) return sent.error();
    if (!ticking_) ask(done);
    return {};
}

void voice_stream_impl::set_codec(const voice_codec& codec) {
    // Without the lock, since the codec may be user code.
    auto encoder = library_.make_encoder(codec.encoding, {.fmtp = codec.fmtp});
    const std::uint8_t type = voice_formats::type_of(codec);
    const codec_rates rates = encoder->rates();
    // If this is not a whole number, sender_.swap_codec() throws.
    const auto samples =
        static_cast<std::size_t>(ptime_.count() * std::int64_t{rates.audio} / 1'000'000'000);
    // A packet of this codec may be larger than those before, and be protected later.
    std::vector<std::uint8_t> packet(rtp_header_size +
                                     std::max<std::size_t>(encoder->max_payload(samples), 4) +
                                     protection_room);
    // The codec that is replaced, or refused, is destroyed without the lock, too.
    sender_codec changed{.encoder = std::move(encoder), .payload_type = type};
    const std::lock_guard lock{lock_};
    if (type == formats_.event_type || type == formats_.noise_type)
        throw std::invalid_argument("voice_stream: payload_type " + std::to_string(type) + " of " +
                                    codec.encoding + " is that of events or comfort noise");
    voice_formats formats = formats_;
    formats.set(type, {rates.clock, payload_kind::media});
    const stream_origin origin{.ssrc = session_.ssrc(),
                               .timestamp = system_random32(),
                               .seq = sender_.next_position().seq};
    changed.event_type = formats_.event_type;
    changed.noise_type = formats_.noise_type;
    sender_.swap_codec(changed, origin);
    formats_ = std::move(formats);
    sent_clock_ = rates.clock;
    if (packet.size() > std::max(packet_.size(), larger_packet_.size()))
        larger_packet_.swap(packet);
}

/// Begins a new stream with the session's new SSRC, after a collision.
void voice_stream_impl::change_ssrc() noexcept {
    stream_origin origin = stream_origin::draw(system_random32);
    origin.ssrc = session_.ssrc();
    sender_.restart(origin);
}

/// Whether ticks are needed, to send or for an operation that waits for one.
bool voice_stream_impl::sends() const noexcept {
    return !sender_.idle() || !plays_.empty() || !drains_.empty();
}

void voice_stream_impl::on_send(time_point now) noexcept {
    for (;;) {
        std::size_t size = 0;
        {
            completions done{engine_->completing()};
            const std::lock_guard lock{lock_};
            if (closing_ || !sends() || sender_.due() > now) return;
            size = send_tick(now, done);
        }
        if (size != 0 && rtp_.load()->try_send(std::span{packet_}.first(size))) ++unsent_;
    }
}

/// \return the number of bytes of packet_ to send; 0: none
std::size_t voice_stream_impl::send_tick(time_point now, completions& done) noexcept {
    if (!larger_packet_.empty()) packet_ = std::exchange(larger_packet_, {});
    if (!sender_.idle()) {
        const duration late = now - sender_.due();
        stats_.most_late = std::max(stats_.most_late, late);
        if (late > std::chrono::milliseconds{1}) ++stats_.late_by_1ms;
    }
    const auto tick = sender_.next(now, packet_);
    if (!tick) return 0; // not reached: packet_ is large enough
    for (const played_item& item : tick->ended) put(item, done);
    sends_tail_ = tick->kind == sent_kind::audio || tick->kind == sent_kind::event;
    queue_plays(done);
    if (is_drained()) done.push(std::move(drains_), {});
    if (tick->size == 0) return 0;
    if (!has_peer_) { // set_peer() could be called before try_send(), and packet_ is not protected
        ++unsent_;
        return 0;
    }
    count_sent(tick->size, now);
    if (!protection_) return tick->size;
    const auto size = protection_->protect(packet_, tick->size);
    if (size && *size <= packet_.size()) return *size;
    ++unsent_;
    return 0;
}

void voice_stream_impl::count_sent(std::size_t size, time_point now) noexcept {
    rtp_packet_view packet;
    if (packet.assign(packet_.data(), size) != errc{}) return;
    session_.sent(packet.timestamp(), packet.payload().size(),
                  formats_.of(packet.payload_type(), sent_clock_), now);
}

} // namespace rtpsynth::asio_server::detail
