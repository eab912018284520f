/// \file
/// One call's voice on the network: PCM in, RTP out, and back.
#pragma once

#include <rtpsynth/asio_server/call/audio_tick.hpp>
#include <rtpsynth/asio_server/call/voice_event.hpp>
#include <rtpsynth/asio_server/call/voice_stream_options.hpp>
#include <rtpsynth/asio_server/call/voice_stream_stats.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/asio_server/server/detail/initiation.hpp>
#include <rtpsynth/audio/play_queue.hpp>
#include <rtpsynth/audio/telephone_event_sender.hpp>
#include <rtpsynth/base/compiler.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace rtpsynth::asio_server {

class port_range;
class rtp_server;

namespace detail {
class voice_stream_impl;
}

/// One stream of voice in each direction, with RTCP: a channel, an rtp_session, a voice_sender and
/// a playout, served by the server's ticks.
///
///     rtp_server server({.tick = std::nullopt});
///     voice_stream call(server, {.peer = phone, .sender = {.input_rate = 24000},
///                                .playout = {.rate = 24000}});
///     co_await call.async_play(speech, 1, use_awaitable);   // as it comes from the model
///     auto tick = co_await call.async_read(pcm, use_awaitable);
///     …
///     auto heard = call.clear();                            // barge-in: item, and how much of it
///
/// *Sending.* Audio is cut into ticks, encoded and sent on an absolute grid by the server; the
/// application only has to keep the queue filled. The grids of a server's streams are spread over
/// the ptime. The server should have no tick of its own (server_options::tick): with one, packets
/// leave up to a tick late.
///
/// *Receiving.* Audio is gapless: a tick each ptime, with the word what it is, from the first
/// packet on. It is made only if somebody reads: from the start with
/// voice_stream_options::on_audio, else from the first async_read on.
///
/// *Whose voice.* One source is heard at a time, the first that rtp_session finds valid. Another
/// one takes its place when the source has said BYE or was silent for source_timeout; one from the
/// same address, at once. A source that comes from another address than before is ignored until it
/// was silent for long: see rtp_session. Datagrams are accepted from every address, unless
/// channel_options::source_lock says otherwise.
///
/// *Costs.* A stream without media has no timer but that of RTCP: with idle_policy::nothing 5 s
/// after the last audio was sent, and pause_after after the last packet was received.
///
/// \par Completion tokens
/// Every `async_` function takes any completion token. Without one it returns a deferred operation,
/// which `co_await` takes. The operation allocates by the handler's associated allocator and
/// supports its cancellation slot: terminal, partial and total.
///
/// \par Executor
/// All work is done on the server's executor, get_executor(), and the handlers of the options are
/// called there, one at a time. A completion handler runs on its associated executor, by default
/// get_executor(), and never inside the initiating function. The first call of a handler may begin
/// before the constructor has returned, if another thread runs the executor.
///
/// \par Handlers of the options
/// The voice_stream that they are given is a handle: it stands for the stream, is another object
/// and valid during the call, even if the stream is destroyed meanwhile. What they throw goes to
/// server_options::on_exception; the stream lives on.
///
/// \par Object lifetimes
/// The stream ends with close() or the server's shutdown: outstanding operations complete with
/// `operation_aborted`. It may outlive its server, and the context of that.
///
/// \par Exception safety
/// The `async_` functions throw `std::bad_alloc` if there is no memory to start an operation; then
/// it is not started. Nothing is allocated for a tick or a packet.
///
/// \par Thread safety
/// Every member may be called from any thread and from any handler, several at once. No function
/// waits for a handler to return.
class RTPSYNTH_API voice_stream {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using executor_type = boost::asio::any_io_executor;

    /// \throws std::invalid_argument naming the option; what rtp_server::create_channel throws
    voice_stream(rtp_server& server, const voice_stream_options& options);
    /// On ports out of \p ports: a pair without voice_stream_options::rtcp_mux, else one.
    /// \throws as above; what port_range::create_pair throws
    voice_stream(rtp_server& server, port_range& ports, const voice_stream_options& options);

