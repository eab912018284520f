/// \file
/// Counters as dicts of ints. With the GIL held.
#pragma once

#include "core/py_ref.hpp"

#include <rtpsynth/asio_server/channel/frame_receiver.hpp>
#include <rtpsynth/asio_server/channel/stats.hpp>
#include <rtpsynth/jitter/buffer_stats.hpp>
#include <rtpsynth/jitter/playout_stats.hpp>
#include <rtpsynth/rtcp/receiver_stats.hpp>

#include <cstdint>
#include <initializer_list>
#include <utility>

namespace rtpsynth::python {

using counter = std::pair<const char*, std::uint64_t>;

/// \return none with MemoryError set
py_ref make_stats(std::initializer_list<counter> counters);
py_ref make_stats(const asio_server::channel_stats& counted);
py_ref make_stats(const asio_server::frame_receiver_stats& counted);
py_ref make_stats(const jitter_buffer_stats& counted);
py_ref make_stats(const playout_stats& counted);
py_ref make_stats(const receiver_stats& counted);

/// \return false with MemoryError set
bool add_stat(const py_ref& dict, const char* name, std::uint64_t count);

} // namespace rtpsynth::python
