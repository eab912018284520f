/// \file
/// What is printed of an echo server at work.
#pragma once

#include "echo_server.hpp"

#include <rtpsynth/base/clock.hpp>

#include <iosfwd>

namespace echo {

/// Prints how it goes, each line flushed, and at the end how it went. On a terminal there is one
/// line, which is written anew each time.
class report {
public:
    report(std::ostream& out, bool terminal, rtpsynth::time_point start);

    /// What happened since the last call.
    void print_line(const echo_totals& totals, rtpsynth::time_point now);

    void print_totals(const echo_totals& totals, rtpsynth::time_point now);

private:
    std::ostream& out_;
    bool terminal_;
    rtpsynth::time_point start_;
    rtpsynth::duration start_cpu_;
    rtpsynth::time_point last_time_;
    rtpsynth::duration last_cpu_;
    echo_totals last_;
};

} // namespace echo
