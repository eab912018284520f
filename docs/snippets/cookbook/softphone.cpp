/// \file
/// Cookbook: a two-way call with what a softphone has: offer and answer, microphone and
/// loudspeaker, digits, mute, hold, and the quality of the call.

#include <rtpsynth/asio_server.hpp>
#include <rtpsynth/audio.hpp>
#include <rtpsynth/rtp.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace asio = boost::asio;
using namespace rtpsynth::asio_server;
using namespace std::chrono_literals;

class phone {
public:
    phone(rtp_server& server, std::vector<voice_codec> codecs) : server_{server} {
        options_.channel.bind = resolve("127.0.0.1", 0); // the address in our SDP
        options_.codecs = std::move(codecs);
        options_.sender.input_rate = options_.playout.rate = 16000; // of the sound card
        options_.sender.capacity = 60ms;                            // what waits here is delay
        options_.sender.idle = rtpsynth::idle_policy::nothing;
        options_.on_audio = [this](voice_stream&, const audio_tick& tick,
                                   std::span<const std::int16_t> pcm) { play(tick, pcm); };
        options_.on_event = [this](voice_stream&, const voice_event& event) { handle(event); };
    }

    /// The SDP of an INVITE, a re-INVITE, and, after accept(), of the answer to them.
    std::string describe(const std::string& direction) {
        if (!stream_) stream_.emplace(server_, options_);
        const auto at = stream_->local_endpoint();
        std::ostringstream types, maps;
        for (const voice_codec& codec : options_.codecs) {
            types << int{*codec.payload_type} << ' ';
            maps << "a=rtpmap:" << int{*codec.payload_type} << ' ' << codec.encoding << "\r\n";
        }
        const int event_type = *options_.event_type;
        std::ostringstream sdp;
        sdp << "v=0\r\no=- 1 1 IN IP4 " << at.address() << "\r\ns=-\r\nc=IN IP4 " << at.address()
            << "\r\nt=0 0\r\nm=audio " << at.port() << " RTP/AVP " << types.str() << event_type
            << "\r\n"
            << maps.str() << "a=rtpmap:" << event_type << " telephone-event/8000\r\n"
            << "a=ptime:20\r\na=rtcp-mux\r\na=" << direction << "\r\n";
        return sdp.str();
    }

    /// Takes the other side's offer or answer: its address, the first codec of it that we have, and
    /// its numbers for codec and digits. \return false if we can't talk to it: answer 488
    bool accept(const std::string& sdp) {
        const auto description = rtpsynth::parse_sdp(sdp);
        if (!description || description->media.empty()) return false;
        const rtpsynth::sdp_media& audio = description->media.front();
        if (audio.type != "audio" || audio.is_secure() || !audio.rtcp_mux) return false;
        std::optional<voice_codec> codec;
        for (const rtpsynth::sdp_format& format : audio.formats)
            for (const voice_codec& ours : options_.codecs)
                if (!codec && format.encoding() == ours.encoding)
                    codec = {.encoding = ours.encoding,
                             .payload_type = format.payload_type,
                             .fmtp = format.fmtp};
        if (!codec) return false;
        options_.codecs = {*codec};
        for (const rtpsynth::sdp_format& format : audio.formats)
            if (format.name == "telephone-event") options_.event_type = format.payload_type;
        if (!stream_) stream_.emplace(server_, options_);
        stream_->set_codec(*codec);
        hold = audio.direction != rtpsynth::sdp_direction::sendrecv;
        return !stream_->set_peer(resolve(audio.address, audio.port));
    }

    /// A microphone: 20 ms at a time.
    asio::awaitable<void> speak() {
        asio::steady_timer clock(stream_->get_executor(), std::chrono::steady_clock::now());
        std::array<std::int16_t, 320> pcm{};
        for (;;) {
            clock.expires_at(clock.expiry() + 20ms);
            co_await clock.async_wait(asio::use_awaitable);
            for (std::size_t i = 0; i != pcm.size(); ++i) // a tone of 500 Hz
                pcm[i] = static_cast<std::int16_t>(mute ? 0 : i % 32 < 16 ? 5000 : -5000);
            if (hold) continue;
            const auto [error, size] =
                co_await stream_->async_play(pcm, 1, asio::as_tuple(asio::use_awaitable));
            if (error) co_return; // the call is over
        }
    }

