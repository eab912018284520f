/// \file
/// What an rtp_proc is made with.
#pragma once

#include <rtpsynth/base/clock.hpp>

namespace rtpsynth::asio_server {

/// What an rtp_proc is made with. Everything has a default. New members are added at the end.
struct proc_options {
    /// How late a call may begin so that it is made together with others, 0..1 s.
    ///
    /// The rtp_proc wakes that long after a deadline and then makes the calls of all deadlines that
    /// have come: fewer wake-ups, and less processor time a call. No call is early, deadlines are
    /// passed on as they were given, so that schedules do not drift, and rtp_proc_stats::lateness
    /// includes the slack. 0: every deadline is met as soon as possible.
    duration slack{};
};

} // namespace rtpsynth::asio_server
