// A sender of speech and a network between it and a playout, in virtual time, from a seed.
#pragma once

#include "scenario.hpp"
#include "test_codec.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <queue>
#include <span>
#include <vector>

namespace simulation {

constexpr std::uint8_t event_type = 101, noise_type = 13;

struct arrival {
    std::int64_t at; // ns
    std::uint64_t order;
    std::size_t size;
    std::array<std::uint8_t, 12 + frame::size> bytes;

    std::span<const std::uint8_t> datagram() const { return std::span(bytes).first(size); }
    bool operator<(const arrival& other) const {
        return at != other.at ? at > other.at : order > other.order; // the earliest is on top
    }
};

class network {
public:
    network(random_source& random, const ends& e, const codec* c)
        : random_(random), ptime_(e.ptime), drift_(1 + e.drift_ppm / 1e6), codec_(c) {
        ssrc_ = draw();
        seq_ = maybe(0.5) ? static_cast<std::uint16_t>(65535 - draw() % 50)
                          : static_cast<std::uint16_t>(draw());
        timestamp_ = maybe(0.5) ? 0U - draw() % 80000 : draw();
    }

    void disturb(const scenario& s) {
        s_ = s;
        base_delay_ = s.base_delay;
    }
    // From now on nothing disturbs the call, but the drift.
    void calm() {
        s_ = {};
        outage_end_ = spike_end_ = pause_left_ = event_left_ = 0;
        lossy_ = false;
        if (event_timestamp_ != 0) marker_ = true;
        event_timestamp_ = 0;
    }

    // Sends all that is sent until \p now, ms.
    void run(double now) {
        while (sent_ <= now) send();
    }
    bool has_arrived(double now) const {
        return !in_flight_.empty() && static_cast<double>(in_flight_.top().at) <= now * 1e6;
    }
    arrival take() {
        const arrival first = in_flight_.top();
        in_flight_.pop();
        return first;
    }

    // When a packet of speech is there at the earliest, ms. Of the last few thousand.
    double due(std::uint32_t serial) const { return due_[serial % due_.size()]; }
    // Whether a packet of speech does not continue the one before, but has the timestamp, to the
    // 5 ms that playout takes for rounding, of one that does. Of the last few thousand.
    bool is_pause_hidden(std::uint32_t serial) const {
        return is_pause_hidden_[serial % is_pause_hidden_.size()];
    }
    // Whether something looked like a restart to any receiver: a number or a timestamp that is
    // wrong, a codec of which nothing arrives, several that overtake each other, another one after
    // an outage, a long outage.
    bool is_puzzling() const { return is_puzzling_; }
    void forget_puzzle() { is_puzzling_ = false; }
    std::uint32_t stream() const { return stream_; }
    const codec& in_use() const { return *codec_; }

private:
    std::uint32_t draw() { return static_cast<std::uint32_t>(random_()); }
    bool maybe(double p) { return p > 0 && chance(random_, p); }
    // Whether something that happens every so many ms happens with this packet.
    bool happens(double every) { return every > 0 && chance(random_, ptime_ / every); }
    double exponential(double mean) { return std::exponential_distribution<>(1 / mean)(random_); }

    // On top of the base.
    double jitter() {
        if (s_.jitter <= 0) return 0;
        switch (s_.distribution) {
        case spread::uniform:
            return between(random_, 0, 2 * s_.jitter);
        case spread::normal:
            return std::abs(std::normal_distribution<>(s_.jitter, s_.jitter / 3)(random_));
        case spread::heavy_tailed: // Pareto's with exponent 2, but no more than 2 s
            return std::min(s_.jitter * (1 / std::sqrt(1 - between(random_, 0, 0.999999)) - 1),
                            2000.0);
        case spread::exponential:
            break;
        }
        return exponential(s_.jitter);
    }

    void send() {
        if (pause_left_ <= 0 && event_left_ <= 0) {
            if (happens(s_.restart_every)) restart();
            if (happens(s_.codec_every)) change_codec();
            if (happens(s_.pause_every))
                begin_pause();
            else if (happens(s_.event_every))
                event_left_ = 40 + draw() % 300;
        }
        if (event_left_ > 0)
            send_event();
        else if (pause_left_ > 0)
            pass(pause_left_);
        else
            send_speech();
        sent_ += ptime_ * drift_;
        timestamp_ += ptime_ * codec_->rates.clock / 1000;
        position_ = (position_ + ptime_ * 8) % 8000;
    }

