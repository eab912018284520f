#include "report/plot_svg.hpp"

#include "report/svg_canvas.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

namespace load {
namespace {

constexpr int width = 960, height = 770;
constexpr double left = 90, right = 870; // of both panels
constexpr double left_title = 14, right_title = 948;

struct panel {
    double top, bottom;
};
constexpr panel upper{155, 405}, lower{505, 700};

constexpr std::string_view grid = R"(stroke="#e4e4e4")";
constexpr std::string_view frame = R"(stroke="#888")";
constexpr std::string_view bars = R"(fill="#9ecae1")";
constexpr std::string_view curve = R"(stroke="#08519c" stroke-width="2")";
constexpr std::string_view loss_bars = R"(fill="#de2d26")";
constexpr std::string_view centred = R"(text-anchor="middle")";
constexpr std::string_view flush_right = R"(text-anchor="end")";
constexpr std::string_view heading = R"(font-size="15" font-weight="bold")";
constexpr std::string_view curve_label = R"(fill="#08519c")";
constexpr std::string_view loss_label = R"(fill="#b3201a")";

std::string short_number(double value) {
    if (value >= 1000) return grouped(static_cast<std::uint64_t>(std::llround(value)));
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
}

/// Labels the left or right edge of \p p; on the left also draws grid lines.
void draw_vertical_axis(svg_canvas& svg, const svg_axis& y, bool on_left, const std::string& unit,
                        std::string_view style = {}) {
    const double step = round_step(y.high - y.low, 5);
    for (double value = y.low; value <= y.high * 1.001; value += step) {
        const double at = y(value);
        if (on_left) svg.line({left, at}, {right, at}, grid);
        const std::string both =
            std::string(on_left ? flush_right : std::string_view{}) + ' ' + std::string(style);
        svg.text({on_left ? left - 8 : right + 8, at + 4}, short_number(value) + unit, both);
    }
}

void draw_frame(svg_canvas& svg, const panel& p) {
    svg.line({left, p.bottom}, {right, p.bottom}, frame);
    svg.line({left, p.top}, {left, p.bottom}, frame);
    svg.line({right, p.top}, {right, p.bottom}, frame);
}

/// Round trips in bins of equal width on a logarithmic scale.
class log_bins {
public:
    explicit log_bins(const rtpsynth::duration_histogram& h) {
        // Durations of up to a microsecond share a bin: the logarithm would stretch them.
        low_ = std::floor(per_decade * log_ms(std::max(milliseconds(h.min()), 1e-3))) - 1;
        const double high = std::ceil(per_decade * log_ms(std::max(milliseconds(h.max()), 1e-3)));
        shares_.resize(static_cast<std::size_t>(std::max(high - low_ + 1, per_decade / 2.0)));
        h.for_each_bucket([&](rtpsynth::duration from, rtpsynth::duration to, std::uint64_t n) {
            add(milliseconds(from), milliseconds(to),
                static_cast<double>(n) / static_cast<double>(h.count()));
        });
    }

    std::size_t size() const { return shares_.size(); }
    /// Share of all round trips, 0..1.
    double share(std::size_t i) const { return shares_[i]; }
    /// Decimal logarithm of milliseconds.
    double edge(std::size_t i) const { return (low_ + static_cast<double>(i)) / per_decade; }

private:
    static constexpr int per_decade = 24;

    static double log_ms(double ms) { return std::log10(ms); }

    /// Spreads a share that lies anywhere from \p from to \p to.
    void add(double from, double to, double share) {
        const double first = position(from), last = std::max(position(to), first + 1e-6);
        for (auto i = static_cast<std::size_t>(first); i < shares_.size(); ++i) {
            const auto bin = static_cast<double>(i);
            if (bin >= last) break;
            const double overlap = std::min(last, bin + 1) - std::max(first, bin);
            shares_[i] += share * overlap / (last - first);
        }
    }
    double position(double ms) const {
        return std::clamp(per_decade * log_ms(std::max(ms, 1e-9)) - low_, 0.0,
                          static_cast<double>(shares_.size()) - 1e-3);
    }

