/// \file
/// Calls: voice streams, relays, and latching.
#pragma once

#include <rtpsynth/asio_server/call/audio_tick.hpp>
#include <rtpsynth/asio_server/call/packet_protection.hpp>
#include <rtpsynth/asio_server/call/relay_options.hpp>
#include <rtpsynth/asio_server/call/rtp_relay.hpp>
#include <rtpsynth/asio_server/call/source_latch.hpp>
#include <rtpsynth/asio_server/call/voice_codec.hpp>
#include <rtpsynth/asio_server/call/voice_event.hpp>
#include <rtpsynth/asio_server/call/voice_stream.hpp>
#include <rtpsynth/asio_server/call/voice_stream_options.hpp>
#include <rtpsynth/asio_server/call/voice_stream_stats.hpp>
