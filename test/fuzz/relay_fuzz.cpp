// What reaches the two sides of a relay from the network: whole packets of few sources, mutilated
// ones and garbage, from several addresses, encrypted or not. Every datagram is counted once, and
// what is passed on is a packet of the relay's own stream.
#include "reader.hpp"

#include "call/leg_state.hpp"

#include <rtpsynth/asio_server/call/rtp_relay.hpp>
#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/rtcp/builder.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
using asio_server::detail::leg_state;
using fuzz::check, fuzz::reader;
using bytes = std::vector<std::uint8_t>;
using endpoint = boost::asio::ip::udp::endpoint;

// Seals packets with a trailer; what does not have it is refused.
class trailer final : public packet_protection {
public:
    static constexpr std::size_t size = 4;
    explicit trailer(std::uint8_t key) : key_{key} {}

    result<std::size_t> unprotect(std::span<std::uint8_t> packet) noexcept override {
        return open(packet);
    }
    result<std::size_t> unprotect_rtcp(std::span<std::uint8_t> packet) noexcept override {
        return open(packet);
    }
    result<std::size_t> protect(std::span<std::uint8_t> buffer, std::size_t n) noexcept override {
        return close(buffer, n);
    }
    result<std::size_t> protect_rtcp(std::span<std::uint8_t> buffer,
                                     std::size_t n) noexcept override {
        return close(buffer, n);
    }

private:
    result<std::size_t> open(std::span<std::uint8_t> packet) const noexcept {
        if (packet.size() < size || packet.back() != key_) return errc::bad_payload;
        return packet.size() - size;
    }
    result<std::size_t> close(std::span<std::uint8_t> buffer, std::size_t n) const noexcept {
        if (n + size > buffer.size()) return errc::buffer_too_small;
        std::fill_n(buffer.begin() + static_cast<std::ptrdiff_t>(n), size, key_);
        return n + size;
    }

    std::uint8_t key_;
};

endpoint address(unsigned n) {
    const auto host = boost::asio::ip::make_address_v4(0xc0000200U + (n & 3));
    return {host, static_cast<std::uint16_t>(4000 + (n >> 2 & 3))};
}

relay_leg_options options(reader& in, const std::shared_ptr<packet_protection>& protection) {
    relay_leg_options o;
    const unsigned flags = in.byte(), types = in.byte();
    o.rtcp_mux = flags & 1;
    o.latch.latch = std::array{latch_policy::none, latch_policy::once, latch_policy::follow,
                               latch_policy::follow}[flags >> 1 & 3];
    o.latch.probation = 1 + (flags >> 3 & 3);
    if (flags & 32) o.peer = address(in.byte());
    if (flags & 64) o.protection = protection;
    o.clock_rate = flags & 128 ? 48000 : 8000;
    if (types & 1) o.stream.payload_types.drop_all();
    o.stream.payload_types.set(0, 8);
    o.stream.payload_types.set(101, 96);
    o.stream.formats.set(101, {8000, payload_kind::event});
    if (types & 2) o.stream.cname = "relay";
    o.stream.forward_bye = types & 4;
    if (types & 8) {
        o.transcode = {{{"PCMU/8000", 0, {}}, {"G722/8000", 9, {}}},
                       {{"G722/8000", 9, {}}, {"PCMA/8000", 8, {}}},
                       {{"L16/16000", 97, {}}, {"G722/8000", 9, {}}},
                       {{"L16/11025", 98, {}}, {"L16/8000", 99, {}}}};
        if (types & 16) // of another clock
            for (relay_transcoding& t : o.transcode) t.target = {"L16/12000", 100, {}};
    }
    return o;
}

struct source {
    std::uint16_t seq = 0;
    std::uint32_t timestamp = 0;
};

struct side {
    side(reader& in, std::uint8_t key)
        : protection{std::make_shared<trailer>(key)},
          options{::options(in, protection)},
          state{options, time_point{std::chrono::hours{1}}} {}

    std::shared_ptr<packet_protection> protection;
    relay_leg_options options;
    leg_state state;
    bool is_protected = options.protection != nullptr;
    std::array<source, 4> sources{};
    std::uint64_t datagrams = 0, accepted = 0;
    std::optional<std::uint32_t> ssrc; // of what becomes of its packets
};

class run {
public:
    run(const std::uint8_t* data, std::size_t size)
        : in_(data, size), sides_{side(in_, 1), side(in_, 2)} {}

    void operator()() {
        while (!in_.empty()) step();
    }

private:
    void step() {
        const unsigned what = in_.byte();
        const std::size_t leg = what >> 7;
        side& s = sides_[leg];
        switch (what % 12) {
        case 0:
            now_ += std::chrono::milliseconds(in_.byte());
            return;
        case 1:
            now_ += std::chrono::seconds(in_.byte() & 15);
            check(!s.state.next_silence(std::chrono::seconds{1}) ||
                  *s.state.next_silence(std::chrono::seconds{1}) > time_point{});
            s.state.note_silence(now_, std::chrono::seconds{1});
            return;
        case 2:
            s.state.set_signalled(address(in_.byte()));
            return;
        case 3:
            s.state.set_reachable(in_.byte() % 4 != 0);
            return;
        case 4: {
            auto other = in_.byte() & 1 ? s.protection : nullptr;
            s.is_protected = other != nullptr;
            s.state.swap_protection(other);
            return;
        }
        case 5:
            return arrive(leg, garbage());
        case 6:
        case 7:
            return arrive(leg, rtcp(leg));
        default:
            return arrive(leg, rtp(s));
        }
    }