    double low_;
    std::vector<double> shares_;
};

void draw_log_axis(svg_canvas& svg, const svg_axis& x) {
    const bool crowded = x.high - x.low > 3;
    for (int decade = static_cast<int>(std::floor(x.low)); decade <= x.high; ++decade) {
        for (const int digit : {1, 2, 3, 4, 5, 6, 7, 8, 9}) {
            const double value = decade + std::log10(digit);
            if (value < x.low || value > x.high) continue;
            const bool labelled = digit == 1 || (!crowded && (digit == 2 || digit == 5));
            svg.line({x(value), upper.top}, {x(value), upper.bottom}, grid);
            if (!labelled) continue;
            svg.line({x(value), upper.bottom}, {x(value), upper.bottom + 5}, frame);
            svg.text({x(value), upper.bottom + 20}, short_number(std::pow(10, value)), centred);
        }
    }
    svg.text({(left + right) / 2, upper.bottom + 40}, "round trip, ms (logarithmic)", centred);
}

void draw_quantiles(svg_canvas& svg, const svg_axis& x, const quantiles& q) {
    const std::pair<const char*, double> marks[]{
        {"p50", q.p50}, {"p90", q.p90}, {"p99", q.p99}, {"max", q.max}};
    std::array<double, 4> row_end{}; // labels that would overlap go to another row
    for (const auto& [name, value] : marks) {
        const double at = x(std::log10(std::max(value, 1e-3)));
        const std::string label = std::string(name) + ' ' + short_number(value);
        const double half = 3.7 * static_cast<double>(label.size());
        const double middle = std::clamp(at, left + half, right - half);
        std::size_t row = 0;
        while (middle - half < row_end[row]) ++row; // some row is free: there are four labels
        row_end[row] = middle + half + 6;
        const double up = 14 * static_cast<double>(row);
        svg.line({at, upper.top - 6 - up}, {at, upper.bottom},
                 R"(stroke="#555" stroke-dasharray="4 3")");
        svg.text({middle, upper.top - 10 - up}, label, R"(text-anchor="middle" font-size="12")");
    }
}

void draw_round_trips(svg_canvas& svg, const load_summary& s) {
    svg.text({left, upper.top - 50}, "Round trip", heading);
    if (s.log->round_trip.count() == 0) {
        draw_frame(svg, upper);
        svg.text({(left + right) / 2, (upper.top + upper.bottom) / 2},
                 s.answered() ? "the answers have another numbering: round trips cannot be told"
                              : "nothing came back",
                 centred);
        return;
    }
    const log_bins bins(s.log->round_trip);
    double highest = 0;
    for (std::size_t i = 0; i != bins.size(); ++i) highest = std::max(highest, bins.share(i));
    const svg_axis x{bins.edge(0), bins.edge(bins.size()), left, right};
    const double step = round_step(100 * highest, 5);
    const svg_axis y{0, step * std::ceil(100 * highest / step), upper.bottom, upper.top};
    const svg_axis sum_axis{0, 100, upper.bottom, upper.top};
    draw_log_axis(svg, x);
    draw_vertical_axis(svg, y, true, " %");
    draw_vertical_axis(svg, sum_axis, false, " %", curve_label);
    std::vector<svg_point> sums{{left, upper.bottom}};
    double sum = 0;
    for (std::size_t i = 0; i != bins.size(); ++i) {
        const double from = x(bins.edge(i)), to = x(bins.edge(i + 1));
        const double top = y(100 * bins.share(i));
        if (bins.share(i) > 0)
            svg.rectangle({from + 0.5, top}, to - from - 1, upper.bottom - top, bars);
        sum += bins.share(i);
        sums.push_back({to, sum_axis(100 * std::min(sum, 1.0))});
    }
    svg.polyline(sums, curve);
    draw_quantiles(svg, x, s.round_trip);
    draw_frame(svg, upper);
    const double middle = (upper.top + upper.bottom) / 2;
    svg.upright_text({left_title, middle}, "share of packets", {});
    svg.upright_text({right_title, middle}, "cumulative share", curve_label);
}

void draw_over_time(svg_canvas& svg, const load_summary& s) {
    const timeline& t = s.log->over_time;
    const double interval = milliseconds(t.interval()) / 1000;
    struct sample {
        double from, to, packets, expected, lost;
        double rate() const { return packets / (to - from); }
        double loss() const { return expected > 0 ? 100 * lost / expected : 0; }
    };
    std::vector<sample> samples;
    double top_rate = 0, top_loss = 0;
    for (std::size_t i = 0; i != t.slots().size(); ++i) {
        const auto packets = static_cast<double>(t.slots()[i].packets);
        const auto expected = static_cast<double>(t.slots()[i].expected);
        const auto lost = static_cast<double>(t.slots()[i].lost());
        const double from = interval * static_cast<double>(i);
        const double to = std::min(from + interval, s.sending_s);
        if (packets == 0 || to <= from) continue;
        if (to - from < interval / 2 && !samples.empty()) // too short for a rate
            samples.back() = {samples.back().from, to, samples.back().packets + packets,
                              samples.back().expected + expected, samples.back().lost + lost};
        else
            samples.push_back({from, to, packets, expected, lost});
    }
    for (const sample& p : samples) {
        top_rate = std::max(top_rate, p.rate());
        top_loss = std::max(top_loss, p.loss());
    }

    svg.text({left, lower.top - 16}, "Loss and rate over time", heading);
    const svg_axis x{0, std::max(s.sending_s, 1e-3), left, right};
    if (top_loss == 0) top_loss = 1;
    const double loss_step = round_step(top_loss, 4);
    const svg_axis loss{0, loss_step * std::ceil(top_loss / loss_step - 1e-9), lower.bottom,
                        lower.top};
    const double rate_step = round_step(std::max(1.1 * top_rate, 1.0), 4);
    const svg_axis rate{0, rate_step * std::ceil(1.1 * top_rate / rate_step + 1e-9), lower.bottom,
                        lower.top};
    draw_vertical_axis(svg, loss, true, " %", loss_label);
    draw_vertical_axis(svg, rate, false, "", curve_label);
    std::vector<svg_point> rates;
    for (const sample& p : samples) {
        rates.push_back({x(p.from), rate(p.rate())});
        rates.push_back({x(p.to), rate(p.rate())});
        const double top = loss(p.loss());
        if (p.loss() > 0)
            svg.rectangle({x(p.from), top}, std::max(x(p.to) - x(p.from) - 0.5, 0.5),
                          lower.bottom - top, loss_bars);
    }
    svg.polyline(rates, curve);
    if (s.of_kind(answer_kind::renumbered) != 0) // it is unknown which packets were lost
        svg.text({(left + right) / 2, lower.top - 16}, "loss: without renumbered streams", centred);
    if (!samples.empty() && s.lost == 0)
        svg.text({(left + right) / 2, lower.bottom - 12}, "nothing lost", centred);
    const double step = round_step(x.high, 10);
    for (double value = 0; value <= x.high * 1.001; value += step) {
        svg.line({x(value), lower.bottom}, {x(value), lower.bottom + 5}, frame);
        svg.text({x(value), lower.bottom + 20}, short_number(value), centred);
    }
    draw_frame(svg, lower);
    const double middle = (lower.top + lower.bottom) / 2;
    svg.text({(left + right) / 2, lower.bottom + 40}, "time of sending, s", centred);
    svg.upright_text({left_title, middle}, "lost", loss_label);
    svg.upright_text({right_title, middle}, "packets/s sent", curve_label);
}

std::string figures(const load_summary& s) {
    return grouped(s.sent) + " sent, " + grouped(s.received) + " received, " + grouped(s.lost) +
           " lost (" + percent(s.loss_percent) + "), " +
           (s.jitters ? "RFC 3550 jitter " + decimal(s.mean_jitter_ms, 3) + " ms, " : "") +
           "send lateness p99 " + decimal(s.lateness.p99, 3) + " ms";
}

} // namespace

void print_svg(std::ostream& out, const load_summary& s) {
    const std::string title = "rtp_load: " + parameters(s);
    svg_canvas svg(out, width, height, title);
    svg.text({left_title, 30}, title, R"(font-size="19" font-weight="bold")");
    svg.text({left_title, 52}, figures(s), R"(fill="#555")");
    const std::string impaired = impairment_text(s.options->impairment);
    if (!impaired.empty()) svg.text({left_title, 70}, "On purpose: " + impaired, R"(fill="#555")");
    draw_round_trips(svg, s);
    draw_over_time(svg, s);
}

} // namespace load
