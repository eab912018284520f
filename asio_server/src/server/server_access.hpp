/// \file
/// The way from an rtp_server to what is behind it, for what else the library makes on a server.
#pragma once

#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <memory>

namespace rtpsynth::asio_server::detail {

class engine;

struct server_access {
    static const std::shared_ptr<engine>& engine_of(const rtp_server& server) noexcept {
        return server.engine_;
    }
};

} // namespace rtpsynth::asio_server::detail
