// Fills the gaps in a decoder's audio, by the decoder's own method if it has one, otherwise by a
// concealer.
#pragma once

#include <rtpsynth/audio/codec.hpp>
#include <rtpsynth/audio/packet_loss_concealer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth::detail {

// Recovers the end of the gap from the copy in the packet after it. False if that has no copy.
inline bool recover(audio_decoder& decoder, packet_loss_concealer& concealer,
                    std::span<const std::uint8_t> next, std::span<std::int16_t> pcm) noexcept {
    const std::size_t made = std::min(decoder.recover(next, pcm), pcm.size());
    if (made == 0) return false;
    const std::size_t missing = pcm.size() - made;
    std::copy_backward(pcm.begin(), pcm.begin() + static_cast<std::ptrdiff_t>(made), pcm.end());
    if (missing != 0) concealer.conceal(pcm.first(missing), pcm.subspan(missing));
    concealer.receive(pcm.subspan(missing));
    return true;
}

// Conceals by the decoder's own method. False, with nothing changed, if it has none.
inline bool conceal(audio_decoder& decoder, packet_loss_concealer& concealer,
                    std::span<std::int16_t> pcm) noexcept {
    if (!decoder.conceals()) return false;
    std::size_t made = 0;
    while (made < pcm.size()) {
        const std::size_t n = std::min(decoder.conceal(pcm.subspan(made)), pcm.size() - made);
        if (n == 0) break;
        made += n;
    }
    concealer.receive(pcm.first(made));
    if (made < pcm.size()) concealer.conceal(pcm.subspan(made));
    return true;
}

// Fills a gap, or the last part of one, for a decoder without its own method; `next` is the decoded
// audio after it.
inline void conceal(const audio_decoder& decoder, packet_loss_concealer& concealer,
                    std::span<std::int16_t> pcm, std::span<const std::int16_t> next) noexcept {
    concealer.conceal(pcm, decoder.needs_past() ? std::span<const std::int16_t>() : next);
}

} // namespace rtpsynth::detail
