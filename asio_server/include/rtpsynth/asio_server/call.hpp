/// \file
/// Calls: what two sides of a conversation need beside channels.
#pragma once

#include <rtpsynth/asio_server/call/packet_protection.hpp>
#include <rtpsynth/asio_server/call/relay_options.hpp>
#include <rtpsynth/asio_server/call/rtp_relay.hpp>
#include <rtpsynth/asio_server/call/source_latch.hpp>
