// The receiving half of voice_stream.
#include "call/voice_stream_impl.hpp"

#include <rtpsynth/rtp/datagram_kind.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

namespace error = boost::asio::error;

// A source that was replaced by another one of the same address cannot replace that again for this
// long, so that two that send at once do not alternate.
constexpr duration stays_replaced = std::chrono::seconds{1};
// If the executor was delayed by more than this, ticks are skipped.
constexpr duration most_behind = std::chrono::seconds{1};
// A tick that is pulled later than this after it was due is overdue: the executor was busy.
constexpr duration overdue_after = std::chrono::milliseconds{1};

/// The number that stands for an address in rtp_session; never 0.
std::uint64_t address_of(const voice_stream::endpoint& from) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325;
    const auto add = [&hash](std::uint8_t byte) { hash = (hash ^ byte) * 0x100000001b3; };
    if (from.address().is_v4()) {
        return std::uint64_t{1} << 48 | std::uint64_t{from.address().to_v4().to_uint()} << 16 |
               from.port();
    }
    for (const std::uint8_t byte : from.address().to_v6().to_bytes()) add(byte);
    add(static_cast<std::uint8_t>(from.port() >> 8));
    add(static_cast<std::uint8_t>(from.port()));
    return hash | 1;
}

/// Whether the packet may be played. The BYE of the current source may be forged, so packets that
/// it sends after its BYE are played.
bool is_taken(session_outcome outcome, bool is_heard_source) noexcept {
    return outcome == session_outcome::accepted || outcome == session_outcome::probation ||
           (outcome == session_outcome::left && is_heard_source);
}

} // namespace

void voice_stream_impl::start_read(read_operation::handler_type&& completion,
                                   std::span<std::int16_t> pcm) {
    auto op = make_operation<read_operation>(engine_->next_operation(), std::move(completion),
                                             engine_->executor(), pcm);
    op->on_cancellation([weak = weak_from_this(), id = op->id] {
        if (const auto self = weak.lock()) self->cancel_read(id);
    });
    completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    if (has_audio_handler_) {
        op->result = error::operation_not_supported;
    } else if (pcm.size() < tick_samples_) {
        op->result = error::no_buffer_space;
    } else if (!ring_.empty()) {
        op->value = ring_.pop(pcm);
    } else if (closing_) {
        op->result = error::operation_aborted;
    } else {
        ring_.reserve(audio_queue_, tick_samples_);
        wanted_ = true;
        reads_.push(std::move(op));
        return;
    }
    done.push(std::move(op));
}

void voice_stream_impl::cancel_read(std::uint64_t id) noexcept {
    completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    if (auto op = reads_.take(id)) {
        op->result = error::operation_aborted;
        done.push(std::move(op));
    }
}

void voice_stream_impl::on_batch(rtp_channel& channel, bool of_rtp,
                                 std::span<const datagram_view> batch) noexcept {
    const auto self = shared_from_this();
    (of_rtp ? rtp_ : rtcp_).store(&channel, std::memory_order_release);
    bool has_moved = false;
    {
        completions done{engine_->completing()};
        const std::lock_guard lock{lock_};
        // Before start(), the stream cannot answer.
        if (!of_rtp && !started_) {
            stats_.other += batch.size();
            return;
        }
        for (const datagram_view& view : batch) receive(view, of_rtp, done);
        has_moved = moved_to_ || rtcp_moved_to_;
    }
    if (has_moved) on_moved();
    on_events();
    schedule();
}

void voice_stream_impl::receive(const datagram_view& view, bool of_rtp,
                                completions& done) noexcept {
    const datagram_kind kind = classify(view.data);
    const bool is_rtp = kind == datagram_kind::rtp && of_rtp;
    if (!is_rtp && !(kind == datagram_kind::rtcp && of_rtp == mux_)) {
        ++stats_.other;
        return;
    }
    if (const auto plain = unprotect(view, is_rtp))
        is_rtp ? receive_rtp(*plain, done) : receive_rtcp(*plain, done);
    else
        ++stats_.not_authentic;
}

/// Returns the plain datagram; nullopt if it is to be dropped.
std::optional<datagram_view> voice_stream_impl::unprotect(const datagram_view& view,
                                                          bool is_rtp) noexcept {
    if (!protection_) return view;
    if (view.data.size() > plain_.size()) return std::nullopt;
    std::copy(view.data.begin(), view.data.end(), plain_.begin());
    const auto bytes = std::span{plain_}.first(view.data.size());
    const auto size = is_rtp ? protection_->unprotect(bytes) : protection_->unprotect_rtcp(bytes);
    if (!size || *size > bytes.size()) return std::nullopt;
    return datagram_view{bytes.first(*size), view.source, view.received_at};
}

