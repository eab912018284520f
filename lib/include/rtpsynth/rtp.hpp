/// \file
/// Everything of <rtpsynth/rtp/>.
///
/// \defgroup rtp RTP
/// Packets read (rtpsynth::rtp_packet_view, rtpsynth::rtp_extension_elements) and written
/// (rtpsynth::build_rtp, or rtpsynth::packet_synth for a whole stream), one stream made of many
/// sources' (rtpsynth::stream_rewriter), payload types, SDP (rtpsynth::parse_sdp), the classifier
/// of datagrams (rtpsynth::classify), and SRTP (rtpsynth::srtp_sender, rtpsynth::srtp_receiver), in
/// a component of its own.
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
