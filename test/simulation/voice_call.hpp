// A call of a voice_stream on the loopback interface, and what disturbs it: barge-in, a phone that
// moves to another port, digits, a restart, another SSRC and another codec, each once, in an order
// and at times that the seed says. After it the phone's packets and the stream's audio are judged
// by the clock of the media, so that a machine that is late changes little.
#pragma once

#include "heard_audio.hpp"

#include <rtpsynth/asio_server/call/voice_stream.hpp>
#include <rtpsynth/asio_server/server/rtp_server.hpp>
#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/voice_sender.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace simulation {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

inline constexpr std::uint8_t event_type = 101;
inline constexpr auto ptime = milliseconds(20);
inline constexpr double first_hz = 210, second_hz = 260; // no whole periods in a tick

inline const std::array<voice_codec, 5> call_codecs{
    {{"PCMU/8000", 0}, {"PCMA/8000", 8}, {"G722/8000", 9}, {"L16/8000", 96}, {"L16/16000", 97}}};

enum class disturbance : std::uint8_t { barge_in, move, digits, restart, ssrc, codec };

// A packet of the stream as the phone got it.
struct phone_packet {
    std::vector<std::uint8_t> bytes;
    time_point arrival{};
    bool at_new_port = false;
};

// How late the machine was, which is not the stream's fault.
struct lateness {
    duration phone{};   // a packet was sent
    duration handler{}; // a tick was handed out
    duration gap{};     // between packets at the phone, more than ptime
    duration most() const { return std::max(phone, handler); }
};

class voice_call {
public:
    static constexpr unsigned length = 260; // ticks

    voice_call(std::uint32_t seed, rtp_server& server, rtp_server& phones, time_point start)
        : random_(seed), rate_(random_() % 2 ? 8000 : 24000) {
        plan();
        std::generate(codecs_.begin(), codecs_.end(),
                      [&] { return random_() % call_codecs.size(); });
        if (codecs_[1] == codecs_[0]) codecs_[1] = (codecs_[0] + 1) % call_codecs.size();
        if (codecs_[3] == codecs_[2]) codecs_[3] = (codecs_[2] + 1) % call_codecs.size();
        channel_options socket{.bind = {boost::asio::ip::address_v4::loopback(), 0}};
        socket.queue_size = 256;
        socket.receive_buffer_size = 1 << 20;
        for (const bool is_new : {false, true})
            lines_[is_new] = phones.create_channel(
                socket, [this, is_new](rtp_channel&, std::span<const datagram_view> batch) {
                    record(batch, is_new);
                });
        voice_stream_options o;
        o.channel = socket;
        o.peer = lines_[0]->local_endpoint();
        o.latch.latch = latch_policy::follow;
        o.codecs = {call_codecs[codecs_[0]]};
        for (const voice_codec& codec : call_codecs)
            if (codec.payload_type != o.codecs[0].payload_type) o.codecs.push_back(codec);
        o.event_type = event_type;
        o.sender.input_rate = rate_;
        o.sender.capacity = std::chrono::seconds(1);
        o.playout.rate = rate_;
        o.on_audio = [this](voice_stream&, const audio_tick& tick,
                            std::span<const std::int16_t> pcm) { record(tick, pcm); };
        o.on_event = [this](voice_stream&, const voice_event& event) {
            const std::lock_guard lock(lock_);
            events_.push_back(event);
        };
        heard_.emplace(rate_);
        stream_.emplace(server, o);
        for (const auto& line : lines_)
            static_cast<void>(line->set_target(stream_->local_endpoint()));
        phone_.emplace(codec_of(codecs_[2]), stream_origin::draw(std::ref(random_)), start,
                       voice_sender_options{});
        items_ = {tone_source{first_hz, rate_}.next(rate_ * 2),
                  tone_source{second_hz, rate_}.next(rate_ * 2)};
        play(1);
    }