    /// close(). On return no call of a handler begins any more; one that is running on another
    /// thread may still end.
    ~voice_stream();
    voice_stream(const voice_stream&) = delete;
    voice_stream& operator=(const voice_stream&) = delete;

    /// The server's.
    executor_type get_executor() const noexcept;

    /// Where RTP is received.
    endpoint local_endpoint() const noexcept;
    /// Where RTCP is received; the same with rtcp_mux.
    endpoint local_rtcp_endpoint() const noexcept;

    /// Where RTP is sent from now on, and RTCP: to \p rtcp; nullopt: with rtcp_mux the same, else
    /// the port after it. The latch forgets its source, unless the address is what it was.
    ///
    /// \par Errors
    /// Those of rtp_channel::set_target; nothing has changed then.
    [[nodiscard]] boost::system::error_code set_peer(
        const endpoint& rtp, const std::optional<endpoint>& rtcp = std::nullopt) noexcept;

    /// Where RTP is sent: what set_peer() or the latch said last. nullopt: neither has.
    std::optional<endpoint> peer() const noexcept;

    /// \name Sending
    /// \{

    /// Plays \p pcm, of any length, as a part of \p item: pieces in a row with one number are one
    /// item, such as an utterance. See play_queue. Completes when all of it is in the queue: at
    /// once if there is room, and else as the queue is played. Several operations may be
    /// outstanding; they are played in the order in which they were started. When the last audio
    /// of an item was sent, there is the event played_item.
    ///
    /// \par Handler signature
    /// `void(boost::system::error_code, std::size_t)`: how many samples were queued.
    ///
    /// \par Cancellation
    /// What is in the queue already will be played.
    ///
    /// \par Errors
    /// `operation_aborted` after clear(), or when the stream ends meanwhile; `bad_descriptor` after
    /// it has ended; `no_memory`.
    ///
    /// \par Object lifetimes
    /// The samples must stay valid until the operation completes.
    template <boost::asio::completion_token_for<void(boost::system::error_code, std::size_t)>
                  CompletionToken = boost::asio::deferred_t>
    auto async_play(std::span<const std::int16_t> pcm, std::uint64_t item,
                    CompletionToken&& token = {}) {
        return boost::asio::async_initiate<CompletionToken,
                                           void(boost::system::error_code, std::size_t)>(
            detail::initiation<&voice_stream::start_play>{*this}, token, pcm, item);
    }

    /// The item that was given to async_play last is over: played_item comes as soon as it was
    /// sent, and not only after voice_sender_options::item_timeout. No-op if there is none.
    void end_item() noexcept;

    /// The rate of the audio of later calls of async_play, which begins another item.
    /// \throws std::invalid_argument if \p hz is not in 4000..384000
    void set_play_rate(std::uint32_t hz);

    /// Drops all audio that was not sent: from the next tick on, nothing of it is. Outstanding
    /// operations of async_play complete with `operation_aborted`.
    /// \return the first item that was not sent completely, and how much of it was; nullopt if
    ///         there is none
    std::optional<played_item> clear() noexcept;

    /// Completes when everything that async_play and send_digits were given was sent: with the
    /// first tick in which there is nothing left.
    ///
    /// \par Handler signature
    /// `void(boost::system::error_code)`
    ///
    /// \par Errors
    /// `operation_aborted` when the stream ends meanwhile; `bad_descriptor` after it has ended.
    template <boost::asio::completion_token_for<void(boost::system::error_code)> CompletionToken =
                  boost::asio::deferred_t>
    auto async_drain(CompletionToken&& token = {}) {
        return boost::asio::async_initiate<CompletionToken, void(boost::system::error_code)>(
            detail::initiation<&voice_stream::start_drain>{*this}, token);
    }

