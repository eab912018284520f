/// \file
/// Payloads of one codec as those of another.
#pragma once

#include <rtpsynth/audio/codec.hpp>
#include <rtpsynth/audio/resampler.hpp>
#include <rtpsynth/base/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace rtpsynth::asio_server::detail {

/// A decoder, an encoder and, where their audio rates differ, a resampler between them. Several may
/// share an encoder. Allocates nothing after construction.
class payload_transcoder {
public:
    /// Where audio is on its way. Longer packets, more than 120 ms of opus, are refused.
    struct workspace {
        static constexpr std::size_t size = 8192;
        std::array<std::int16_t, size> decoded, resampled;
    };
    /// A payload that was made.
    struct output {
        std::size_t size;       // bytes
        std::uint32_t duration; // by the encoder's clock
    };

    /// \param has_memory whether a codec carries state from packet to packet, so that they must
    /// come in order \throws std::invalid_argument (there is no resampler for these rates);
    /// std::bad_alloc
    payload_transcoder(std::unique_ptr<audio_decoder> decoder,
                       std::shared_ptr<audio_encoder> encoder, bool has_memory);

    audio_encoder& encoder() const noexcept { return *encoder_; }
    const std::shared_ptr<audio_encoder>& shared_encoder() const noexcept { return encoder_; }
    bool has_memory() const noexcept { return has_memory_; }

    /// Errors: those of decode() and encode(); errc::bad_frame_size (the encoder made nothing).
    result<output> convert(std::span<const std::uint8_t> payload, std::span<std::uint8_t> storage,
                           workspace& work) noexcept;
    /// So many packets are missing.
    void miss(int packets, workspace& work) noexcept;
    /// The next payload continues nothing that this decoded.
    void restart() noexcept;

private:
    std::unique_ptr<audio_decoder> decoder_;
    std::shared_ptr<audio_encoder> encoder_;
    std::optional<resampler> resampler_;
    bool has_memory_;
    std::size_t latest_ = 0; // samples that were decoded
};

} // namespace rtpsynth::asio_server::detail
