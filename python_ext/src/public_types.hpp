/// \file
/// The parts of the module: bind_synth() is in rtp_synth.cpp, bind_call_quality() in
/// call_quality.cpp, and so on. Each puts its names into the module that is being made.
#pragma once

namespace rtpsynth::python {

void bind_synth();
void bind_utils();
void bind_jbuf();
void bind_server();
void bind_proc();
void bind_telephone_events();
void bind_comfort_noise();
void bind_call_quality();
void bind_codecs();
void bind_resampler();
void bind_packet_loss_concealer();
void bind_playout();
void bind_sdp();
void bind_srtp_crypto();
void bind_metrics();
void bind_relay();
void bind_receiver_stats();
void bind_rtcp_packets();
void bind_rtp_packets();
void bind_rtp_session();
void bind_voip_metrics();

} // namespace rtpsynth::python
