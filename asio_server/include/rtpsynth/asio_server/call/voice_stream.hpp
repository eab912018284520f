/// \file
/// The voice of one call: sends PCM as RTP, and receives RTP as PCM.
#pragma once

#include <rtpsynth/asio_server/call/audio_tick.hpp>
#include <rtpsynth/asio_server/call/voice_event.hpp>
#include <rtpsynth/asio_server/call/voice_stream_options.hpp>
#include <rtpsynth/asio_server/call/voice_stream_stats.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/asio_server/server/detail/initiation.hpp>
#include <rtpsynth/audio/call_quality.hpp>
#include <rtpsynth/audio/play_queue.hpp>
#include <rtpsynth/audio/telephone_event_sender.hpp>
#include <rtpsynth/base/compiler.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

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
/// a playout, driven by the server's timer.
///
///     rtp_server server({.tick = std::nullopt});
///     voice_stream call(server, {.peer = phone, .sender = {.input_rate = 24000},
///                                .playout = {.rate = 24000}});
///     co_await call.async_play(speech, 1, use_awaitable);   // in pieces of any length
///     auto tick = co_await call.async_read(pcm, use_awaitable);
///     …
///     auto heard = call.clear();                            // barge-in: how much was sent
///
/// *Sending.* The server cuts audio into ticks of one ptime, encodes them and sends them at fixed
/// times, one ptime apart; the application only keeps the queue filled. The ticks of a server's
/// streams are offset against each other in steps of 1 ms. The server should have no tick of its
/// own (server_options::tick): with one, packets leave up to a tick late.
///
/// *Receiving.* Received audio is gapless: from the first packet on there is a tick every ptime,
/// each with its playout_kind. Ticks pause when the network has been silent for
/// voice_stream_options::pause_after. Packets are decoded only if the audio is read: from the start
/// with voice_stream_options::on_audio, otherwise from the first async_read on.
///
/// *Sources.* One source is played at a time, initially the first that rtp_session finds valid.
/// Another source replaces it at once if it has the same address, or else when the current source
/// has sent a BYE or was silent for source_timeout. Packets of a known SSRC from another address
/// are ignored until that SSRC has timed out: see rtp_session. With a latch, a source that it
/// latches to replaces the current one, and an SSRC may change its address. Without a latch,
/// datagrams are accepted from every address that channel_options::source_lock allows, by default
/// all.
///
/// *Idle streams.* A stream without media has only its timer for RTCP. With idle_policy::nothing,
/// the timer for sending stops 5 s after the last audio. The timer for received audio stops
/// pause_after after the last packet.
///
/// \par Completion tokens
/// Every `async_` function takes any completion token. Without one it returns a deferred operation,
/// to be used with `co_await`. Operations use the handler's associated allocator and support its
/// cancellation slot: terminal, partial and total.
///
/// \par Executor
/// The stream runs on the server's executor, get_executor(), and the handlers of the options are
/// called there, one at a time. A completion handler runs on its associated executor, by default
/// get_executor(), and never inside the initiating function. If another thread runs the server's
/// executor, a handler may be called before the constructor has returned.
///
/// \par Handlers of the options
/// Their voice_stream argument is a handle: another object that refers to the same stream. It is
/// valid during the call, even if the application destroys its own object meanwhile. Exceptions are
/// passed to server_options::on_exception; the stream continues.
///
/// \par Object lifetimes
/// The stream ends with close() or the server's shutdown: outstanding operations complete with
/// `operation_aborted`. The object may outlive its server and the server's context.
///
/// \par Exception safety
/// The `async_` functions throw `std::bad_alloc` if there is no memory to start an operation, which
/// is then not started. Ticks and packets allocate nothing.
///
/// \par Thread safety
/// Every member may be called from any thread and from any handler, several at once. No function
/// waits for a handler to return.
class RTPSYNTH_API voice_stream {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using executor_type = boost::asio::any_io_executor;