    void send_speech() {
        std::array<std::uint8_t, frame::size> payload;
        frame{serial_, stream_, position_, ptime_ * 8}.write(payload.data());
        due_[serial_ % due_.size()] = sent_ + base_delay_;
        const std::uint32_t seen = transmit(codec_->payload_type, timestamp_, marker_, payload);
        const std::uint32_t clock = codec_->rates.clock, rounding = clock / 200;
        is_pause_hidden_[serial_ % is_pause_hidden_.size()] =
            position_ != end_ && seen - seen_end_ + rounding <= 2 * rounding;
        seen_end_ = seen + ptime_ * clock / 1000;
        end_ = (position_ + ptime_ * 8) % 8000;
        ++serial_;
        marker_ = false;
    }
    void send_event() {
        if (event_timestamp_ == 0) event_timestamp_ = timestamp_ | 1;
        const std::uint32_t duration = timestamp_ - event_timestamp_;
        const std::array<std::uint8_t, 4> payload{5, 10, static_cast<std::uint8_t>(duration >> 8),
                                                  static_cast<std::uint8_t>(duration)};
        transmit(event_type, event_timestamp_, duration == 0, payload);
        pass(event_left_);
        if (event_left_ <= 0) event_timestamp_ = 0;
    }
    void pass(double& left) {
        left -= ptime_;
        if (left <= 0) marker_ = true;
    }
    void begin_pause() {
        pause_left_ = exponential(s_.pause);
        if (!s_.noise_in_pauses) return;
        const std::array<std::uint8_t, 1> level{60};
        transmit(noise_type, timestamp_, false, level);
    }
    void restart() {
        // Nobody could tell which of two streams whose packets are mixed is the newer one.
        barrier_ = newest_;
        ++stream_;
        if (maybe(0.5)) ssrc_ = draw();
        // Nearer numbers could be those of a gap (RFC 3550 A.1): where the clock is another one,
        // too, timestamps do not tell.
        seq_ = static_cast<std::uint16_t>(seq_ + 4000 + draw() % 57536);
        timestamp_ = draw();
    }
    void change_codec() {
        codec_ = &codecs[draw() % codecs.size()];
        is_puzzling_ = is_puzzling_ || s_.outage_every > 0 || !is_codec_known_ ||
                       sent_ - codec_changed_ < 2000;
        codec_changed_ = sent_;
        is_codec_known_ = false;
        ptime_ = 10 * (1 + draw() % 6);
    }

    // Returns the timestamp with which the packet arrives, if it does.
    std::uint32_t transmit(std::uint8_t type, std::uint32_t timestamp, bool marker,
                           std::span<const std::uint8_t> payload) {
        arrival a{0, 0, 12 + payload.size(), {}};
        a.bytes[0] = 0x80;
        a.bytes[1] = static_cast<std::uint8_t>((marker ? 0x80 : 0) | type);
        a.bytes[2] = static_cast<std::uint8_t>(seq_ >> 8);
        a.bytes[3] = static_cast<std::uint8_t>(seq_);
        put_number(a.bytes.data() + 4, timestamp);
        put_number(a.bytes.data() + 8, ssrc_);
        std::copy(payload.begin(), payload.end(), a.bytes.begin() + 12);
        ++seq_;
        // Outages, spikes and routes are of the network.
        if (happens(s_.outage_every)) outage_end_ = sent_ + s_.outage;
        if (happens(s_.spike_every)) spike_end_ = sent_ + s_.spike;
        if (happens(s_.route_every)) base_delay_ = between(random_, 5, 200);
        const double end_of_burst = 1 / s_.mean_burst;
        lossy_ = lossy_ ? !maybe(end_of_burst) : maybe(s_.loss * end_of_burst / (1 - s_.loss));
        lost_ = lossy_ || sent_ < outage_end_ ? lost_ + 1 : 0;
        is_puzzling_ = is_puzzling_ || lost_ > 2500;
        if (lost_ != 0) return timestamp;
        if (type == codec_->payload_type) is_codec_known_ = true;
        // Two packets that are corrupted alike are a restart for any receiver; noise may be loud.
        if (++since_corrupted_ > 20 && type != noise_type && maybe(s_.corrupted)) {
            since_corrupted_ = 0;
            const std::size_t at = draw() % a.size;
            const bool is_number = at > 1 && at < 8;
            is_puzzling_ = is_puzzling_ || (is_number && s_.corrupts_numbers);
            if (!is_number || s_.corrupts_numbers)
                a.bytes[at] ^= static_cast<std::uint8_t>(1U << draw() % 8);
        }
        for (int copies = maybe(s_.duplicated) ? 2 : 1; copies > 0; --copies) {
            double at = std::max(sent_, spike_end_) + base_delay_ + jitter();
            if (s_.group > 0) at = std::ceil(at / s_.group) * s_.group;
            at = std::max(at, s_.in_order ? newest_ : barrier_);
            newest_ = std::max(newest_, at);
            a.at = static_cast<std::int64_t>(at * 1e6);
            a.order = order_++;
            in_flight_.push(a);
        }
        return number_at(a.bytes.data() + 4);
    }

    random_source& random_;
    unsigned ptime_;
    double drift_;
    const codec* codec_;
    scenario s_;
    double base_delay_ = s_.base_delay;
    double sent_ = 0, newest_ = 0, barrier_ = 0, outage_end_ = 0, spike_end_ = 0,
           codec_changed_ = 0, pause_left_ = 0, event_left_ = 0;
    std::uint32_t ssrc_, timestamp_, event_timestamp_ = 0, serial_ = 1, stream_ = 0, position_ = 0;
    std::uint16_t seq_;
    bool marker_ = true, lossy_ = false, is_puzzling_ = false, is_codec_known_ = false;
    unsigned since_corrupted_ = 0, lost_ = 0;
    std::uint64_t order_ = 0;
    std::array<double, 4096> due_{};
    // Of the last packet of speech: the timestamp behind it, as it arrived, and the position.
    std::uint32_t seen_end_ = 0, end_ = 0;
    std::array<bool, 4096> is_pause_hidden_{};
    std::priority_queue<arrival> in_flight_;
};

} // namespace simulation
