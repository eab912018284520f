#include "audio/heard_audio.hpp"

#include "audio/stream_decoder.hpp"

#include <chrono>
#include <utility>

namespace replay {
namespace {

using rtpsynth::playout_kind;

constexpr unsigned ticks_per_second = 50;
constexpr rtpsynth::duration tick = std::chrono::milliseconds(1000 / ticks_per_second);
constexpr unsigned longest_delay = ticks_per_second / 2 + 1; // of a playout, and a tick

} // namespace

/// One channel.
class heard_audio::ear final : public playout_listener {
public:
    ear(heard_audio& owner, std::uint32_t rate) : owner_(owner), playout_({.rate = rate}) {}

    void arrived(const rtpsynth::rtp_packet_view& packet, const payload_use& use,
                 rtpsynth::time_point arrival) override {
        const rtpsynth::time_point now = owner_.advance(arrival);
        if (!any_ || packet.ssrc() != ssrc_) ++owner_.streams_;
        any_ = true;
        ssrc_ = packet.ssrc();
        add(use);
        playout_.insert(packet, now);
    }

    playout_kind pull(rtpsynth::time_point now, std::span<std::int16_t> pcm) noexcept {
        return playout_.pull(now, pcm);
    }
    std::uint64_t played() const noexcept { return playout_.stats().played; }
    bool is_empty() const noexcept { return playout_.stats().waiting == 0; }

private:
    /// A payload type that is used for the first time.
    void add(const payload_use& use) {
        if (!known_.insert(use.type).second) return;
        if (use.is_event())
            playout_.add_event(use.type);
        else if (use.format.kind == rtpsynth::payload_kind::comfort_noise)
            playout_.add_comfort_noise(use.type);
        else if (auto decoder = decoder_of(use))
            playout_.add_decoder(use.type, std::move(decoder));
        else if (use.format.kind == rtpsynth::payload_kind::unknown)
            known_.erase(use.type); // it may become known
    }

    heard_audio& owner_;
    rtpsynth::playout playout_;
    std::set<std::uint8_t> known_;
    bool any_ = false;
    std::uint32_t ssrc_ = 0;
};

heard_audio::heard_audio(const std::string& path, std::uint32_t rate, unsigned channels)
    : file_(path, rate, channels), rate_(rate) {
    for (unsigned i = 0; i < channels; ++i) ears_.push_back(std::make_unique<ear>(*this, rate));
}

heard_audio::~heard_audio() = default;

playout_listener& heard_audio::channel(unsigned index) { return *ears_.at(index); }

/// Pulls the ticks that are due before \p arrival. Returns that time as the playouts have it.
rtpsynth::time_point heard_audio::advance(rtpsynth::time_point arrival) {
    if (streams_ == 0) next_ = arrival;
    constexpr rtpsynth::duration late = std::chrono::seconds(1); // more than packets are held for
    if (arrival + offset_ + late < next_) offset_ = next_ - arrival;
    const rtpsynth::time_point until = arrival + offset_;
    while (next_ < until) {
        if (idle_ > 10 * (ticks_ - idle_) + 60 * ticks_per_second) {
            shortened_ = true;
            next_ += (until - next_) / tick * tick;
            if (next_ >= until) break;
        }
        pull();
    }
    return until;
}

void heard_audio::pull() {
    // Of a rate that is no multiple of 50, ticks differ by a sample.
    const std::uint64_t end = (ticks_ + 1) * rate_ / ticks_per_second;
    tick_.resize(static_cast<std::size_t>(end - ticks_ * rate_ / ticks_per_second));
    frames_.resize(tick_.size() * ears_.size());
    bool is_silent = true, is_idle = true, is_concealed = false;
    for (std::size_t channel = 0; channel < ears_.size(); ++channel) {
        const playout_kind kind = ears_[channel]->pull(next_, tick_);
        is_silent = is_silent && kind == playout_kind::silence;
        is_idle = is_idle && (kind == playout_kind::silence || kind == playout_kind::comfort_noise);
        is_concealed = is_concealed || kind == playout_kind::concealed;
        for (std::size_t i = 0; i < tick_.size(); ++i)
            frames_[i * ears_.size() + channel] = tick_[i];
    }
    next_ += tick;
    ++ticks_;
    silent_ += is_silent;
    idle_ += is_idle;
    concealed_ += is_concealed;
    file_.write(frames_);
}

bool heard_audio::is_playing() const noexcept {
    for (const auto& one : ears_)
        if (!one->is_empty()) return true;
    return false;
}

void heard_audio::finish() {
    // A packet may wait that no other proves right: it is not played, and ends nothing.
    std::uint64_t played = 0, before = 0;
    for (unsigned since = 0; is_playing() && since <= longest_delay; ++since) {
        pull();
        played = 0;
        for (const auto& one : ears_) played += one->played();
        if (played != before) since = 0;
        before = played;
    }
    const std::uint64_t concealed = concealed_;
    pull(); // what was decoded already; that nothing follows is no loss
    concealed_ = concealed;
    file_.close();
}

double heard_audio::duration_s() const noexcept {
    return static_cast<double>(ticks_) / ticks_per_second;
}
double heard_audio::concealed_s() const noexcept {
    return static_cast<double>(concealed_) / ticks_per_second;
}
double heard_audio::silence_s() const noexcept {
    return static_cast<double>(silent_) / ticks_per_second;
}

} // namespace replay
