/// \file
/// Channels: UDP sockets for RTP, and frames in order.
#pragma once

#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/asio_server/channel/frame_receiver.hpp>
#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/asio_server/channel/port_range.hpp>
#include <rtpsynth/asio_server/channel/resolve.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/asio_server/channel/source_lock.hpp>
#include <rtpsynth/asio_server/channel/stats.hpp>
