/// \file
/// The options --rtcp and --rtcp-interval.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtcp/session.hpp>

#include <boost/program_options.hpp>

#include <cstdint>
#include <optional>

namespace common {

/// The values of --rtcp and --rtcp-interval.
struct rtcp_argument {
    rtpsynth::duration interval{}; ///< mean time between two reports
};

/// Adds --rtcp and --rtcp-interval.
void add_rtcp_options(boost::program_options::options_description& visible);

/// nullopt if --rtcp was not given. \throws std::invalid_argument
std::optional<rtcp_argument> rtcp_argument_of(const boost::program_options::variables_map& given);

/// Makes a session for two participants, with the argument's interval.
/// \param ssrc nullopt: random
/// \throws std::bad_alloc
rtpsynth::rtp_session make_session(const rtcp_argument& argument,
                                   std::optional<std::uint32_t> ssrc);

/// The present time, for sender reports.
rtpsynth::ntp_time wall_clock() noexcept;

} // namespace common
