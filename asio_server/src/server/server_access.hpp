/// \file
/// Access to the implementation of rtp_server, for other parts of the library that use a server.
#pragma once

#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <memory>

namespace rtpsynth::asio_server::detail {

class engine;

struct server_access {
    static const std::shared_ptr<engine>& engine_of(const rtp_server& server) noexcept {
        return server.engine_;
    }

    // The two halves of shutdown(), and whether the caller is the server's own thread.
    static void begin_shutdown(rtp_server& server, time_point drain_until) noexcept {
        server.begin_shutdown(drain_until);
    }
    static void join(rtp_server& server) noexcept { server.join(); }
    static bool runs_here(const rtp_server& server) noexcept { return server.runs_here(); }
};

} // namespace rtpsynth::asio_server::detail
