#include "srtp_context.hpp"
#include "srtp_sources.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace rtpsynth {
namespace detail {

class srtp_receiver_state {
public:
    srtp_receiver_state(const srtp_key& key, const srtp_options& options)
        : replay_window_(options.replay_window),
          current_(make_srtp_context(key, srtp_direction::in, options)),
          sources_(options.max_sources) {}

    result<std::size_t> unprotect(srtp_kind kind, std::span<std::uint8_t> packet) noexcept {
        const result<std::size_t> made = try_to_unprotect(kind, packet);
        ++counter_of(kind, made);
        return made;
    }

    errc set_roll_over_counter(std::uint32_t ssrc, std::uint32_t counter) noexcept {
        srtp_source* source = sources_.find(ssrc);
        if (!source) {
            if (sources_.is_full()) return errc::too_many_sources;
            if (const errc error = current_.add_source(ssrc); error != errc{}) return error;
            source = &sources_.add(ssrc);
        }
        source->begin_at(counter);
        return {};
    }

    errc rekey(const srtp_key& key) noexcept {
        auto next = srtp_context::make(key, srtp_direction::in, replay_window_);
        if (!next) return next.error();
        for (const srtp_source& source : sources_)
            if (const errc error = next->add_source(source.ssrc); error != errc{}) return error;
        for (srtp_source& source : sources_) source.settled = false;
        previous_.emplace(std::exchange(current_, std::move(*next)));
        return {};
    }

    void drop_previous_key() noexcept { previous_.reset(); }

    bool remove_source(std::uint32_t ssrc) noexcept {
        srtp_source* const source = sources_.find(ssrc);
        if (!source) return false;
        current_.remove_source(ssrc);
        if (previous_) previous_->remove_source(ssrc);
        sources_.remove(*source);
        return true;
    }

    std::size_t sources() const noexcept { return sources_.size(); }

    srtp_receiver_stats stats;

private:
    result<std::size_t> try_to_unprotect(srtp_kind kind, std::span<std::uint8_t> packet) noexcept {
        const std::size_t trailer = current_.overhead(kind);
        const std::size_t least =
            previous_ ? std::min(trailer, previous_->overhead(kind)) : trailer;
        if (const errc error = check_srtp_packet(kind, packet, least); error != errc{})
            return error;
        const std::uint32_t ssrc = srtp_ssrc(kind, packet);
        srtp_source* const source = sources_.find(ssrc);
        if (!source && sources_.is_full()) return errc::too_many_sources;
        const bool told = source && !source->settled && kind == srtp_kind::rtp;
        if (told || previous_ || !is_srtp_aligned(packet.data()))
            return unprotect_copy(kind, packet, source);
        const auto made = current_.unprotect(kind, packet.data(), packet.size());
        if (made) reached(kind, packet, source, std::nullopt);
        return made;
    }

    // A failed attempt may have changed the packet, so each attempt uses a copy.
    result<std::size_t> unprotect_copy(srtp_kind kind, std::span<std::uint8_t> packet,
                                       srtp_source* source) noexcept {
        bool is_replay = false;
        const auto attempt = [&](srtp_context& context) noexcept -> result<std::size_t> {
            if (check_srtp_packet(kind, packet, context.overhead(kind)) != errc{})
                return errc::not_authentic; // too short for this key
            const auto made =
                on_srtp_copy(packet.data(), packet.size(), [&](std::uint8_t* copy) noexcept {
                    return context.unprotect(kind, copy, packet.size());
                });
            is_replay |= !made && made.error() == errc::replayed;
            return made;
        };
        std::optional<std::uint64_t> index;
        const bool told = source && !source->settled && kind == srtp_kind::rtp;
        if (told) {
            index = source->guess(srtp_sequence(packet)) & 0xffffffffffff;
            current_.set_roll_over_counter(source->ssrc, static_cast<std::uint32_t>(*index >> 16));
        }
        result<std::size_t> made = attempt(current_);
        if (!made && told && *index >> 16 != 0) {
            index = srtp_sequence(packet);
            current_.set_roll_over_counter(source->ssrc, 0);
            made = attempt(current_);
        }
        if (made) {
            reached(kind, packet, source, index);
            return made;
        }
        if (previous_ && (made = attempt(*previous_))) {
            ++stats.previous_key;
            if (!source) sources_.add(srtp_ssrc(kind, packet));
            return made;
        }
        return is_replay ? errc::replayed : made.error();
    }

    // Stores the index of an authentic packet under the current key; `index` if libsrtp2 was told
    // its counter.
    void reached(srtp_kind kind, std::span<const std::uint8_t> packet, srtp_source* source,
                 std::optional<std::uint64_t> index) noexcept {
        if (!source) source = &sources_.add(srtp_ssrc(kind, packet));
        if (kind == srtp_kind::rtp)
            source->reached(index ? *index : source->guess(srtp_sequence(packet)));
    }

    std::uint64_t& counter_of(srtp_kind kind, const result<std::size_t>& made) noexcept {
        if (made) return kind == srtp_kind::rtp ? stats.packets : stats.rtcp_packets;
        switch (made.error()) {
        case errc::replayed:
            return stats.replayed;
        case errc::not_authentic:
            return stats.not_authentic;
        case errc::too_many_sources:
        case errc::not_enough_memory:
        case errc::crypto_failed:
            return stats.refused;
        default:
            return stats.malformed;
        }
    }

    std::size_t replay_window_;
    srtp_context current_;
    std::optional<srtp_context> previous_; ///< of the key before rekey()
    srtp_sources sources_;
};

} // namespace detail

using detail::srtp_kind;

srtp_receiver::srtp_receiver(const srtp_key& key, srtp_options options)
    : state_(std::make_unique<detail::srtp_receiver_state>(key, options)) {}
srtp_receiver::srtp_receiver(srtp_receiver&&) noexcept = default;
srtp_receiver& srtp_receiver::operator=(srtp_receiver&&) noexcept = default;
srtp_receiver::~srtp_receiver() = default;

result<std::size_t> srtp_receiver::unprotect(std::span<std::uint8_t> packet) noexcept {
    return state_->unprotect(srtp_kind::rtp, packet);
}

result<std::size_t> srtp_receiver::unprotect_rtcp(std::span<std::uint8_t> packet) noexcept {
    return state_->unprotect(srtp_kind::rtcp, packet);
}

errc srtp_receiver::set_roll_over_counter(std::uint32_t ssrc, std::uint32_t counter) noexcept {
    return state_->set_roll_over_counter(ssrc, counter);
}

errc srtp_receiver::rekey(const srtp_key& key) noexcept { return state_->rekey(key); }

void srtp_receiver::drop_previous_key() noexcept { state_->drop_previous_key(); }

bool srtp_receiver::remove_source(std::uint32_t ssrc) noexcept {
    return state_->remove_source(ssrc);
}

std::size_t srtp_receiver::sources() const noexcept { return state_->sources(); }

const srtp_receiver_stats& srtp_receiver::stats() const noexcept { return state_->stats; }

} // namespace rtpsynth