    bytes garbage() {
        bytes b(in_.byte() & 1 ? in_.number(2) % 3000 : in_.byte() & 63);
        for (std::size_t i = 0; i < std::min<std::size_t>(b.size(), 40); ++i)
            b[i] = static_cast<std::uint8_t>(in_.byte());
        return b;
    }

    bytes rtp(side& s) {
        const unsigned flags = in_.byte();
        source& from = s.sources[flags & 3];
        from.seq = static_cast<std::uint16_t>(
            flags & 4 ? (flags & 8 ? in_.number(2) : from.seq + in_.byte() - 4U) : from.seq + 1U);
        from.timestamp += flags & 16 ? static_cast<std::uint32_t>(in_.number(4)) : 160U;
        bytes packet(rtp_header_size + (flags & 32 ? in_.byte() * 9 : 4));
        packet[0] = 0x80;
        if (flags & 64) {
            const unsigned type = in_.byte();
            packet[1] = type & 128 ? std::array<std::uint8_t, 5>{9, 97, 98, 101, 13}[type % 5]
                                   : static_cast<std::uint8_t>(type);
        }
        rtpsynth::detail::store_be16(&packet[2], from.seq);
        rtpsynth::detail::store_be32(&packet[4], from.timestamp);
        rtpsynth::detail::store_be32(&packet[8], flags & 3);
        if (flags & 128) packet[0] = static_cast<std::uint8_t>(in_.byte());
        return packet;
    }

    bytes rtcp(std::size_t leg) {
        std::array<std::uint8_t, 1000> storage;
        rtcp_builder builder(storage);
        const unsigned what = in_.byte();
        const std::uint32_t from = what & 3;
        report_block block; // about what this side hears
        block.ssrc = sides_[1 - leg].ssrc.value_or(9);
        block.extended_highest_seq = static_cast<std::uint32_t>(in_.number(2));
        block.cumulative_lost = static_cast<std::int32_t>(in_.byte());
        if (what & 4)
            builder.add_sender_report(from, {ntp_time{in_.number(8)}, 1, 2, 3}, {&block, 1})
                .value();
        else
            builder.add_receiver_report(from, {&block, 1}).value();
        if (what & 8) builder.add_cname(from, "phone").value();
        if (what & 16) builder.add_bye(std::array{from}).value();
        bytes packet(builder.bytes().begin(), builder.bytes().end());
        if (what & 32) packet[in_.byte() % packet.size()] = static_cast<std::uint8_t>(in_.byte());
        return packet;
    }

    void arrive(std::size_t leg, bytes packet) {
        side &from = sides_[leg], &to = sides_[1 - leg];
        const unsigned how = in_.byte();
        if (from.is_protected && (how & 7) != 0)
            packet.resize(packet.size() + trailer::size, static_cast<std::uint8_t>(leg + 1));
        // Of its own size, so that reading beyond it is found.
        const bytes exact(packet);
        const datagram_view view{exact, address(in_.byte()), now_};
        const bool to_rtcp_port = !from.options.rtcp_mux && (how & 8);
        ++from.datagrams;
        if ((how & 0xf0) == 0xf0) {
            from.state.count_unsent(view, to_rtcp_port);
        } else {
            const leg_state::outcome o = from.state.pass(view, to_rtcp_port, to.state, work_);
            if (o.has_moved) {
                check(from.state.target() == view.source);
                from.state.set_reachable(true);
            }
            if (o.rtcp_has_moved) from.state.set_rtcp_target(view.source);
            if (!o.packet.empty()) sent(from, to, o, (how & 0x10) == 0);
        }
        verify(from);
    }

    void sent(side& from, side& to, const leg_state::outcome& o, bool is_accepted) {
        std::span<const std::uint8_t> packet = o.packet;
        const std::uint8_t* const begin = work_.first.data();
        const std::uint8_t* const second = work_.second.data();
        check((packet.data() >= begin && packet.data() + packet.size() <= begin + work_.size) ||
              (packet.data() >= second && packet.data() + packet.size() <= second + work_.size));
        if (to.is_protected) {
            check(packet.size() > trailer::size);
            packet = packet.first(packet.size() - trailer::size);
        }
        if (o.is_rtcp) {
            check(rtcp_compound_view::parse(packet, rtcp_mode::reduced_size).has_value());
        } else {
            const auto view = rtp_packet_view::parse(packet).value();
            if (!from.ssrc) from.ssrc = view.ssrc();
            check(view.ssrc() == from.ssrc);
        }
        from.accepted += is_accepted;
        from.state.count_sent(o, is_accepted);
    }

    static void verify(const side& side) {
        const relay_leg_stats s = side.state.stats();
        check(s.received + s.rtcp_received + s.other == side.datagrams);
        check(s.received == s.forwarded + s.rejected + s.not_authentic + s.malformed + s.oversized +
                                s.dropped + s.late + s.undecodable + s.unsent);
        check(s.transcoded + s.late + s.undecodable <= s.stream.forwarded);
        check(s.rtcp_received == s.rtcp_forwarded + s.rtcp_rejected + s.rtcp_not_authentic +
                                     s.rtcp_malformed + s.rtcp_dropped + s.rtcp_unsent);
        check(s.forwarded + s.rtcp_forwarded == side.accepted);
        check(s.dropped == s.stream.dropped() && s.rejected == s.latch.rejected);
    }

    reader in_;
    std::array<side, 2> sides_;
    time_point now_{std::chrono::hours{1}};
    leg_state::workspace work_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0) run(data, size)();
    return 0;
}