void voice_stream_impl::receive_rtp(const datagram_view& view, completions& done) noexcept {
    rtp_packet_view packet;
    if (packet.assign(view.data.data(), view.data.size()) != errc{}) {
        ++stats_.malformed;
        return;
    }
    const source_latch::outcome latch = latch_.receive(packet, view.source, view.received_at);
    if (latch == source_latch::outcome::rejected) return;
    const bool latched = latch == source_latch::outcome::latched;
    if (latched) moved_to_ = view.source;
    const std::uint8_t type = packet.payload_type();
    // With a latch, the latch decides whether a source may change its address.
    const bool may_move = latching_ && packet.ssrc() != session_.ssrc();
    const payload_format format = formats_.of(type, heard_clock_);
    const session_outcome outcome =
        session_
            .receive_rtp(packet, format, view.received_at, may_move ? 0 : address_of(view.source))
            .outcome;
    if (outcome == session_outcome::collision) change_ssrc();
    if (!is_taken(outcome, source_ && source_->ssrc == packet.ssrc())) return;
    const bool valid =
        outcome == session_outcome::accepted && latch != source_latch::outcome::probation;
    if (!is_heard(packet, view, valid, latched, done)) {
        ++stats_.not_played;
        return;
    }
    last_rtp_ = view.received_at;
    is_quiet_ = false;
    if (source_ && source_->ssrc == packet.ssrc()) {
        if (format.kind == payload_kind::media && format.clock_rate != heard_clock_)
            restart_digits(format.clock_rate, done);
        // If the first packet of a press is on probation, the second one reports the press.
        if (format.kind == payload_kind::event)
            put_digits(digits_.receive(packet, view.received_at), done);
    }
    if (!wanted_ || closing_) {
        ++stats_.not_played;
        return;
    }
    playout_.insert(packet, arrival_of(packet, format, view.received_at));
    begin_pulling(view.received_at);
}