    /// Mouth to ear, 1 to 4.5.
    std::optional<double> mos() {
        const voice_stream_stats stats = stream_->stats();
        quality_.set_delay(stats.round_trip_time.value_or(0ms), stats.playout.mean_delay + 40ms);
        return quality_.mos();
    }

    voice_stream& stream() { return *stream_; }
    std::string codec() const { return options_.codecs.front().encoding; }

    bool mute = false, hold = false;
    // Of the other side: whether its audio is loud, pauses, has ended; what it has dialled.
    bool is_heard = false, is_quiet = false, has_left = false;
    std::string digits;

private:
    /// A loudspeaker: 20 ms at a time.
    void play(const audio_tick& tick, std::span<const std::int16_t> pcm) {
        using enum rtpsynth::playout_kind;
        is_quiet = tick.kind == silence || tick.kind == comfort_noise;
        if (tick.kind == concealed) {
            ++concealed_; // packets are missing if speech goes on after it; otherwise it has ended
        } else if (is_quiet) {
            concealed_ = 0;
        } else {
            quality_.lost(std::exchange(concealed_, 0));
            quality_.received();
        }
        is_heard = *std::max_element(pcm.begin(), pcm.end()) > 2500;
    }

    void handle(const voice_event& event) {
        if (const auto* key = std::get_if<digit_pressed>(&event)) digits += key->digit;
        if (std::get_if<source_left>(&event)) has_left = true;
    }

    rtp_server& server_;
    voice_stream_options options_;
    rtpsynth::call_quality quality_{*rtpsynth::impairment_of("PCMU")}; // and of PCMA, and G722
    std::uint64_t concealed_ = 0;
    std::optional<voice_stream> stream_; // the last: its handlers use what is above
};

/// Waits for what a person would see or hear.
template <class Condition>
asio::awaitable<void> until(Condition condition) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (!condition()) {
        timer.expires_after(5ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

/// SDP goes from one to the other here; yours is in the bodies of SIP, or comes over a WebSocket.
bool negotiate(phone& from, phone& to, const std::string& direction) {
    return to.accept(from.describe(direction)) && from.accept(to.describe(direction));
}

asio::awaitable<void> converse(phone& alice, phone& bob) {
    co_await until([&] { return alice.is_heard && bob.is_heard; });
    std::cout << "Alice and Bob hear each other by " << bob.codec() << '\n';

    if (alice.stream().send_digits("42#")) co_return;
    co_await until([&] { return bob.digits.size() == 3; });
    std::cout << "Alice has dialled " << bob.digits << '\n';

    alice.mute = true;
    co_await until([&] { return !bob.is_heard; });
    std::cout << "muted: Bob hears silence\n";
    alice.mute = false;
    co_await until([&] { return bob.is_heard; });

    if (!negotiate(alice, bob, "inactive")) co_return;
    co_await until([&] { return alice.is_quiet && bob.is_quiet; });
    std::cout << "on hold: nobody sends\n";
    if (!negotiate(alice, bob, "sendrecv")) co_return;
    co_await until([&] { return alice.is_heard && bob.is_heard; });
    std::cout << "the call goes on\n";

    if (const auto mos = alice.mos()) std::cout << "MOS of the call: " << *mos << '\n';
    alice.stream().close("goodbye");
    co_await until([&] { return bob.has_left; });
    std::cout << "Alice has left\n";
}

int main() {
    asio::io_context context;
    rtp_server server(context.get_executor(), {.tick = std::nullopt}); // packets leave at once
    phone alice(server, {{"G722/8000", 9}, {"PCMA/8000", 8}, {"PCMU/8000", 0}});
    phone bob(server, {{"PCMU/8000", 0}, {"PCMA/8000", 8}});
    if (!negotiate(alice, bob, "sendrecv")) return 1;
    asio::co_spawn(context, alice.speak(), asio::detached);
    asio::co_spawn(context, bob.speak(), asio::detached);
    asio::co_spawn(context, converse(alice, bob), [&](std::exception_ptr) { server.shutdown(); });
    context.run();
}
