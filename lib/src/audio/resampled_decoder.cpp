#include <rtpsynth/audio/resampled_decoder.hpp>

#include "concealment.hpp"

#include <rtpsynth/audio/packet_loss_concealer.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rtpsynth {
namespace {

constexpr unsigned longest_ms = 120;

class converting_decoder final : public audio_decoder {
public:
    converting_decoder(std::unique_ptr<audio_decoder> decoder, std::uint32_t rate,
                       resampler_quality quality)
        : audio_decoder({rate, decoder->rates().clock}),
          decoder_(std::move(decoder)),
          resampler_(decoder_->rates().audio, rate, quality),
          concealer_(decoder_->rates().audio),
          longest_(std::size_t{decoder_->rates().audio} * longest_ms / 1000),
          pcm_(2 * longest_) {}

    result<std::size_t> samples(std::span<const std::uint8_t> payload) const noexcept override {
        const auto n = decoder_->samples(payload);
        if (!n) return n;
        if (*n > longest_) return errc::bad_payload;
        return converted(*n);
    }

    result<std::size_t> decode(std::span<const std::uint8_t> payload,
                               std::span<std::int16_t> pcm) noexcept override {
        const auto made = samples(payload);
        if (!made) return made;
        if (pcm.size() < *made) return errc::buffer_too_small;
        if (ahead_ == 0) {
            const auto n = decoder_->decode(payload, next());
            if (!n) return n;
            ahead_ = *n;
        }
        const std::span<std::int16_t> decoded =
            next().first(std::min(std::exchange(ahead_, 0), longest_));
        // The decoder returned another size than before, or this is another packet than recover()
        // used.
        if (converted(decoded.size()) != *made) {
            interrupt();
            return errc::bad_payload;
        }
        concealer_.receive(decoded);
        // Samples left over from earlier packets, if there is room for them now.
        const std::size_t all = left_ + resampler_.output_size(decoded.size());
        const std::span<std::int16_t> out = pcm.first(std::min(pcm.size(), all));
        convert(decoded, out);
        return out.size();
    }

    bool conceals() const noexcept override { return true; }

    std::size_t conceal(std::span<std::int16_t> pcm) noexcept override {
        const std::span<std::int16_t> made = pcm.first(std::min(pcm.size(), converted(longest_)));
        const std::span<std::int16_t> gap = missing(made.size());
        if (!gap.empty() && !detail::conceal(*decoder_, concealer_, gap)) concealer_.conceal(gap);
        convert(gap, made);
        return made.size();
    }

    // If the codec can only continue the audio, decode the packet in advance.
    std::size_t recover(std::span<const std::uint8_t> payload,
                        std::span<std::int16_t> pcm) noexcept override {
        if (pcm.size() > converted(longest_) || !samples(payload)) return 0;
        const std::span<std::int16_t> gap = missing(pcm.size());
        if (gap.empty()) return 0; // the samples left over fill the gap
        if (!detail::recover(*decoder_, concealer_, payload, gap) &&
            !detail::conceal(*decoder_, concealer_, gap)) {
            const auto n = decoder_->decode(payload, next());
            if (!n) return 0;
            ahead_ = std::min(*n, longest_);
            detail::conceal(*decoder_, concealer_, gap, next().first(ahead_));
        }
        convert(gap, pcm);
        return pcm.size();
    }

    void interrupt() noexcept override {
        decoder_->interrupt();
        forget();
        concealer_.interrupt();
    }
    void reset() noexcept override {
        decoder_->reset();
        forget();
    }

private:
    void forget() noexcept {
        resampler_.reset();
        concealer_.reset();
        left_ = ahead_ = 0;
    }

    std::size_t converted(std::size_t samples) const noexcept {
        return static_cast<std::size_t>(std::uint64_t{samples} * resampler_.out_rate() /
                                        resampler_.in_rate());
    }

    // Room for the decoded packet, and for the gap of which `made` output samples are needed.
    std::span<std::int16_t> next() noexcept { return std::span(pcm_).first(longest_); }
    std::span<std::int16_t> missing(std::size_t made) noexcept {
        const std::size_t rest = made - std::min(made, left_);
        auto n = static_cast<std::size_t>(std::uint64_t{rest} * resampler_.in_rate() /
                                          resampler_.out_rate());
        while (left_ + resampler_.output_size(n) < made) ++n;
        return std::span(pcm_).subspan(longest_, n);
    }

    // Fills \p out, first with the samples left over from the last time, and keeps what does not
    // fit.
    void convert(std::span<const std::int16_t> in, std::span<std::int16_t> out) noexcept {
        const std::size_t first = std::min(left_, out.size());
        std::copy_n(rest_.begin(), first, out.begin());
        left_ -= first;
        std::copy_n(rest_.begin() + static_cast<std::ptrdiff_t>(first), left_, rest_.begin());
        out = out.subspan(first);

        std::size_t n = in.size();
        while (resampler_.output_size(n) > out.size()) --n;
        out = out.subspan(process(in.first(n), out));

        std::array<std::int16_t, 4 * most_left> last{};
        const std::size_t made = process(in.subspan(n), last);
        const std::size_t fit = std::min(out.size(), made);
        std::copy_n(last.begin(), fit, out.begin());
        const std::size_t kept = std::min(made - fit, most_left - left_);
        std::copy_n(last.begin() + static_cast<std::ptrdiff_t>(fit), kept,
                    rest_.begin() + static_cast<std::ptrdiff_t>(left_));
        left_ += kept;
    }

    // The output always fits.
    std::size_t process(std::span<const std::int16_t> in, std::span<std::int16_t> out) noexcept {
        const auto made = resampler_.process(in, out);
        return made ? *made : 0;
    }

    static constexpr std::size_t most_left = 16;

    std::unique_ptr<audio_decoder> decoder_;
    resampler resampler_;
    packet_loss_concealer concealer_; // at the decoder's rate
    std::size_t longest_;             // samples of a packet, and of a gap
    std::vector<std::int16_t> pcm_;   // room for a packet and a gap
    std::array<std::int16_t, most_left> rest_{};
    std::size_t left_ = 0;  // samples of rest_
    std::size_t ahead_ = 0; // samples of the packet that recover() has decoded already
};

void check_played(const char* of, std::uint32_t rate) {
    if (rate < packet_loss_concealer::min_rate || rate > packet_loss_concealer::max_rate)
        throw std::invalid_argument(std::string("rtpsynth::resampled_decoder: ") + of + " is " +
                                    std::to_string(rate) + " Hz and not in 8000..96000");
}

} // namespace

std::unique_ptr<audio_decoder> resampled_decoder(std::unique_ptr<audio_decoder> decoder,
                                                 std::uint32_t rate, resampler_quality quality) {
    if (!decoder)
        throw std::invalid_argument("rtpsynth::resampled_decoder: decoder must not be null");
    check_played("rate", rate);
    if (decoder->rates().audio == rate) return decoder;
    check_played("the decoder's rate", decoder->rates().audio);
    return std::make_unique<converting_decoder>(std::move(decoder), rate, quality);
}

} // namespace rtpsynth
