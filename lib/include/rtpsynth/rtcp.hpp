/// \file
/// RTCP: packets read and written, statistics of reception.
#pragma once

#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/packet.hpp>
#include <rtpsynth/rtcp/receiver_stats.hpp>
#include <rtpsynth/rtcp/report_block.hpp>
