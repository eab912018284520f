// The sources of one direction, and the latest packet index of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rtpsynth::detail {

struct srtp_source {
    std::uint32_t ssrc = 0;
    bool has_sequence = false; ///< false: only the roll-over counter of `index` is known
    bool settled = true;       ///< libsrtp2 has its own index; false: it must be told the counter
    std::uint64_t index = 0; ///< RFC 3711 §3.3.1: the highest index, 2^16 · roll-over counter + SEQ

    /// The most likely index of a packet with this sequence number (RFC 3711 appendix A). 2^48
    /// means that the key is exhausted.
    std::uint64_t guess(std::uint16_t sequence) const noexcept {
        const std::uint64_t counter = index >> 16;
        if (!has_sequence) return counter << 16 | sequence;
        const auto last = static_cast<std::uint16_t>(index);
        if (last < 0x8000)
            return (sequence - last > 0x8000 && counter != 0 ? counter - 1 : counter) << 16 |
                   sequence;
        return (last - 0x8000 > sequence ? counter + 1 : counter) << 16 | sequence;
    }

    void reached(std::uint64_t at) noexcept {
        if (!has_sequence || !settled || at > index) index = at;
        has_sequence = true;
        settled = true;
    }

    void begin_at(std::uint32_t counter) noexcept {
        index = std::uint64_t{counter} << 16;
        has_sequence = false;
        settled = false;
    }
};

class srtp_sources {
public:
    explicit srtp_sources(std::size_t most) : most_(most) { sources_.reserve(most); }

    srtp_source* find(std::uint32_t ssrc) noexcept {
        if (last_ < sources_.size() && sources_[last_].ssrc == ssrc) return &sources_[last_];
        for (last_ = 0; last_ < sources_.size(); ++last_)
            if (sources_[last_].ssrc == ssrc) return &sources_[last_];
        return nullptr;
    }

    bool is_full() const noexcept { return sources_.size() == most_; }
    /// Precondition: there is room. The reference is valid until the next call of add() or
    /// remove().
    srtp_source& add(std::uint32_t ssrc) noexcept {
        last_ = sources_.size();
        srtp_source& source = sources_.emplace_back();
        source.ssrc = ssrc;
        return source;
    }
    void remove(srtp_source& source) noexcept {
        source = sources_.back();
        sources_.pop_back();
    }

    std::size_t size() const noexcept { return sources_.size(); }
    auto begin() noexcept { return sources_.begin(); }
    auto end() noexcept { return sources_.end(); }

private:
    std::size_t most_;
    std::size_t last_ = 0; ///< position of the source found last, which is usually also the next
    std::vector<srtp_source> sources_;
};

} // namespace rtpsynth::detail