    /// Sends \p digits, such as "12#", after those that wait, in the place of audio.
    ///
    /// \par Errors
    /// Those of voice_sender::send_digits; `bad_descriptor` after the stream has ended.
    [[nodiscard]] boost::system::error_code send_digits(std::string_view digits,
                                                        const digit_timing& timing = {}) noexcept;

    /// Sends with \p codec from the next tick on. Audio that waits is kept.
    /// \throws std::invalid_argument naming what is wrong; std::bad_alloc. Nothing has changed
    /// then.
    void set_codec(const voice_codec& codec);
    /// \}

    /// \name Receiving
    /// \{

    /// How many samples a tick has.
    std::size_t tick_samples() const noexcept;

    /// Reads the next tick of audio into the front of \p pcm. Several operations may be
    /// outstanding; they complete in the order in which they were started. While none is, up to
    /// voice_stream_options::audio_queue ticks are kept.
    ///
    /// \par Preconditions
    /// The stream was made without on_audio. Otherwise the operation completes with
    /// `operation_not_supported`.
    ///
    /// \par Handler signature
    /// `void(boost::system::error_code, audio_tick)`
    ///
    /// \par Errors
    /// `no_buffer_space` if \p pcm is shorter than tick_samples(); `operation_aborted` once the
    /// stream has ended and all ticks were handed out.
    ///
    /// \par Object lifetimes
    /// The storage must stay valid until the operation completes.
    template <boost::asio::completion_token_for<void(boost::system::error_code, audio_tick)>
                  CompletionToken = boost::asio::deferred_t>
    auto async_read(std::span<std::int16_t> pcm, CompletionToken&& token = {}) {
        return boost::asio::async_initiate<CompletionToken,
                                           void(boost::system::error_code, audio_tick)>(
            detail::initiation<&voice_stream::start_read>{*this}, token, pcm);
    }

    /// Waits for the next event. Several operations may be outstanding; they complete in the order
    /// in which they were started. While none is, up to voice_stream_options::event_queue events
    /// are kept.
    ///
    /// \par Preconditions
    /// The stream was made without on_event. Otherwise the operation completes with
    /// `operation_not_supported`.
    ///
    /// \par Handler signature
    /// `void(boost::system::error_code, voice_event)`
    ///
    /// \par Errors
    /// `operation_aborted` once the stream has ended and all events were handed out.
    template <boost::asio::completion_token_for<void(boost::system::error_code, voice_event)>
                  CompletionToken = boost::asio::deferred_t>
    auto async_read_event(CompletionToken&& token = {}) {
        return boost::asio::async_initiate<CompletionToken,
                                           void(boost::system::error_code, voice_event)>(
            detail::initiation<&voice_stream::start_read_event>{*this}, token);
    }
    /// \}

    /// False after close() or the server's shutdown.
    bool is_open() const noexcept;
    /// Ends the stream: sends a BYE with \p reason, at most 255 bytes of which are said, if the
    /// session has sent anything, and closes the channels as rtp_channel::close does. Audio that
    /// waits is not sent; see async_drain.
    /// \return false if it had ended before
    bool close(std::string_view reason = {}) noexcept;

    /// A moment's picture, taken under one lock but for those of the channels.
    voice_stream_stats stats() const noexcept;

private:
    friend detail::voice_stream_impl;

    using play_handler = detail::completion_handler<void(boost::system::error_code, std::size_t)>;
    using drain_handler = detail::completion_handler<void(boost::system::error_code)>;
    using read_handler = detail::completion_handler<void(boost::system::error_code, audio_tick)>;
    using event_handler = detail::completion_handler<void(boost::system::error_code, voice_event)>;

    explicit voice_stream(std::shared_ptr<detail::voice_stream_impl> self) noexcept;
    void start_play(play_handler completion, std::span<const std::int16_t> pcm, std::uint64_t item);
    void start_drain(drain_handler completion);
    void start_read(read_handler completion, std::span<std::int16_t> pcm);
    void start_read_event(event_handler completion);

    std::shared_ptr<detail::voice_stream_impl> impl_;
};

} // namespace rtpsynth::asio_server
