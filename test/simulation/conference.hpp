/// \file
/// A session of many participants in virtual time, who hear each other's RTCP at once or lose it.
#pragma once

#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/rtcp/session.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace simulation {

using namespace rtpsynth;
using namespace std::chrono_literals;

struct conference_options {
    std::size_t members = 2;
    std::size_t senders = 0; ///< the first ones
    double bandwidth = 64'000;
    bool reduced_minimum = false;
    double loss = 0; ///< of RTCP
    duration join_within{};
};

/// What was sent in a stretch of time.
struct traffic {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0; ///< with the headers of UDP and IP
    std::uint64_t byes = 0;
    /// Between two reports of one participant, which both were in this time; of senders, of others.
    std::array<std::uint64_t, 2> intervals{};
    std::array<double, 2> seconds{};
    double shortest = 1e9;
};

class conference {
public:
    static constexpr std::size_t header_size = 28;
    conference(const conference_options& o, std::uint64_t seed) : options_(o), random_(seed) {
        const double minimum = o.reduced_minimum ? std::min(5.0, 360'000 / o.bandwidth) : 5.0;
        rtp_interval_ = duration{static_cast<std::int64_t>(0.4e9 * minimum)};
        for (std::size_t i = 0; i < o.members; ++i) {
            rtp_session_options s;
            s.cname = "member" + std::to_string(10'000 + i);
            s.ssrc = static_cast<std::uint32_t>(0x1000 + i);
            s.bandwidth = o.bandwidth;
            s.reduced_minimum = o.reduced_minimum;
            s.header_size = header_size;
            s.max_members = o.members;
            members_.push_back(std::make_unique<member>(rtp_session(s, random_.bits())));
            const double within = static_cast<double>(o.join_within.count()) * random_.unit();
            const time_point joins = now_ + duration{static_cast<std::int64_t>(within)};
            events_.push({joins, i, action::join});
            if (i < o.senders) events_.push({joins, i, action::rtp});
        }
    }

    time_point now() const { return now_; }
    std::size_t size() const { return members_.size(); }
    const rtp_session& operator[](std::size_t i) const { return members_[i]->session; }
    bool is_sender(std::size_t i) const { return i < options_.senders; }

    /// What was sent since the last call.
    traffic take() {
        for (auto& m : members_) m->reported = false;
        return std::exchange(sent_, {});
    }

    void leave(std::size_t i) {
        members_[i]->leaving = true;
        members_[i]->session.leave(now_);
        look(i);
    }
    bool has_left(std::size_t i) const {
        return members_[i]->leaving && members_[i]->session.next_rtcp() == time_point::max();
    }

    void run(duration d) {
        const time_point until = now_ + d;
        while (!events_.empty() && events_.top().at <= until) {
            const event e = events_.top();
            events_.pop();
            now_ = e.at;
            switch (e.what) {
            case action::join:
                members_[e.who]->session.join(now_);
                break;
            case action::rtp:
                send_rtp(e.who);
                break;
            case action::rtcp:
                if (e.at != members_[e.who]->looked_at) continue; // it was moved
                members_[e.who]->looked_at = time_point::max();
                send_rtcp(e.who);
                break;
            }
            look(e.who);
        }
        now_ = until;
    }

private:
    enum class action : std::uint8_t { join, rtp, rtcp };
    struct event {
        time_point at;
        std::size_t who;
        action what;
        bool operator<(const event& other) const { return at > other.at; }
    };
    struct member {
        explicit member(rtp_session s) : session(std::move(s)) {}
        rtp_session session;
        time_point looked_at = time_point::max(); // when its timer is going to expire
        time_point last_report{};
        std::uint16_t seq = 0;
        bool reported = false; // at last_report, since take()
        bool leaving = false;
    };

    void look(std::size_t i) {
        member& m = *members_[i];
        const time_point next = std::max(m.session.next_rtcp(), now_);
        if (next == m.looked_at || next == time_point::max()) return;
        m.looked_at = next;
        events_.push({next, i, action::rtcp});
    }

    void send_rtp(std::size_t i) {
        member& m = *members_[i];
        if (m.leaving) return;
        ++m.seq;
        std::array<std::uint8_t, 12> packet{0x80};
        detail::store_be16(&packet[2], m.seq);
        detail::store_be32(&packet[8], m.session.ssrc());
        const rtp_packet_view view = rtp_packet_view::parse(packet).value();
        m.session.sent(view, now_);
        for (std::size_t j = 0; j < members_.size(); ++j) {
            if (j == i) continue;
            members_[j]->session.receive_rtp(view, now_);
            look(j);
        }
        events_.push({now_ + rtp_interval_, i, action::rtp});
    }

    void send_rtcp(std::size_t i) {
        member& m = *members_[i];
        std::array<std::uint8_t, 1400> storage;
        const auto bytes = m.session.make_rtcp(now_, ntp_time{1U}, storage).value();
        if (bytes.empty()) return;
        ++sent_.packets;
        sent_.bytes += bytes.size() + header_size;
        if (m.leaving) ++sent_.byes;
        if (m.reported && !m.leaving) {
            const double interval = static_cast<double>((now_ - m.last_report).count()) / 1e9;
            const std::size_t kind = is_sender(i) ? 0 : 1;
            ++sent_.intervals[kind];
            sent_.seconds[kind] += interval;
            sent_.shortest = std::min(sent_.shortest, interval);
        }
        m.reported = true;
        m.last_report = now_;
        for (std::size_t j = 0; j < members_.size(); ++j) {
            if (j == i || random_.unit() < options_.loss) continue;
            members_[j]->session.receive_rtcp(bytes, now_);
            look(j);
        }
    }

    conference_options options_;
    // So often that every report is on all senders, as where they send 50 packets a second.
    duration rtp_interval_{};
    detail::random_sequence random_;
    std::vector<std::unique_ptr<member>> members_;
    std::priority_queue<event> events_;
    time_point now_{1000h};
    traffic sent_;
};

} // namespace simulation
