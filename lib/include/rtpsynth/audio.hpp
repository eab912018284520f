/// \file
/// Everything of <rtpsynth/audio/>.
///
/// \defgroup audio Audio
/// Codecs (rtpsynth::codec_set makes their encoders and decoders; G.711 and G.722 are also there
/// directly, as rtpsynth::ulaw_encode and others, rtpsynth::g722_encoder and
/// rtpsynth::g722_decoder) and sample rate conversion (rtpsynth::resampler, or
/// rtpsynth::resample_linear without a filter) of 16-bit linear PCM; telephone events
/// (rtpsynth::telephone_event_sender and rtpsynth::telephone_event_receiver), comfort noise
/// (rtpsynth::comfort_noise); audio of any length made into the packets of a call
/// (rtpsynth::voice_sender, rtpsynth::play_queue); concealment of losses
/// (rtpsynth::packet_loss_concealer); how good a call is (rtpsynth::call_quality).
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
