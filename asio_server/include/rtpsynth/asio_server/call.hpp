/// \file
/// Calls: what two sides of a conversation need beside channels.
#pragma once

#include <rtpsynth/asio_server/call/source_latch.hpp>
