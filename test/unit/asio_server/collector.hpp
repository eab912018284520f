/// \file
/// A receive handler for tests.
#pragma once

#include "server_tools.hpp"

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

namespace rtpsynth::asio_server {

/// Collects what a channel receives.
struct collector {
    std::mutex mutex;
    std::vector<std::string> texts;
    std::vector<udp::endpoint> sources;
    std::vector<rtpsynth::time_point> times;

    void take(const datagram_view& d) {
        const std::lock_guard lock{mutex};
        texts.push_back(text(d.data));
        sources.push_back(d.source);
        times.push_back(d.received_at);
    }
    std::size_t size() {
        const std::lock_guard lock{mutex};
        return texts.size();
    }
    auto handler() {
        return [this](rtp_channel&, const datagram_view& d) { take(d); };
    }
};

} // namespace rtpsynth::asio_server
