#include <rtpsynth/audio/loss_bursts.hpp>

#include <algorithm>

namespace rtpsynth {
namespace {

double share(std::uint64_t part, std::uint64_t whole) noexcept {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

} // namespace

void loss_bursts::lost(std::uint64_t packets) noexcept {
    if (packets == 0) return;
    if (run_ > 0 || losses_ == 0) ++loss_runs_;
    if (losses_ == 0 || run_ >= gmin_) {
        burst_packets_ = burst_packets();
        burst_losses_ = burst_losses();
        bursts_ = bursts();
        burst_first_ = burst_first_ || (cluster_first_ && in_burst());
        cluster_first_ = expected_ == 0;
        cluster_packets_ = packets;
        cluster_losses_ = packets;
    } else {
        cluster_packets_ += run_ + packets;
        cluster_losses_ += packets;
    }
    expected_ += packets;
    losses_ += packets;
    run_ = 0;
}

// There is one gap between two bursts, one before the first unless the stream begins with it, and
// one after the last unless the stream ends in it.
std::uint64_t loss_bursts::gaps() const noexcept {
    if (expected_ == 0) return 0;
    const bool begins_with_burst = burst_first_ || (cluster_first_ && in_burst());
    const bool ends_with_burst = in_burst() && run_ == 0;
    return bursts() + 1 - begins_with_burst - ends_with_burst;
}

double loss_bursts::burst_density() const noexcept {
    return share(burst_losses(), burst_packets());
}

double loss_bursts::gap_density() const noexcept {
    return share(losses_ - burst_losses(), expected_ - burst_packets());
}

double loss_bursts::mean_burst() const noexcept { return share(burst_packets(), bursts()); }

double loss_bursts::mean_gap() const noexcept { return share(expected_ - burst_packets(), gaps()); }

double loss_bursts::burst_ratio() const noexcept {
    const double mean_run = share(losses_, loss_runs_);
    return std::max(1.0, mean_run * share(expected_ - losses_, expected_));
}

} // namespace rtpsynth
