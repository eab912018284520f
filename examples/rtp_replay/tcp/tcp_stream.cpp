#include "tcp/tcp_stream.hpp"

#include <algorithm>
#include <chrono>

namespace replay {
namespace {

constexpr std::chrono::seconds longest_wait{1};
constexpr std::size_t overhead = 128; // bytes of memory per held segment, about
constexpr std::int64_t farthest =
    16 * 1024 * 1024; // bytes ahead in one connection; more means another connection

} // namespace

void tcp_stream::begin(std::uint32_t seq, byte_stream_listener& listener) {
    finish(listener);
    listener.begins_anew();
    start(seq + 1);
    from_beginning_ = true;
}

void tcp_stream::start(std::uint32_t first) noexcept {
    begun_ = true;
    first_ = next_ = first;
    from_beginning_ = false;
}

void tcp_stream::add(std::uint32_t seq, const packet_bytes& payload, rtpsynth::time_point now,
                     byte_stream_listener& listener) {
    if (payload.size_on_wire() == 0) return;
    if (!begun_) start(seq);
    std::int64_t at = next_ + static_cast<std::int32_t>(seq - static_cast<std::uint32_t>(next_));
    const auto size = static_cast<std::int64_t>(payload.size_on_wire());
    if (!from_beginning_ && at + size == first_) {
        first_ = at;
        listener.earlier_bytes(payload.data, payload.missing);
        return;
    }
    if (at - next_ > farthest || next_ - at > farthest) {
        begin(seq - 1, listener);
        at = next_;
    }
    if (at <= next_) {
        pass_on(payload, at, listener);
    } else {
        const auto [place, is_new] = held_.try_emplace(
            at, held{{payload.data.begin(), payload.data.end()}, payload.missing, now});
        if (is_new) held_memory_ += payload.data.size() + overhead;
    }
    pass_on_held(listener);
    const auto waits_too_long = [now](const held& h) {
        return now - h.arrival > longest_wait || h.arrival - now > longest_wait;
    };
    while (!held_.empty() && (held_memory_ > most_held || waits_too_long(held_.begin()->second)))
        give_up_gap(listener);
}

void tcp_stream::finish(byte_stream_listener& listener) {
    while (!held_.empty()) give_up_gap(listener);
}

/// Delivers the new part of a segment at \p at, which is not ahead.
void tcp_stream::pass_on(packet_bytes payload, std::int64_t at, byte_stream_listener& listener) {
    const auto old = static_cast<std::size_t>(next_ - at);
    if (old >= payload.size_on_wire()) return;
    const std::size_t old_captured = std::min(old, payload.data.size());
    payload.missing -= old - old_captured;
    payload.data = payload.data.subspan(old_captured);
    next_ += static_cast<std::int64_t>(payload.size_on_wire());
    listener.next_bytes(payload.data, payload.missing);
}

void tcp_stream::pass_on_held(byte_stream_listener& listener) {
    while (!held_.empty() && held_.begin()->first <= next_) {
        const auto node = held_.extract(held_.begin());
        held_memory_ -= node.mapped().bytes.size() + overhead;
        pass_on({node.mapped().bytes, node.mapped().missing}, node.key(), listener);
    }
}

void tcp_stream::give_up_gap(byte_stream_listener& listener) {
    const std::int64_t gap = held_.begin()->first - next_;
    next_ += gap;
    listener.next_bytes({}, static_cast<std::size_t>(gap));
    pass_on_held(listener);
}

} // namespace replay
