#include <rtpsynth/asio_server/call/voice_stream.hpp>

#include "call/voice_stream_impl.hpp"
#include "server/server_access.hpp"

#include <rtpsynth/asio_server/channel/port_range.hpp>
#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <boost/system/system_error.hpp>

#include <cstdint>
#include <stdexcept>
#include <utility>

namespace rtpsynth::asio_server {
namespace {

std::shared_ptr<detail::voice_stream_impl> make_stream(rtp_server& server,
                                                       const voice_stream_options& options) {
    return detail::voice_stream_impl::make(detail::server_access::engine_of(server), options);
}

void start_stream(detail::voice_stream_impl& stream, channel_pair&& channels,
                  const voice_stream_options& options) {
    if (const auto e = stream.start(std::move(channels.rtp), std::move(channels.rtcp), options.peer,
                                    options.rtcp_peer))
        throw boost::system::system_error{e, "voice_stream: peer"};
}

} // namespace

voice_stream::voice_stream(std::shared_ptr<detail::voice_stream_impl> self) noexcept
    : impl_{std::move(self)} {}

voice_stream::voice_stream(rtp_server& server, const voice_stream_options& options)
    : impl_{make_stream(server, options)} {
    channel_pair channels;
    channels.rtp = server.create_channel(options.channel, impl_->make_feed(true));
    if (!impl_->mux()) {
        channel_options next = options.channel;
        const std::uint16_t port = channels.rtp->local_endpoint().port();
        if (port == 65535)
            throw std::invalid_argument("voice_stream: channel.bind: no port is after 65535");
        next.bind.port(static_cast<std::uint16_t>(port + 1));
        channels.rtcp = server.create_channel(next, impl_->make_feed(false));
    }
    start_stream(*impl_, std::move(channels), options);
}

voice_stream::voice_stream(rtp_server& server, port_range& ports,
                           const voice_stream_options& options)
    : impl_{make_stream(server, options)} {
    channel_pair channels;
    if (impl_->mux())
        channels.rtp = ports.create_channel(server, options.channel, impl_->make_feed(true));
    else
        channels = ports.create_pair(server, options.channel, impl_->make_feed(true),
                                     impl_->make_feed(false));
    start_stream(*impl_, std::move(channels), options);
}

voice_stream::~voice_stream() {
    if (!impl_) return; // the handle of a handler's call
    if (impl_->home().inherited()) {
        impl_->close_inherited();
        return;
    }
    impl_->silence();
    impl_->close({});
}

voice_stream::executor_type voice_stream::get_executor() const noexcept {
    return impl_->home().executor();
}

voice_stream::endpoint voice_stream::local_endpoint() const noexcept {
    return impl_->rtp()->local_endpoint();
}

voice_stream::endpoint voice_stream::local_rtcp_endpoint() const noexcept {
    const rtp_channel* const channel = impl_->rtcp();
    return channel ? channel->local_endpoint() : endpoint{};
}

boost::system::error_code voice_stream::set_peer(const endpoint& rtp,
                                                 const std::optional<endpoint>& rtcp) noexcept {
    return impl_->set_peer(rtp, rtcp);
}

std::optional<voice_stream::endpoint> voice_stream::peer() const noexcept {
    return impl_->rtp()->target();
}

boost::system::result<std::size_t> voice_stream::try_play(std::span<const std::int16_t> pcm,
                                                          std::uint64_t item) noexcept {
    return impl_->try_play(pcm, item);
}

void voice_stream::end_item() noexcept { impl_->end_item(); }
void voice_stream::set_play_rate(std::uint32_t hz) { impl_->set_play_rate(hz); }
std::optional<played_item> voice_stream::clear() noexcept { return impl_->clear(); }

boost::system::error_code voice_stream::send_digits(std::string_view digits,
                                                    const digit_timing& timing) noexcept {
    return impl_->send_digits(digits, timing);
}

void voice_stream::set_codec(const voice_codec& codec) { impl_->set_codec(codec); }
void voice_stream::set_protection(std::shared_ptr<packet_protection> protection) {
    impl_->set_protection(std::move(protection));
}
std::size_t voice_stream::tick_samples() const noexcept { return impl_->tick_samples(); }
bool voice_stream::is_open() const noexcept { return impl_->rtp()->is_open(); }
bool voice_stream::close(std::string_view reason) noexcept { return impl_->close(reason); }
voice_stream_stats voice_stream::stats() const noexcept { return impl_->stats(); }
call_quality voice_stream::quality() const noexcept { return impl_->quality(); }

void voice_stream::start_play(play_handler completion, std::span<const std::int16_t> pcm,
                              std::uint64_t item) {
    impl_->start_play(std::move(completion), pcm, item);
}
void voice_stream::start_drain(drain_handler completion) {
    impl_->start_drain(std::move(completion));
}
void voice_stream::start_read(read_handler completion, std::span<std::int16_t> pcm) {
    impl_->start_read(std::move(completion), pcm);
}
void voice_stream::start_read_event(event_handler completion) {
    impl_->start_read_event(std::move(completion));
}

} // namespace rtpsynth::asio_server
