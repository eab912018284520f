// What a playout consists of.
#pragma once

#include "audio_queue.hpp"
#include "delay_control.hpp"
#include "packet_store.hpp"
#include "stream_numbering.hpp"

#include <rtpsynth/audio/comfort_noise.hpp>
#include <rtpsynth/audio/packet_loss_concealer.hpp>
#include <rtpsynth/jitter/playout.hpp>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

namespace rtpsynth {
namespace detail {

inline std::int64_t to_us(duration d) noexcept { return d.count() / 1000; }
inline std::int64_t to_us(time_point t) noexcept { return to_us(t.time_since_epoch()); }

} // namespace detail

class playout::state {
public:
    explicit state(const playout_options& o);

    enum class use : std::uint8_t { unknown, media, comfort_noise, event };
    void add(std::uint8_t payload_type, use what, std::unique_ptr<audio_decoder> decoder);

    void insert(const rtp_packet_view& packet, time_point arrival) noexcept;
    playout_kind pull(time_point now, std::span<std::int16_t> pcm) noexcept;
    playout_stats stats() const noexcept;
    const playout_options& options() const noexcept { return options_; }

private:
    struct format {
        std::uint8_t payload_type;
        use what;
        std::unique_ptr<audio_decoder> decoder; // of media
    };
    // A packet that did not fit the stream.
    struct suspect {
        std::vector<std::uint8_t> datagram;
        std::int64_t arrival = 0;
        bool is_held = false;
    };

    // The stream before the last restart.
    struct former_stream {
        std::uint32_t ssrc = 0;
        std::uint16_t seq = 0;
        std::int64_t end = 0;
    };

    // playout_insert.cpp
    bool is_former(const rtp_packet_view& packet, std::int64_t now) const noexcept;
    format* find(std::uint8_t payload_type) noexcept;
    std::uint32_t clock_of(const format* f) const noexcept;
    std::size_t samples_of(const format* f, std::span<const std::uint8_t> payload) const noexcept;
    bool keep(const rtp_packet_view& packet, std::int64_t arrival) noexcept;
    void store(const rtp_packet_view& packet, const detail::packet_place& place,
               std::int64_t arrival) noexcept;
    void hold(const rtp_packet_view& packet, std::int64_t arrival) noexcept;
    void restart(const rtp_packet_view& first, std::int64_t arrival) noexcept;
    std::int64_t end_of_stream() const noexcept;
    std::int64_t end_before(std::int64_t lseq) const noexcept;

    // playout_pull.cpp
    void fill(std::size_t needed) noexcept;
    void fill_idle(std::size_t needed) noexcept;
    void fill_before(const detail::waiting_packet& next, std::size_t needed) noexcept;
    void play(std::size_t gap, std::size_t more = 0) noexcept;
    void pass(const detail::waiting_packet& packet) noexcept;
    void starve(std::size_t n) noexcept;
    void pause() noexcept;
    void quiet(std::size_t n) noexcept;
    void limit_delay() noexcept;
    void leave(std::uint64_t& counter) noexcept;
    void adapt(std::size_t needed) noexcept;
    void look_ahead(std::size_t n) noexcept;
    void note(playout_kind kind) noexcept;

    // Whether nothing is missing before the packet.
    bool follows(const detail::waiting_packet& next) const noexcept {
        return next.lseq == last_ + 1 && !is_missing_;
    }
    // Whether a timestamp is off by no more than senders round.
    bool is_rounding(std::int64_t off) const noexcept {
        return std::abs(off) <= static_cast<std::int64_t>(samples(5));
    }
    // Whether the packet continues the audio before it. If the timestamps contradict each other the
    // number counts, unless the sender has said that a talkspurt begins, or has sent noise or an
    // event: then there was a pause, which a wrong timestamp hides.
    bool continues(const detail::waiting_packet& next) const noexcept {
        const bool may_have_paused = next.marker || noise_ || event_;
        return follows(next) && (is_rounding(next.position - end_) || !may_have_paused);
    }
    std::int64_t microseconds(std::size_t samples) const noexcept {
        return static_cast<std::int64_t>(samples) * 1'000'000 / options_.rate;
    }
    std::size_t samples(unsigned ms) const noexcept {
        return std::size_t{options_.rate} * ms / 1000;
    }

    playout_options options_;
    std::vector<format> formats_;
    playout_stats stats_;

    detail::stream_numbering numbering_;
    detail::packet_store store_;
    detail::delay_control delay_;
    suspect suspect_;
    former_stream former_;

    detail::audio_queue audio_;
    packet_loss_concealer concealer_;
    audio_decoder* decoder_ = nullptr; // of the packet played last
    std::uint32_t stream_ = 0;         // that the decoders have decoded packets of
    std::int64_t last_ = 0;            // number of the packet played, or passed, last
    std::uint64_t passed_ = 0;         // of the 64 numbers up to last_, those that were not missing
    std::int64_t end_ = 0;             // position behind the audio that was decoded or concealed
    std::size_t gap_ = 0;              // samples concealed since a packet was played
    std::size_t concealed_ = 0;        // samples of audio_ up to the last that were concealed
    bool has_last_ = false;
    bool is_missing_ = false; // packet last_ itself was not played
    bool idle_ = true;        // between talkspurts: end_ does not advance
    bool noise_ = false;      // the sender described the noise of the pause
    bool event_ = false;      // an event was passed since a packet was played
    comfort_noise_generator generator_;

    std::int64_t now_ = 0;      // of the pull, µs
    std::size_t tick_ = 1;      // its samples
    playout_kind kind_{};       // of the tick so far
    std::size_t unchanged_ = 0; // samples pulled since the delay was changed
    std::size_t wished_ = 0;    // samples pulled since it should be
    float loudness_ = 0;        // mean square of the loudest packets, which fades
    float last_loudness_ = 0;   // of the last packet
    double delay_sum_ = 0;      // µs, of the packets that were played
    std::uint64_t delay_count_ = 0;
};

} // namespace rtpsynth