    /// \throws std::invalid_argument naming the option; what rtp_server::create_channel throws;
    ///         boost::system::system_error if the peer cannot be sent to; std::bad_alloc
    voice_stream(rtp_server& server, const voice_stream_options& options);
    /// The same on ports of \p ports: a pair, or with voice_stream_options::rtcp_mux a single port.
    /// \throws as above; what port_range::create_pair throws
    voice_stream(rtp_server& server, port_range& ports, const voice_stream_options& options);

    /// Calls close(). No handler is called after the destructor has returned. A call that is
    /// already running on another thread may return later.
    ~voice_stream();
    voice_stream(const voice_stream&) = delete;
    voice_stream& operator=(const voice_stream&) = delete;

    /// The server's executor.
    executor_type get_executor() const noexcept;

    /// The address and port at which RTP is received; unchanged by close().
    endpoint local_endpoint() const noexcept;
    /// The address and port at which RTCP is received; with rtcp_mux those of RTP.
    endpoint local_rtcp_endpoint() const noexcept;

    /// Sets the signalled address: RTP is sent to \p rtp from now on. RTCP is sent to \p rtcp or,
    /// if that is nullopt, to the port after that of \p rtp; with rtcp_mux, \p rtcp is ignored. If
    /// \p rtp is the same address as before and the latch has a source, nothing changes; otherwise
    /// the latch forgets its source.
    ///
    /// \par Errors
    /// Those of rtp_channel::set_target, with nothing changed. `try_again` without rtcp_mux in a
    /// handler that is called before the constructor has returned.
    [[nodiscard]] boost::system::error_code set_peer(
        const endpoint& rtp, const std::optional<endpoint>& rtcp = std::nullopt) noexcept;

    /// The address that RTP is sent to: the one that voice_stream_options::peer, set_peer() or the
    /// latch set last. nullopt: none has.
    std::optional<endpoint> peer() const noexcept;

    /// Protects packets in another way from now on, in both directions, as after a re-INVITE with
    /// new keys; nullptr: not at all. Packets of the other side that have the old protection are
    /// counted as voice_stream_stats::not_authentic until it has changed, too. The old object is
    /// not used any more on return.
    /// \throws std::bad_alloc without any effect
    void set_protection(std::shared_ptr<packet_protection> protection);

    /// \name Sending
    /// \{

    /// Plays \p pcm, of any length, as part of \p item. Consecutive pieces with the same number
    /// form one item, such as an utterance: see play_queue. Completes when all samples are in the
    /// queue: at once if there is room for them, otherwise as the queue is played. Several
    /// operations may be outstanding; they are played in the order in which they were started. The
    /// event played_item reports that the last audio of an item was sent.
    ///
    /// \par Handler signature
    /// `void(boost::system::error_code, std::size_t)`: the number of samples that were queued.
    ///
    /// \par Cancellation
    /// Samples that are already in the queue are played.
    ///
    /// \par Errors
    /// `operation_aborted` if the operation is cancelled, clear() is called or the stream ends
    /// meanwhile; `bad_descriptor` if the stream had already ended; `no_memory`.
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

    /// Queues as much of \p pcm as there is room for, as part of \p item, without waiting for more:
    /// see async_play. Nothing is queued while an operation of async_play is outstanding.
    ///
    /// \return the number of samples that were queued, from the front of \p pcm
    ///
    /// \par Errors
    /// `bad_descriptor` after the stream has ended; `no_memory`.
    [[nodiscard]] boost::system::result<std::size_t> try_play(std::span<const std::int16_t> pcm,
                                                              std::uint64_t item) noexcept;

    /// The item that was passed to async_play or try_play last is over (see play_queue): its
    /// played_item comes as soon as it was sent, instead of after
    /// voice_sender_options::item_timeout. No-op if there is none.
    void end_item() noexcept;

