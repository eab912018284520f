/// \file
/// Media that rtp_relay forwards.
#pragma once

#include "calls/media.hpp"
#include "media/prompt_player.hpp"
#include "media/prompts.hpp"
#include "media/recording.hpp"
#include "options.hpp"

#include <rtpsynth/asio_server/channel/port_range.hpp>
#include <rtpsynth/asio_server/server/rtp_server_pool.hpp>

#include <boost/asio/io_context.hpp>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace relay {

/// Opens a relay for each medium, on the server with the fewest channels. Belongs to the thread
/// that runs the context; its media must be gone before it is.
class relay_maker : public media_maker {
public:
    /// \throws std::invalid_argument, std::system_error: a directory does not exist
    relay_maker(boost::asio::io_context& context, const program_options& options);
    ~relay_maker() override;

    std::unique_ptr<media> make(const media_request& request, protocol_error& error) override;

    const rtpsynth::asio_server::rtp_server_pool& servers() const noexcept { return servers_; }
    std::size_t playing() const noexcept { return player_.playing(); }
    std::uint64_t recording_lost() const noexcept { return recorder_.lost(); }
    std::vector<std::pair<std::string, rtpsynth::asio_server::port_range_stats>> ports() const;

private:
    class relayed;
    struct place {
        std::string advertised; // empty: the proxy's
        boost::asio::ip::address address;
        std::unique_ptr<rtpsynth::asio_server::port_range> ports;
    };

    place* find(network in, bool is_v6, bool any_family) noexcept;

    rtpsynth::asio_server::rtp_server_pool servers_;
    std::optional<std::uint8_t> dscp_;
    std::array<std::vector<place>, 2> places_; // of each network
    prompt_library prompts_;
    prompt_player player_;
    recorder recorder_;
};

} // namespace relay
