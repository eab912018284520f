/// \file
/// Everything of <rtpsynth/rtp/>.
///
/// \defgroup rtp RTP
/// Parses packets (rtpsynth::rtp_packet_view, rtpsynth::rtp_extension_elements) and writes them
/// (rtpsynth::build_rtp, or rtpsynth::packet_synth for a whole stream), joins the streams of
/// several sources into one (rtpsynth::stream_rewriter), knows payload types, reads SDP
/// (rtpsynth::parse_sdp), classifies datagrams (rtpsynth::classify), and has SRTP
/// (rtpsynth::srtp_sender, rtpsynth::srtp_receiver) in a separate component.
#pragma once

#include <rtpsynth/rtp/builder.hpp>
#include <rtpsynth/rtp/datagram_kind.hpp>
#include <rtpsynth/rtp/extension.hpp>
#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>
#include <rtpsynth/rtp/payload_format.hpp>
#include <rtpsynth/rtp/payload_type.hpp>
#include <rtpsynth/rtp/payload_type_map.hpp>
#include <rtpsynth/rtp/profile.h>
#include <rtpsynth/rtp/rtpmap.hpp>
#include <rtpsynth/rtp/sdp.hpp>
#include <rtpsynth/rtp/sequence.hpp>
#include <rtpsynth/rtp/srtp.hpp>
#include <rtpsynth/rtp/srtp_key.hpp>
#include <rtpsynth/rtp/stream_rewriter.hpp>
#include <rtpsynth/rtp/stream_rewriter_options.hpp>
