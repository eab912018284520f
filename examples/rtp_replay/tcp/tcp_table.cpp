#include "tcp/tcp_table.hpp"

#include <iterator>

namespace replay {
namespace {

constexpr unsigned syn_flag = 0x02;

} // namespace

/// Passes the bytes of a stream to its framing.
class tcp_table::passer final : public byte_stream_listener, public framing_listener {
public:
    passer(stream& s, tcp_listener& listener) : stream_(s), listener_(listener) {}

    void next_bytes(byte_span bytes, std::size_t missing) override {
        if (missing != 0) listener_.tcp_bytes_missing(missing);
        stream_.framing.add(bytes, missing, *this);
    }
    void earlier_bytes(byte_span bytes, std::size_t missing) override {
        packet_framing().add(bytes, missing, *this); // by itself: later bytes were delivered before
    }
    void begins_anew() override { stream_.framing = {}; }
    void framed_packet(packet_bytes packet) override {
        listener_.tcp_packet(stream_.id.source, stream_.id.destination, packet, false);
    }
    void turn_message(packet_bytes message) override {
        listener_.tcp_packet(stream_.id.source, stream_.id.destination, message, true);
    }
    void sip_bytes(byte_span bytes) override {
        listener_.sip_bytes(stream_.id.source, stream_.id.destination, bytes);
    }

private:
    stream& stream_;
    tcp_listener& listener_;
};

bool tcp_table::add(const ip_packet& segment, rtpsynth::time_point now, tcp_listener& listener) {
    packet_bytes payload = segment.payload;
    const byte_span header = payload.data;
    if (header.size() < 20) return false;
    const std::size_t size = std::size_t{4} * (header[12] >> 4);
    if (size < 20 || !payload.skip(size)) return false;
    const std::uint32_t seq = be32(header, 4);
    const bool begins = (header[13] & syn_flag) != 0;
    if (!begins && payload.size_on_wire() == 0) return true;

    const auto s = stream_of({{segment.source, static_cast<std::uint16_t>(be16(header, 0))},
                              {segment.destination, static_cast<std::uint16_t>(be16(header, 2))}});
    passer to_listener(*s, listener);
    if (begins) s->bytes.begin(seq, to_listener);
    s->bytes.add(begins ? seq + 1 : seq, payload, now, to_listener);
    account(*s);
    while (streams_.size() > most_streams || memory_ > most_memory) forget_oldest(listener);
    return true;
}

void tcp_table::finish(tcp_listener& listener) {
    while (!streams_.empty()) forget_oldest(listener);
}

/// The stream of this key, which becomes the most recently used.
std::list<tcp_table::stream>::iterator tcp_table::stream_of(const key& id) {
    const auto found = by_key_.find(id);
    if (found != by_key_.end()) {
        streams_.splice(streams_.end(), streams_, found->second);
        return found->second;
    }
    streams_.push_back({id, {}, {}, 0});
    return by_key_[id] = std::prev(streams_.end());
}

void tcp_table::account(stream& s) noexcept {
    const std::size_t memory = s.bytes.held_memory() + s.framing.held_memory();
    memory_ += memory - s.memory;
    s.memory = memory;
}

void tcp_table::forget_oldest(tcp_listener& listener) {
    stream& oldest = streams_.front();
    passer to_listener(oldest, listener);
    oldest.bytes.finish(to_listener);
    memory_ -= oldest.memory;
    by_key_.erase(oldest.id);
    streams_.pop_front();
}

} // namespace replay
