/// \file
/// RTP: packets read and written, payload types, the classifier, the synthesiser.
#pragma once

#include <rtpsynth/rtp/builder.hpp>
#include <rtpsynth/rtp/datagram_kind.hpp>
#include <rtpsynth/rtp/extension.hpp>
#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>
#include <rtpsynth/rtp/payload_format.hpp>
#include <rtpsynth/rtp/payload_type.hpp>
#include <rtpsynth/rtp/profile.h>
#include <rtpsynth/rtp/sequence.hpp>
