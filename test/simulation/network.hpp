// A sender of speech and a network between it and a playout, in virtual time, from a seed.
#pragma once

#include "test_codec.hpp"

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtp/builder.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <queue>
#include <random>
#include <string>
#include <vector>

namespace simulation {

constexpr std::uint8_t speech_type = 96, other_speech_type = 97, event_type = 101, noise_type = 13;

// What happens to a call. Times in ms.
struct scenario {
    unsigned ptime = 20, tick = 20;
    double base_delay = 30, jitter = 0; // the mean of an exponential distribution
    bool in_order = false;              // the network keeps the order
    double loss = 0, burst_length = 1;  // of packets
    double duplicated = 0, corrupted = 0;
    double spike_every = 0, spike = 0; // then the network stands still for so long
    double outage_every = 0, outage = 0;
    double restart_every = 0; // a new SSRC, or new numbers
    double codec_every = 0;   // another payload type, another ptime
    double pause_every = 0, pause = 0;
    bool noise_in_pauses = false;
    double event_every = 0;
    double drift_ppm = 0;
};

struct arrival {
    std::int64_t at; // ns
    std::uint64_t order;
    std::vector<std::uint8_t> datagram;
    bool operator<(const arrival& other) const {
        return at != other.at ? at > other.at : order > other.order; // the earliest is on top
    }
};

class network {
public:
    network(std::uint32_t seed, const scenario& s) : random_(seed), s_(s), ptime_(s.ptime) {
        ssrc_ = draw();
        seq_ = chance(0.5) ? static_cast<std::uint16_t>(65535 - draw() % 50)
                           : static_cast<std::uint16_t>(draw());
        timestamp_ = chance(0.5) ? 0U - draw() % 80000 : draw();
    }

    // From now on nothing disturbs the call, but the drift.
    void calm() {
        const scenario before = s_;
        s_ = {};
        s_.base_delay = before.base_delay;
        s_.drift_ppm = before.drift_ppm;
        calm_ = true;
        pause_left_ = event_left_ = 0;
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
        arrival first = in_flight_.top();
        in_flight_.pop();
        return first;
    }
    std::uint32_t serials() const { return serial_; }

private:
    std::uint32_t draw() { return static_cast<std::uint32_t>(random_()); }
    bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
    double exponential(double mean) { return std::exponential_distribution<>(1 / mean)(random_); }
    // Whether something that happens every so many ms happens with this packet.
    bool happens(double every) { return every > 0 && chance(ptime_ / every); }

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
        const double step = ptime_ * (1 + s_.drift_ppm / 1e6);
        sent_ += step;
        timestamp_ += ptime_ * 8;
        position_ = (position_ + ptime_ * 8) % 8000;
    }

    void send_speech() {
        const auto payload = encode(serial_++, position_, ptime_ * 8);
        transmit(type_, timestamp_, marker_, payload);
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
        if (chance(0.5)) ssrc_ = draw();
        seq_ = static_cast<std::uint16_t>(draw());
        timestamp_ = draw();
    }
    void change_codec() {
        type_ = type_ == speech_type ? other_speech_type : speech_type;
        ptime_ = 10 * (1 + draw() % 6);
    }

    void transmit(std::uint8_t type, std::uint32_t timestamp, bool marker,
                  std::span<const std::uint8_t> payload) {
        std::vector<std::uint8_t> bytes(12 + payload.size());
        bytes[0] = 0x80;
        bytes[1] = static_cast<std::uint8_t>((marker ? 0x80 : 0) | type);
        bytes[2] = static_cast<std::uint8_t>(seq_ >> 8);
        bytes[3] = static_cast<std::uint8_t>(seq_);
        put_number(bytes.data() + 4, timestamp);
        put_number(bytes.data() + 8, ssrc_);
        std::copy(payload.begin(), payload.end(), bytes.begin() + 12);
        ++seq_;
        // Outages and spikes are of the network.
        if (s_.outage_every > 0 && happens(s_.outage_every)) outage_end_ = sent_ + s_.outage;
        if (s_.spike_every > 0 && happens(s_.spike_every)) spike_end_ = sent_ + s_.spike;
        const double end_of_burst = 1 / std::max(s_.burst_length, 1.0);
        lossy_ = lossy_ ? !chance(end_of_burst)
                        : chance(s_.loss * end_of_burst / (1 - std::min(s_.loss, 0.9)));
        if (lossy_ || (sent_ < outage_end_ && !calm_)) return;
        // Two packets that are corrupted alike are a restart for any receiver.
        if (++since_corrupted_ > 20 && chance(s_.corrupted)) {
            since_corrupted_ = 0;
            bytes[draw() % bytes.size()] ^= static_cast<std::uint8_t>(1U << draw() % 8);
        }
        for (int copies = chance(s_.duplicated) ? 2 : 1; copies > 0; --copies) {
            double delay = s_.base_delay + (s_.jitter > 0 ? exponential(s_.jitter) : 0);
            if (sent_ < spike_end_ && !calm_) delay += spike_end_ - sent_;
            double at = std::max(sent_ + delay, barrier_);
            if (s_.in_order) at = std::max(at, newest_);
            newest_ = std::max(newest_, at);
            in_flight_.push({static_cast<std::int64_t>(at * 1e6), order_++, bytes});
        }
    }

    std::mt19937 random_;
    scenario s_;
    bool calm_ = false;
    unsigned ptime_;
    double sent_ = 0, newest_ = 0, barrier_ = 0, outage_end_ = 0, spike_end_ = 0, pause_left_ = 0,
           event_left_ = 0;
    std::uint32_t ssrc_, timestamp_, event_timestamp_ = 0, serial_ = 1, position_ = 0;
    std::uint16_t seq_;
    std::uint8_t type_ = speech_type;
    bool marker_ = true, lossy_ = false;
    unsigned since_corrupted_ = 0;
    std::uint64_t order_ = 0;
    std::priority_queue<arrival> in_flight_;
};

} // namespace simulation
