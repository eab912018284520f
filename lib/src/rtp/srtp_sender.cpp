#include "srtp_context.hpp"
#include "srtp_sources.hpp"

#include <new>
#include <utility>
#include <vector>

namespace rtpsynth {
namespace detail {

class srtp_sender_state {
public:
    srtp_sender_state(const srtp_key& key, const srtp_options& options)
        : context_(make_srtp_context(key, srtp_direction::out, options)),
          sources_(options.max_sources),
          left_(packets_of(key)) {
        own_.reserve(options.max_sources);
    }

    result<std::size_t> protect(srtp_kind kind, std::span<std::uint8_t> buffer,
                                std::size_t size) noexcept {
        const result<std::size_t> made = try_to_protect(kind, buffer, size);
        ++(!made ? stats.refused : kind == srtp_kind::rtp ? stats.packets : stats.rtcp_packets);
        return made;
    }

    errc set_roll_over_counter(std::uint32_t ssrc, std::uint32_t counter) noexcept {
        srtp_source* source = sources_.find(ssrc);
        if (!source) {
            if (sources_.is_full()) return errc::too_many_sources;
            if (const errc error = context_.add_source(ssrc); error != errc{}) return error;
            source = &sources_.add(ssrc);
            own_.push_back(ssrc);
        }
        source->begin_at(counter);
        return {};
    }

    errc rekey(const srtp_key& key) noexcept {
        // Check that libsrtp2 supports the suite before the old key is discarded.
        if (const auto probe = srtp_context::make(key, srtp_direction::out, 64); !probe)
            return probe.error();
        if (const errc error = context_.update(key, own_); error != errc{}) return error;
        left_ = packets_of(key);
        return {};
    }

    const srtp_context& context() const noexcept { return context_; }

    srtp_sender_stats stats;

private:
    static std::uint64_t packets_of(const srtp_key& key) noexcept {
        return key.lifetime().value_or(std::uint64_t{1} << 48); // RFC 3711 §9.2
    }

    result<std::size_t> try_to_protect(srtp_kind kind, std::span<std::uint8_t> buffer,
                                       std::size_t size) noexcept {
        if (size > buffer.size()) return errc::invalid_argument;
        const auto packet = buffer.first(size);
        if (const errc error = check_srtp_packet(kind, packet, 0); error != errc{}) return error;
        if (buffer.size() - size < context_.overhead(kind)) return errc::buffer_too_small;
        if (left_ == 0) return errc::key_exhausted;
        const std::uint32_t ssrc = srtp_ssrc(kind, packet);
        srtp_source* source = sources_.find(ssrc);
        if (!source && sources_.is_full()) return errc::too_many_sources;
        std::uint64_t index = 0;
        if (kind == srtp_kind::rtp) {
            index = source ? source->guess(srtp_sequence(packet)) : srtp_sequence(packet);
            // libsrtp2 would restart at 0, and reuse the keystream.
            if (index >> 48 != 0) return errc::key_exhausted;
            if (source && !source->settled)
                context_.set_roll_over_counter(ssrc, static_cast<std::uint32_t>(index >> 16));
        }
        const result<std::size_t> made =
            is_srtp_aligned(packet.data())
                ? context_.protect(kind, packet.data(), size)
                : on_srtp_copy(packet.data(), size, [&](std::uint8_t* copy) {
                      return context_.protect(kind, copy, size);
                  });
        if (!made) return made;
        --left_;
        if (!source) source = &sources_.add(ssrc);
        if (kind == srtp_kind::rtp) source->reached(index);
        return made;
    }

    srtp_context context_;
    srtp_sources sources_;
    std::vector<std::uint32_t> own_; ///< what context_.update() must be told
    std::uint64_t left_;             ///< packets that the key may still protect
};

} // namespace detail

using detail::srtp_kind;

bool is_available(srtp_suite suite) {
    const auto key = srtp_key::generate(suite, [] { return 0U; });
    const auto context = detail::srtp_context::make(key, detail::srtp_direction::out, 64);
    if (!context && context.error() == errc::not_enough_memory) throw std::bad_alloc();
    return context.has_value();
}

srtp_sender::srtp_sender(const srtp_key& key, srtp_options options)
    : state_(std::make_unique<detail::srtp_sender_state>(key, options)) {}
srtp_sender::srtp_sender(srtp_sender&&) noexcept = default;
srtp_sender& srtp_sender::operator=(srtp_sender&&) noexcept = default;
srtp_sender::~srtp_sender() = default;

std::size_t srtp_sender::rtp_overhead() const noexcept {
    return state_->context().overhead(srtp_kind::rtp);
}

std::size_t srtp_sender::rtcp_overhead() const noexcept {
    return state_->context().overhead(srtp_kind::rtcp);
}

result<std::size_t> srtp_sender::protect(std::span<std::uint8_t> buffer,
                                         std::size_t size) noexcept {
    return state_->protect(srtp_kind::rtp, buffer, size);
}

result<std::size_t> srtp_sender::protect_rtcp(std::span<std::uint8_t> buffer,
                                              std::size_t size) noexcept {
    return state_->protect(srtp_kind::rtcp, buffer, size);
}

errc srtp_sender::set_roll_over_counter(std::uint32_t ssrc, std::uint32_t counter) noexcept {
    return state_->set_roll_over_counter(ssrc, counter);
}

errc srtp_sender::rekey(const srtp_key& key) noexcept { return state_->rekey(key); }

const srtp_sender_stats& srtp_sender::stats() const noexcept { return state_->stats; }

} // namespace rtpsynth
