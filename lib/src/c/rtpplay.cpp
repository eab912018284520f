#include <rtpplay.h>

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/resampler.hpp>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/jitter/playout.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <utility>

using namespace rtpsynth;

static_assert(RTPPLAY_CONCEALED == static_cast<int>(playout_kind::concealed));
static_assert(RTPPLAY_SILENCE == static_cast<int>(playout_kind::silence));
static_assert(sizeof(rtpplay_stats::ticks) == sizeof(playout_stats::ticks));

namespace {

constexpr std::uint32_t highest_clock_rate = 96000;

// Limits the result of an application's function to 0..`most` samples.
std::size_t made(long n, std::size_t most) noexcept {
    return n <= 0 ? 0 : std::min(static_cast<std::size_t>(n), most);
}

class c_decoder final : public audio_decoder {
public:
    explicit c_decoder(const rtpplay_decoder& d) noexcept
        : audio_decoder({d.rate, d.clock_rate}), functions_(d) {}
    ~c_decoder() override {
        if (is_owned_ && functions_.destroy) functions_.destroy(functions_.arg);
    }
    c_decoder(const c_decoder&) = delete;
    c_decoder& operator=(const c_decoder&) = delete;

    // Takes over the application's decoder.
    void own() noexcept { is_owned_ = true; }

    result<std::size_t> samples(std::span<const std::uint8_t> payload) const noexcept override {
        const long n = functions_.samples(functions_.arg, payload.data(), payload.size());
        if (n <= 0) return errc::bad_payload;
        return static_cast<std::size_t>(n);
    }
    result<std::size_t> decode(std::span<const std::uint8_t> payload,
                               std::span<std::int16_t> pcm) noexcept override {
        const auto n = samples(payload);
        if (!n) return n;
        if (*n > pcm.size()) return errc::buffer_too_small;
        const long decoded =
            functions_.decode(functions_.arg, payload.data(), payload.size(), pcm.data(), *n);
        if (decoded < 0 || static_cast<std::size_t>(decoded) != *n) return errc::bad_payload;
        return n;
    }
    bool conceals() const noexcept override { return functions_.conceal != nullptr; }
    std::size_t conceal(std::span<std::int16_t> pcm) noexcept override {
        if (!functions_.conceal) return 0;
        return made(functions_.conceal(functions_.arg, pcm.data(), pcm.size()), pcm.size());
    }
    void reset() noexcept override {
        if (functions_.reset) functions_.reset(functions_.arg);
    }

private:
    rtpplay_decoder functions_;
    bool is_owned_ = false;
};

template <class Add>
int add(void* play, Add&& to) noexcept {
    if (play == nullptr) return RTPPLAY_EINVAL;
    try {
        to(*static_cast<playout*>(play));
        return RTPPLAY_OK;
    } catch (const std::bad_alloc&) {
        return RTPPLAY_ENOMEM;
    } catch (const std::exception&) {
        return RTPPLAY_EINVAL;
    }
}

// Converts to 8 bits so that an invalid payload type stays invalid.
std::uint8_t short_type(unsigned payload_type) noexcept {
    return static_cast<std::uint8_t>(std::min(payload_type, 255U));
}

const codec_set& core_codecs() {
    static const codec_set all;
    return all;
}

} // namespace

void* rtpplay_ctor(const rtpplay_opts* opts) {
    if (opts == nullptr || opts->size != sizeof *opts) return nullptr;
    try {
        return new playout({.rate = opts->rate,
                            .initial_delay = duration(opts->initial_delay_ns),
                            .min_delay = duration(opts->min_delay_ns),
                            .max_delay = duration(opts->max_delay_ns),
                            .late_target = opts->late_target});
    } catch (...) {
        return nullptr; // an option out of range, or no memory
    }
}

void rtpplay_dtor(void* play) { delete static_cast<playout*>(play); }

int rtpplay_add_codec(void* play, unsigned payload_type, const char* encoding) {
    if (encoding == nullptr) return RTPPLAY_EINVAL;
    return add(play, [&](playout& p) {
        p.add_decoder(short_type(payload_type), core_codecs().make_decoder(encoding));
    });
}

int rtpplay_add_decoder(void* play, unsigned payload_type, const rtpplay_decoder* decoder) {
    if (decoder == nullptr || decoder->size != sizeof *decoder || decoder->samples == nullptr ||
        decoder->decode == nullptr || decoder->clock_rate == 0 ||
        decoder->clock_rate > highest_clock_rate)
        return RTPPLAY_EINVAL;
    return add(play, [&](playout& p) {
        auto made = std::make_unique<c_decoder>(*decoder);
        c_decoder& added = *made;
        p.add_decoder(short_type(payload_type), std::move(made));
        added.own();
    });
}

int rtpplay_add_comfort_noise(void* play, unsigned payload_type) {
    return add(play, [&](playout& p) { p.add_comfort_noise(short_type(payload_type)); });
}

int rtpplay_add_event(void* play, unsigned payload_type) {
    return add(play, [&](playout& p) { p.add_event(short_type(payload_type)); });
}

rtp_parser_err_t rtpplay_insert(void* play, const unsigned char* data, size_t size,
                                int64_t now_ns) {
    rtp_packet_view packet;
    const bool is_null = play == nullptr || data == nullptr;
    if (const errc e = packet.assign(data, is_null ? 0 : size); e != errc{})
        return static_cast<rtp_parser_err_t>(e);
    static_cast<playout*>(play)->insert(packet, time_point(duration(now_ns)));
    return RTP_PARSER_OK;
}

rtpplay_kind rtpplay_pull(void* play, int64_t now_ns, int16_t* pcm, size_t n) {
    const std::span<std::int16_t> audio(pcm, pcm == nullptr ? 0 : n);
    if (play == nullptr) {
        std::fill(audio.begin(), audio.end(), std::int16_t{0});
        return RTPPLAY_SILENCE;
    }
    return static_cast<rtpplay_kind>(
        static_cast<playout*>(play)->pull(time_point(duration(now_ns)), audio));
}

void rtpplay_get_stats(const void* play, rtpplay_stats* stats) {
    if (stats == nullptr) return;
    *stats = {};
    if (play == nullptr) return;
    const playout_stats s = static_cast<const playout*>(play)->stats();
    *stats = {.received = s.received,
              .played = s.played,
              .late = s.late,
              .duplicate = s.duplicate,
              .discarded = s.discarded,
              .waiting = s.waiting,
              .underruns = s.underruns,
              .restarts = s.restarts,
              .grown = s.grown,
              .shrunk = s.shrunk,
              .ticks = {},
              .delay_ns = s.delay.count(),
              .target_ns = s.target.count(),
              .mean_delay_ns = s.mean_delay.count()};
    std::copy(s.ticks.begin(), s.ticks.end(), stats->ticks);
}