    /// Sets the sample rate of the audio of later calls of async_play. A changed rate begins a new
    /// item.
    /// \throws std::invalid_argument if \p hz is not in 4000..384000
    void set_play_rate(std::uint32_t hz);

    /// Drops all audio that was not sent yet. The next tick contains at most a fade-out of 5 ms:
    /// see play_queue. Outstanding operations of async_play complete with `operation_aborted`.
    /// \return the first item that was not sent completely, and how much of it was sent; nullopt if
    ///         there is none
    std::optional<played_item> clear() noexcept;

    /// Completes when all audio of async_play and all digits of send_digits were sent: with the
    /// first tick that has nothing left to send.
    ///
    /// \par Handler signature
    /// `void(boost::system::error_code)`
    ///
    /// \par Errors
    /// `operation_aborted` if the operation is cancelled or the stream ends meanwhile;
    /// `bad_descriptor` if the stream had already ended.
    template <boost::asio::completion_token_for<void(boost::system::error_code)> CompletionToken =
                  boost::asio::deferred_t>
    auto async_drain(CompletionToken&& token = {}) {
        return boost::asio::async_initiate<CompletionToken, void(boost::system::error_code)>(
            detail::initiation<&voice_stream::start_drain>{*this}, token);
    }

    /// Sends \p digits, such as "12#", after those already queued. They replace audio: see
    /// voice_sender.
    ///
    /// \par Errors
    /// Those of voice_sender::send_digits; `bad_descriptor` after the stream has ended.
    [[nodiscard]] boost::system::error_code send_digits(std::string_view digits,
                                                        const digit_timing& timing = {}) noexcept;

    /// Sends with \p codec from the next tick on. Queued audio is kept. If the clock rate changes,
    /// unsent digits are dropped.
    /// \throws std::invalid_argument naming what is wrong, or std::bad_alloc, with nothing changed
    void set_codec(const voice_codec& codec);
    /// \}

    /// \name Receiving
    /// \{

    /// The number of samples in a tick of received audio.
    std::size_t tick_samples() const noexcept;

    /// Reads the next tick of audio into the front of \p pcm. Several operations may be
    /// outstanding; they complete in the order in which they were started. While none is
    /// outstanding, up to voice_stream_options::audio_queue ticks are buffered; after that the
    /// oldest is dropped.
    ///
    /// \par Preconditions
    /// The stream was made without on_audio. Otherwise the operation completes with
    /// `operation_not_supported`.
    ///
    /// \par Handler signature
    /// `void(boost::system::error_code, audio_tick)`
    ///
    /// \par Errors
    /// `no_buffer_space` if \p pcm is shorter than tick_samples(); `operation_aborted` if the
    /// operation is cancelled, or if the stream has ended and all buffered ticks were read.
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
    /// in which they were started. While none is outstanding, up to
    /// voice_stream_options::event_queue events are buffered; after that the oldest is dropped.
    ///
    /// \par Preconditions
    /// The stream was made without on_event. Otherwise the operation completes with
    /// `operation_not_supported`.
    ///
    /// \par Handler signature
    /// `void(boost::system::error_code, voice_event)`
    ///
    /// \par Errors
    /// `operation_aborted` if the operation is cancelled, or if the stream has ended and all
    /// buffered events were read.
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
    /// Ends the stream: sends a BYE with the first 255 bytes of \p reason, if the session has sent
    /// any packet, and closes the channels as rtp_channel::close does. Queued audio is not sent:
    /// see async_drain.
    /// \return false if the stream had already ended
    bool close(std::string_view reason = {}) noexcept;

    /// The counters, sampled atomically except for `unsent` and those of the channels.
    voice_stream_stats stats() const noexcept;

    /// How good what is received sounds, by the first codec and the ticks of received audio, so
    /// that there is nothing to rate while nobody reads: one that is speech counts as a packet that
    /// was played, one that is concealed as one that was lost. With delay once the round-trip time
    /// is known. `quality().mos()` is the mean opinion score.
    call_quality quality() const noexcept;

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
