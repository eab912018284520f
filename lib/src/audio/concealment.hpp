// Filling the gaps of a decoder's audio: in its own way, if it has one, else by a concealer.
#pragma once

#include <rtpsynth/audio/codec.hpp>
#include <rtpsynth/audio/packet_loss_concealer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth::detail {

// From what the packet behind the gap repeats, which is the end of it. False if that is nothing.
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

// False if the decoder has no way of its own; then nothing is changed.
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

// Fills a gap, or the last part of one, for a decoder without a way of its own; `next` is decoded.
inline void conceal(const audio_decoder& decoder, packet_loss_concealer& concealer,
                    std::span<std::int16_t> pcm, std::span<const std::int16_t> next) noexcept {
    concealer.conceal(pcm, decoder.needs_past() ? std::span<const std::int16_t>() : next);
}

} // namespace rtpsynth::detail
