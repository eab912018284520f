#include <rtpsynth/rtcp/detail/rtcp_schedule.hpp>

#include <algorithm>

namespace rtpsynth::detail {
namespace {

// Shares of the bandwidth if at most a quarter of the members send.
constexpr double sender_share = 0.25;
constexpr double receiver_share = 0.75;
// Reconsideration makes intervals shorter than intended, which e - 3/2 compensates (§6.3.1).
constexpr double compensation = 1.21828;
// Limits the interval for extremely low bandwidths.
constexpr double longest_seconds = 365 * 86'400.0;

duration from_seconds(double s) noexcept { return duration{static_cast<duration::rep>(s * 1e9)}; }

duration scaled(duration d, double factor) noexcept {
    return duration{static_cast<duration::rep>(static_cast<double>(d.count()) * factor)};
}

} // namespace

double rtcp_schedule::seconds(const rtcp_group& group, duration minimum) const noexcept {
    const auto members = static_cast<double>(group.members);
    const auto senders = static_cast<double>(group.senders);
    double share = 1, n = members;
    if (senders <= members * sender_share) {
        share = group.we_sent ? sender_share : receiver_share;
        n = group.we_sent ? senders : members - senders;
    }
    const double needed = average_size_ * n / (bandwidth_ * share);
    const double least = static_cast<double>(minimum.count()) / 1e9;
    return std::min(std::max(needed, least), longest_seconds);
}

duration rtcp_schedule::interval(const rtcp_group& group, random_sequence& random) const noexcept {
    const duration minimum = initial_ ? minimum_ / 2 : minimum_;
    return from_seconds(seconds(group, minimum) * (random.unit() + 0.5) / compensation);
}

duration rtcp_schedule::timeout_interval(rtcp_group group) const noexcept {
    group.we_sent = false;
    return sends() ? from_seconds(seconds(group, standard_minimum)) : standard_minimum;
}

void rtcp_schedule::start(time_point now, const rtcp_group& group,
                          random_sequence& random) noexcept {
    if (!sends()) return;
    last_ = now;
    members_at_last_ = group.members;
    next_ = now + interval(group, random);
}

bool rtcp_schedule::expired(time_point now, const rtcp_group& group,
                            random_sequence& random) noexcept {
    if (at_once_) return true;
    const time_point next = last_ + interval(group, random);
    members_at_last_ = group.members;
    if (next <= now) return true;
    next_ = next;
    return false;
}

void rtcp_schedule::sent(std::size_t size, time_point now, const rtcp_group& group,
                         random_sequence& random) noexcept {
    average(size);
    initial_ = false;
    last_ = now;
    // Draw again: the interval drawn in expired() is biased towards short ones.
    next_ = now + interval(group, random);
    members_at_last_ = group.members;
}

void rtcp_schedule::reconsider(std::size_t members, time_point now) noexcept {
    if (!running() || members >= members_at_last_) return;
    const double left = static_cast<double>(members) / static_cast<double>(members_at_last_);
    if (next_ > now) next_ = now + scaled(next_ - now, left);
    if (last_ < now) last_ = now - scaled(now - last_, left);
    members_at_last_ = members;
}

void rtcp_schedule::start_bye(std::size_t members, std::size_t size, time_point now,
                              random_sequence& random) noexcept {
    if (!sends()) return;
    initial_ = true;
    last_ = now;
    members_at_last_ = 1;
    average_size_ = static_cast<double>(size);
    at_once_ = members <= bye_at_once;
    next_ = at_once_ ? now : now + interval({}, random);
}

} // namespace rtpsynth::detail