/// The time at which the packet arrived, for playout. While a tick is overdue, the executor was
/// busy: the packet waited in the socket for an unknown time, and is still in time for that tick.
/// Playout must not take the wait for delay of the network. So the arrival is then the time that
/// the packet before this one predicts, but not before the last tick that was pulled.
time_point voice_stream_impl::arrival_of(const rtp_packet_view& packet,
                                         const payload_format& format, time_point read) noexcept {
    time_point arrival = read;
    if (!kernel_timestamps_ && pulling_ && read - pull_due_ > overdue_after && last_arrived_ &&
        last_arrived_->ssrc == packet.ssrc() && format.clock_rate != 0) {
        const auto ahead = static_cast<std::int32_t>(packet.timestamp() - last_arrived_->timestamp);
        const time_point expected =
            last_arrived_->at + duration{std::int64_t{ahead} * 1'000'000'000 / format.clock_rate};
        arrival = std::clamp(expected, pull_due_ - ptime_, read);
    }
    last_arrived_ = arrived_packet{packet.ssrc(), packet.timestamp(), arrival};
    return arrival;
}

/// Whether the packet is from the current source, or from one that may replace it. Replaces the
/// current source if the packet's source is valid or latched to.
bool voice_stream_impl::is_heard(const rtp_packet_view& packet, const datagram_view& view,
                                 bool valid, bool latched, completions& done) noexcept {
    const time_point now = view.received_at;
    const std::uint32_t ssrc = packet.ssrc();
    if (source_ && source_->ssrc == ssrc) {
        source_->heard = now;
        if (valid) source_->left = false;
        if (source_->address == view.source || !valid) return true;
        source_->address = view.source;
        put(source_changed{ssrc, view.source, false}, done);
        return true;
    }
    if (source_ && !source_->left && !latched && now - source_->heard < source_timeout_) {
        if (source_->address != view.source) return false;
        if (ssrc == replaced_ssrc_ && replaced_at_ != time_point::min() &&
            now - replaced_at_ < stays_replaced)
            return false;
    }
    if (!valid && !latched) return true;
    if (source_) {
        replaced_ssrc_ = source_->ssrc;
        replaced_at_ = now;
        restart_digits(heard_clock_, done);
    }
    put(source_changed{ssrc, view.source, !source_}, done);
    source_ = heard_source{ssrc, view.source, now, false};
    return true;
}

void voice_stream_impl::receive_rtcp(const datagram_view& view, completions& done) noexcept {
    const std::optional<endpoint> latched = latching_ ? latch_.latched() : std::nullopt;
    if (latched && latched->address() != view.source.address()) {
        ++stats_.rtcp_rejected;
        return;
    }
    const rtcp_reception got =
        session_.receive_rtcp(view.data, view.received_at, latched ? 0 : address_of(view.source));
    if (got.outcome == session_outcome::collision) change_ssrc();
    // Behind a NAT, RTCP does not necessarily come from the port after that of RTP.
    if (latched && !mux_ && source_ && got.source && got.source->ssrc() == source_->ssrc)
        rtcp_moved_to_ = view.source;
    if (got.left == 0 || !source_ || source_->left) return;
    const rtp_source* const source = session_.find(source_->ssrc);
    if (!source || !source->left()) return;
    source_->left = true;
    source_left event{source_->ssrc, {}};
    try {
        event.reason = source->reason();
    } catch (const std::bad_alloc&) { // the event then has no reason
    }
    put(std::move(event), done);
}

/// Begins with the first tick at or after \p now; no-op if ticks are being pulled.
void voice_stream_impl::begin_pulling(time_point now) noexcept {
    if (pulling_) return;
    const bool paused = pull_due_ != time_point{};
    const time_point on_grid = paused ? pull_due_ : sender_.due();
    const duration ahead = now - on_grid;
    const std::int64_t ticks =
        ahead > duration::zero() ? (ahead + ptime_ - duration{1}) / ptime_ : ahead / ptime_;
    if (paused && ticks > 0) skipped_ += static_cast<std::uint64_t>(ticks);
    pull_due_ =
        paused ? on_grid + ptime_ * std::max<std::int64_t>(ticks, 0) : on_grid + ptime_ * ticks;
    pulling_ = true;
}

/// Reads what waits in the socket, if ticks are overdue: it was there in time for them, and would
/// be concealed if they were pulled first.
/// \return whether there may be more
bool voice_stream_impl::catch_up(time_point now) noexcept {
    {
        const std::lock_guard lock{lock_};
        if (closing_ || !pulling_ || now - pull_due_ <= overdue_after) return false;
    }
    return engine_->read_ahead(*rtp(), now);
}

void voice_stream_impl::on_pull(time_point now) noexcept {
    bool more = true;
    for (;;) {
        if (more) more = catch_up(now);
        audio_tick tick;
        {
            completions done{engine_->completing()};
            const std::lock_guard lock{lock_};
            if (closing_ || !pulling_ || pull_due_ > now) return;
            if (!pull_tick(now, tick, done)) continue;
        }
        call([&](voice_stream& self) { handlers_.on_audio(self, tick, pcm_); });
    }
}

/// Pulls a tick into pcm_. \return whether it is to be passed to the handler
bool voice_stream_impl::pull_tick(time_point now, audio_tick& tick, completions& done) noexcept {
    if (pause_after_ && pull_due_ > last_rtp_ && pull_due_ - last_rtp_ >= *pause_after_) {
        pulling_ = false;
        return false;
    }
    if (const duration behind = now - pull_due_; behind > most_behind) {
        const std::int64_t ticks = behind / ptime_;
        skipped_ += static_cast<std::uint64_t>(ticks);
        pull_due_ += ptime_ * ticks;
    }
    tick.kind = playout_.pull(pull_due_, pcm_);
    rate(tick.kind);
    tick.time = pull_due_;
    tick.samples = tick_samples_;
    tick.skipped = std::exchange(skipped_, 0);
    pull_due_ += ptime_;
    if (has_audio_handler_) return true;
    if (auto op = reads_.pop()) {
        std::copy(pcm_.begin(), pcm_.end(), op->pcm.begin());
        op->value = tick;
        done.push(std::move(op));
    } else if (ring_.push(tick, pcm_)) {
        ++stats_.audio_lost;
    }
    return false;
}

/// A tick stands for a packet: what was not played in it was lost, or came too late.
void voice_stream_impl::rate(playout_kind kind) noexcept {
    switch (kind) {
    case playout_kind::concealed:
        return quality_.lost();
    case playout_kind::stretched:
    case playout_kind::compressed:
    case playout_kind::speech:
        return quality_.received();
    case playout_kind::comfort_noise:
    case playout_kind::silence:
        return;
    }
}

call_quality voice_stream_impl::quality() const noexcept {
    const std::lock_guard lock{lock_};
    call_quality rated = quality_;
    const rtp_source* const source = source_ ? session_.find(source_->ssrc) : nullptr;
    if (source && source->report() && source->report()->round_trip_time)
        rated.set_delay(*source->report()->round_trip_time, playout_.stats().delay + 2 * ptime_);
    return rated;
}

} // namespace rtpsynth::asio_server::detail
