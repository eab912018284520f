/// \file
/// Everything of <rtpsynth/rtcp/>.
///
/// \defgroup rtcp RTCP
/// Parses packets (rtpsynth::rtcp_compound_view, rtpsynth::rtcp_xr_view), writes them
/// (rtpsynth::rtcp_builder), keeps the reception statistics for report blocks
/// (rtpsynth::receiver_stats), and implements a participant of a session (rtpsynth::rtp_session),
/// which uses all of them.
#pragma once

#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/extended_report.hpp>
#include <rtpsynth/rtcp/packet.hpp>
#include <rtpsynth/rtcp/receiver_stats.hpp>
#include <rtpsynth/rtcp/report_block.hpp>
#include <rtpsynth/rtcp/session.hpp>
#include <rtpsynth/rtcp/session_options.hpp>
#include <rtpsynth/rtcp/session_source.hpp>
#include <rtpsynth/rtcp/session_stats.hpp>
#include <rtpsynth/rtcp/voip_metrics.hpp>