    // The phone's ticks that are due, with what happens in them.
    void run(time_point now) {
        while (phone_->due() <= now && tick_ < length) {
            const auto what = plan_[tick_++];
            if (what) disturb(*what);
            late_.phone = std::max(late_.phone, now - phone_->due());
            while (phone_->waiting() < 320) phone_->push(speech_.next(160), 1).value();
            std::array<std::uint8_t, 2048> packet;
            const auto sent = phone_->next(now, packet).value();
            if (sent.size == 0) continue;
            if (!lines_[moved_]->try_send(std::span(packet).first(sent.size))) ++sent_;
        }
    }
    bool is_over() const { return tick_ == length; }
    // Everything that the phone sent was received.
    bool has_arrived() const { return stream_->stats().rtp.received >= sent_; }
    lateness late() const { return late_; }
    void hang_up() { stream_->close("over"); }
    // The phone has everything that the stream sent, and no handler is called any more.
    bool is_quiet() {
        const channel_stats s = stream_->stats().rtp;
        const std::lock_guard lock(lock_);
        return s.sent == s.accepted && packets_.size() >= s.sent;
    }

private:
    friend class verdict;

public:
    // What happens in it, for whoever looks for a fault.
    std::string script() const {
        static constexpr std::array names{"barge-in", "move", "digits", "restart", "ssrc", "codec"};
        std::string text = std::to_string(rate_) + " Hz";
        for (unsigned tick = 0; tick != length; ++tick)
            if (plan_[tick])
                text += ", " + std::to_string(tick) + " " +
                        names[static_cast<std::size_t>(*plan_[tick])];
        text += "; codecs";
        for (const std::size_t i : codecs_) text += " " + call_codecs[i].encoding;
        return text;
    }

private:
    void plan() {
        std::array<disturbance, 6> order{disturbance::barge_in, disturbance::move,
                                         disturbance::digits,   disturbance::restart,
                                         disturbance::ssrc,     disturbance::codec};
        std::shuffle(order.begin(), order.end(), random_);
        for (unsigned i = 0; i != order.size(); ++i) plan_[50 + 30 * i + random_() % 10] = order[i];
    }

    void disturb(disturbance what) {
        switch (what) {
        case disturbance::barge_in:
            cleared_ = stream_->clear();
            play(2);
            break;
        case disturbance::move:
            moved_ = true;
            break;
        case disturbance::digits:
            refused_ |= bool(stream_->send_digits("5"));
            refused_ |= !phone_->send_digits("7");
            break;
        case disturbance::restart:
            phone_->restart({phone_->ssrc(), draw(), static_cast<std::uint16_t>(draw())});
            break;
        case disturbance::ssrc:
            ++sources_;
            phone_->restart({draw(), draw(), static_cast<std::uint16_t>(draw())});
            break;
        case disturbance::codec: {
            stream_->set_codec(call_codecs[codecs_[1]]);
            const std::uint32_t before = phone_->ssrc();
            phone_->set_codec(codec_of(codecs_[3]),
                              {draw(), draw(), static_cast<std::uint16_t>(draw())});
            if (phone_->ssrc() != before) ++sources_; // another clock rate (RFC 7160)
        }
        }
    }
    std::uint32_t draw() { return static_cast<std::uint32_t>(random_()); }

    static sender_codec codec_of(std::size_t i) {
        const voice_codec& codec = call_codecs[i];
        return {.encoder = codec_set{}.make_encoder(codec.encoding),
                .payload_type = *codec.payload_type,
                .event_type = event_type};
    }

    void play(std::size_t item) {
        stream_->async_play(items_[item - 1], item,
                            [this, item](boost::system::error_code e, std::size_t) {
                                if (!e) play(item);
                            });
    }

    void record(std::span<const datagram_view> batch, bool is_new) {
        const std::lock_guard lock(lock_);
        for (const datagram_view& d : batch) {
            if (!packets_.empty())
                late_.gap = std::max(late_.gap, d.received_at - packets_.back().arrival - ptime);
            packets_.push_back({{d.data.begin(), d.data.end()}, d.received_at, is_new});
        }
    }
    void record(const audio_tick& tick, std::span<const std::int16_t> pcm) {
        const bool is_made_up = tick.kind == playout_kind::concealed ||
                                tick.kind == playout_kind::comfort_noise ||
                                tick.kind == playout_kind::silence;
        const std::lock_guard lock(lock_);
        late_.handler = std::max(late_.handler, steady_clock::now() - tick.time);
        skipped_ += tick.skipped;
        ++ticks_;
        heard_->add(pcm, is_made_up);
    }

    std::mt19937 random_;
    const std::uint32_t rate_; // of the stream's audio
    std::array<std::optional<disturbance>, length> plan_{};
    std::array<std::size_t, 4> codecs_{}; // the stream's first and second one, the phone's
    std::array<std::vector<std::int16_t>, 2> items_;
    tone_source speech_{first_hz, 8000};

    unsigned tick_ = 0;
    bool moved_ = false, refused_ = false;
    std::uint64_t sent_ = 0;
    unsigned sources_ = 1;
    std::optional<played_item> cleared_;

    std::mutex lock_;
    std::vector<phone_packet> packets_;
    std::vector<voice_event> events_;
    std::optional<heard_audio> heard_;
    lateness late_;
    std::uint64_t ticks_ = 0, skipped_ = 0;

    std::array<std::shared_ptr<rtp_channel>, 2> lines_;
    std::optional<voice_sender> phone_;
    std::optional<voice_stream> stream_;
};

} // namespace simulation
