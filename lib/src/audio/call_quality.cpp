#include <rtpsynth/audio/call_quality.hpp>

#include <algorithm>
#include <cmath>

namespace rtpsynth {
namespace {

using milliseconds = std::chrono::duration<double, std::milli>;

double in_ms(duration d) noexcept { return milliseconds{d}.count(); }

// Converts to RFC 3611's fractions in 1/256, which cannot represent 1 itself.
std::uint8_t to_256th(double share) noexcept {
    return static_cast<std::uint8_t>(std::clamp(share * 256, 0.0, 255.0));
}

std::uint16_t to_ms_field(double ms) noexcept {
    return static_cast<std::uint16_t>(std::clamp(std::round(ms), 0.0, 65535.0));
}

// NaN, which parameters out of range give, becomes "unavailable".
std::uint8_t to_score(std::optional<double> value, double lowest, double highest) noexcept {
    if (!value || std::isnan(*value)) return voip_metrics::unavailable;
    return static_cast<std::uint8_t>(std::clamp(std::round(*value), lowest, highest));
}

std::optional<double> tenfold(std::optional<double> mos) noexcept {
    if (mos) *mos *= 10;
    return mos;
}

} // namespace

call_quality::call_quality(const codec_impairment& codec) noexcept { set_codec(codec); }

void call_quality::set_codec(const codec_impairment& codec) noexcept {
    connection_.ie = codec.ie;
    connection_.bpl = codec.bpl;
}

void call_quality::set_delay(duration round_trip, duration end_system,
                             std::optional<duration> remote_end_system) noexcept {
    round_trip_ = std::max(round_trip, duration{});
    end_system_ = std::max(end_system, duration{});
    const duration remote = std::max(remote_end_system.value_or(end_system), duration{});
    const double one_way = (in_ms(round_trip_) + in_ms(end_system_) + in_ms(remote)) / 2;
    connection_.ta = connection_.t = one_way;
    connection_.tr = 2 * one_way;
    has_delay_ = true;
}

double call_quality::loss_percent() const noexcept {
    if (bursts_.expected() == 0) return 0;
    return 100 * static_cast<double>(bursts_.losses()) / static_cast<double>(bursts_.expected());
}

emodel_parameters call_quality::parameters(bool with_delay) const noexcept {
    emodel_parameters p = connection_;
    p.ppl = loss_percent();
    p.burst_r = bursts_.burst_ratio();
    if (!with_delay) p.ta = p.t = p.tr = 0;
    return p;
}

std::optional<double> call_quality::r() const noexcept {
    if (bursts_.expected() == 0) return std::nullopt;
    return r_factor(parameters(true));
}

std::optional<double> call_quality::mos() const noexcept {
    const auto rating = r();
    if (!rating) return std::nullopt;
    return mos_of(*rating);
}

std::optional<double> call_quality::listening_mos() const noexcept {
    if (bursts_.expected() == 0) return std::nullopt;
    return mos_of(r_factor(parameters(false)));
}

voip_metrics call_quality::metrics(std::uint32_t ssrc, duration ptime) const noexcept {
    voip_metrics m;
    m.ssrc = ssrc;
    m.gmin = bursts_.gmin();
    if (const auto expected = static_cast<double>(bursts_.expected()); expected > 0) {
        m.loss_rate = to_256th(static_cast<double>(bursts_.losses() - discarded_) / expected);
        m.discard_rate = to_256th(static_cast<double>(discarded_) / expected);
    }
    m.burst_density = to_256th(bursts_.burst_density());
    m.gap_density = to_256th(bursts_.gap_density());
    m.burst_duration = to_ms_field(bursts_.mean_burst() * in_ms(ptime));
    m.gap_duration = to_ms_field(bursts_.mean_gap() * in_ms(ptime));
    m.round_trip_delay = to_ms_field(in_ms(round_trip_));
    m.end_system_delay = to_ms_field(in_ms(end_system_));
    m.mos_lq = to_score(tenfold(listening_mos()), 10, 50);
    if (has_delay_) {
        m.r_factor = to_score(r(), 0, 100);
        m.mos_cq = to_score(tenfold(mos()), 10, 50);
    }
    return m;
}

} // namespace rtpsynth
