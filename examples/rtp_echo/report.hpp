/// \file
/// What rtp_echo prints.
#pragma once

#include "echo_server.hpp"

#include <rtpsynth/base/clock.hpp>

#include <iosfwd>

namespace echo {

/// Prints statistics while the server runs, flushing each line, and totals at the end. On a
/// terminal one line is overwritten each time.
class report {
public:
    report(std::ostream& out, bool terminal, rtpsynth::time_point start);

    /// Prints what happened since the last call.
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
