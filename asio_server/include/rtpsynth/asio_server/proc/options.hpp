/// \file
/// Options of an rtp_proc.
#pragma once

#include <rtpsynth/base/clock.hpp>

namespace rtpsynth::asio_server {

/// Options of an rtp_proc. Everything has a default. New members are added at the end.
struct proc_options {
    /// How late a call may begin in order to be made together with others, 0..1 s.
    ///
    /// The rtp_proc wakes up this long after a deadline, and then makes the calls of all deadlines
    /// that have passed: fewer wake-ups, and less processor time per call. No call is early.
    /// Handlers get the deadlines that they asked for, so schedules do not drift.
    /// rtp_proc_stats::lateness includes the slack. 0: every call is made as soon as possible.
    duration slack{};
};

} // namespace rtpsynth::asio_server
