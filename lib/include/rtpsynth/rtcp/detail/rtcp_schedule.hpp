/// \file
/// Internal: decides when a participant sends RTCP (RFC 3550 §6.2, §6.3, A.7).
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/detail/random_sequence.hpp>

#include <cstddef>

namespace rtpsynth::detail {

/// The number of participants and senders in a session, as one participant sees them.
struct rtcp_group {
    std::size_t members = 1; ///< this participant included
    std::size_t senders = 0; ///< this participant included, if it sends
    bool we_sent = false;
};

/// RTCP transmission timing: interval, reconsideration, reverse reconsideration and the back-off of
/// BYE. It knows the number of members, not their SSRCs.
///
/// Stopped until start() and after stop(). Sizes are in bytes with the headers of UDP and IP.
class rtcp_schedule {
public:
    /// The default minimum interval. Time-outs use it even if the session has another (§6.2).
    static constexpr duration standard_minimum = std::chrono::seconds(5);
    /// With up to this many members, a BYE is sent at once (§6.3.7).
    static constexpr std::size_t bye_at_once = 50;

    /// \param bandwidth of RTCP, in bytes per second; 0: never sends.
    /// \param minimum of the interval.
    /// \param size of the first packet to be sent.
    rtcp_schedule(double bandwidth, duration minimum, std::size_t size) noexcept
        : bandwidth_(bandwidth), minimum_(minimum), average_size_(static_cast<double>(size)) {}

    /// Whether the participant sends RTCP at all: the bandwidth is not 0.
    bool sends() const noexcept { return bandwidth_ > 0; }
    bool running() const noexcept { return next_ != time_point::max(); }
    /// When to call expired(); time_point::max() while stopped.
    time_point next() const noexcept { return next_; }
    double average_size() const noexcept { return average_size_; }

    /// The participant joins (§6.3.2).
    void start(time_point now, const rtcp_group& group, random_sequence& random) noexcept;
    void stop() noexcept { next_ = time_point::max(); }
    /// An RTCP datagram arrived (§6.3.3).
    void received(std::size_t size) noexcept { average(size); }
    /// Call at next(): returns whether to send a packet now. If not, next() has become a later time
    /// (§6.3.6).
    bool expired(time_point now, const rtcp_group& group, random_sequence& random) noexcept;
    /// A report was sent.
    void sent(std::size_t size, time_point now, const rtcp_group& group,
              random_sequence& random) noexcept;
    /// Members have left or timed out; \p members remain (§6.3.4).
    void reconsider(std::size_t members, time_point now) noexcept;
    /// The participant leaves a session of \p members with a BYE of \p size bytes. From now on the
    /// group consists of the members that send a BYE, and this participant (§6.3.7).
    void start_bye(std::size_t members, std::size_t size, time_point now,
                   random_sequence& random) noexcept;

    /// The interval from which time-outs are computed: that of a receiver, not randomised, with the
    /// standard minimum (§6.3.5).
    duration timeout_interval(rtcp_group group) const noexcept;

private:
    double seconds(const rtcp_group& group, duration minimum) const noexcept;
    duration interval(const rtcp_group& group, random_sequence& random) const noexcept;
    void average(std::size_t size) noexcept {
        average_size_ += (static_cast<double>(size) - average_size_) / 16;
    }

    double bandwidth_;
    duration minimum_;
    double average_size_;
    time_point next_ = time_point::max();
    time_point last_{};               // the last packet, or the start
    std::size_t members_at_last_ = 1; // when next_ was computed
    bool initial_ = true;             // nothing was sent yet
    bool at_once_ = false;            // the BYE is sent without back-off
};

} // namespace rtpsynth::detail
