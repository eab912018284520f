/// \file
/// Everything of <rtpsynth/audio/>.
///
/// \defgroup audio Audio
/// Codecs (rtpsynth::codec_set makes encoders and decoders; G.711 and G.722 can also be used
/// directly: rtpsynth::ulaw_encode and others, rtpsynth::g722_encoder, rtpsynth::g722_decoder).
/// Sample rate conversion of 16-bit linear PCM (rtpsynth::resampler, or rtpsynth::resample_linear
/// without a filter). Telephone events (rtpsynth::telephone_event_sender,
/// rtpsynth::telephone_event_receiver). Comfort noise (rtpsynth::comfort_noise). Paced sending of
/// audio of any length (rtpsynth::voice_sender, rtpsynth::play_queue). Packet loss concealment
/// (rtpsynth::packet_loss_concealer). Call quality (rtpsynth::call_quality).
#pragma once

#include <rtpsynth/audio/call_quality.hpp>
#include <rtpsynth/audio/codec.hpp>
#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/comfort_noise.hpp>
#include <rtpsynth/audio/emodel.hpp>
#include <rtpsynth/audio/g711.hpp>
#include <rtpsynth/audio/g722.hpp>
#include <rtpsynth/audio/loss_bursts.hpp>
#include <rtpsynth/audio/opus.hpp>
#include <rtpsynth/audio/packet_loss_concealer.hpp>
#include <rtpsynth/audio/play_queue.hpp>
#include <rtpsynth/audio/resample.hpp>
#include <rtpsynth/audio/resampled_decoder.hpp>
#include <rtpsynth/audio/resampler.hpp>
#include <rtpsynth/audio/telephone_event.hpp>
#include <rtpsynth/audio/telephone_event_receiver.hpp>
#include <rtpsynth/audio/telephone_event_sender.hpp>
#include <rtpsynth/audio/voice_sender.hpp>
#include <rtpsynth/audio/voice_sender_options.hpp>
#include <rtpsynth/audio/voice_sender_stats.hpp>
