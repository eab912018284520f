// Packets of RTP and RTCP, whole or mutilated, of few SSRCs and addresses, through rtp_session,
// whose reports another one receives: every packet is accounted for, the bounds are kept, and what
// it writes can be read.
#include "reader.hpp"

#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/session.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace rtpsynth;
using fuzz::check, fuzz::reader;

constexpr std::size_t max_sources = 3, max_members = 5;

rtp_session_options options(const char* cname, unsigned flags) {
    rtp_session_options o;
    o.cname = cname;
    o.ssrc = 1; // of those that the input can name
    o.max_sources = max_sources;
    o.max_members = max_members;
    o.probation = flags & 3;
    o.reduced_minimum = (flags & 4) != 0;
    o.bandwidth = flags & 8 ? 1e6 : 1e3;
    o.reduced_size = (flags & 16) == 0;
    return o;
}

class run {
public:
    run(const std::uint8_t* data, std::size_t size)
        : in_(data, size), ours_(options("us", in_.byte()), 1), peer_(options("peer", 2), 2) {}

    void operator()() {
        while (!in_.empty()) {
            step();
            verify();
        }
    }

private:
    // Our own SSRC, which may have changed, or one of eight.
    std::uint32_t ssrc() {
        const unsigned n = in_.byte();
        return n & 8 ? ours_.ssrc() : n & 7;
    }
    std::uint64_t address() { return in_.byte() & 3; }

    void step() {
        switch (in_.byte() % 12) {
        case 0:
            now_ += std::chrono::milliseconds(in_.byte());
            break;
        case 1:
            now_ += std::chrono::seconds(in_.byte());
            break;
        case 2:
            now_ = std::min(std::max(now_, ours_.next_rtcp()), now_ + std::chrono::hours(1));
            break;
        case 3:
        case 4:
            rtp();
            break;
        case 5:
        case 6:
            rtcp();
            break;
        case 7:
            raw();
            break;
        case 8:
            ours_.sent(
                static_cast<std::uint32_t>(in_.number(4)), in_.byte(),
                payload_format{static_cast<std::uint32_t>(in_.number(4)), payload_kind::media},
                now_);
            break;
        case 9:
            report();
            break;
        case 10:
            ours_.source_moved(ssrc(), address());
            break;
        case 11:
            if (in_.byte() == 0) ours_.leave(now_, std::string(in_.byte(), 'x'));
            break;
        }
    }

    void rtp() {
        std::array<std::uint8_t, 12 + 3 * 4> packet{};
        const unsigned csrcs = in_.byte() & 3;
        packet[0] = static_cast<std::uint8_t>(0x80 | csrcs);
        seq_ = static_cast<std::uint16_t>(in_.byte() & 1 ? in_.number(2) : seq_ + 1U);
        detail::store_be16(&packet[2], seq_);
        detail::store_be32(&packet[8], ssrc());
        for (std::size_t i = 0; i < csrcs; ++i)
            detail::store_be32(&packet[12 + 4 * i], static_cast<std::uint32_t>(in_.byte()));
        const auto view = rtp_packet_view::parse(std::span(packet).first(12 + 4 * csrcs)).value();
        const rtp_reception r = ours_.receive_rtp(view, now_, address());
        ++rtp_;
        check((r.source != nullptr) ==
              (r.outcome == session_outcome::accepted || r.outcome == session_outcome::conflict ||
               r.outcome == session_outcome::left));
        check(r.source == nullptr || r.outcome == session_outcome::conflict ||
              r.source->left() == (r.outcome == session_outcome::left));
    }

    void rtcp() {
        std::array<std::uint8_t, 1000> storage;
        rtcp_builder builder(storage, rtcp_mode::reduced_size);
        const std::uint32_t from = ssrc();
        std::array<report_block, 2> blocks;
        for (report_block& b : blocks) {
            b.ssrc = ssrc();
            b.cumulative_lost = static_cast<std::int32_t>(in_.byte());
            b.last_sr = in_.byte() & 1 ? last_sr_ : static_cast<std::uint32_t>(in_.number(4));
            b.delay_since_last_sr = static_cast<std::uint32_t>(in_.number(in_.byte() & 3));
        }
        const unsigned what = in_.byte();
        if (what & 128) { // reduced-size
        } else if (what & 1) {
            builder.add_sender_report(from, {ntp_time{in_.number(8)}, 1, 2, 3}, blocks).value();
        } else {
            builder.add_receiver_report(from, blocks).value();
        }
        if (what & 2) builder.add_cname(from, std::string(1 + in_.byte() % 255, 'c')).value();
        if (what & 4) builder.add_cname(ssrc(), "other").value();
        if (what & 8) {
            voip_metrics m;
            m.ssrc = ssrc();
            builder.add_voip_metrics(from, {&m, 1}).value();
        }
        if (what & 16) {
            const std::array<std::uint32_t, 2> leave{what & 32 ? from : ssrc(), ssrc()};
            builder.add_bye(leave, "why").value();
        }
        std::vector<std::uint8_t> bytes(builder.bytes().begin(), builder.bytes().end());
        if (what & 64 && !bytes.empty())
            bytes[in_.byte() % bytes.size()] = static_cast<std::uint8_t>(in_.byte());
        receive(bytes);
    }

    void raw() {
        std::vector<std::uint8_t> bytes(in_.byte() & 63);
        for (std::uint8_t& b : bytes) b = static_cast<std::uint8_t>(in_.byte());
        receive(bytes);
    }

    void receive(std::span<const std::uint8_t> bytes) {
        const rtcp_reception r = ours_.receive_rtcp(bytes, now_, address());
        ++rtcp_;
        check(r.source == nullptr || r.source == ours_.find(r.source->ssrc()));
        if (r.reported) {
            check(r.source->report().has_value());
            const auto round_trip = r.source->report()->round_trip_time;
            check(!round_trip || *round_trip >= duration::zero());
        }
    }

    void report() {
        const auto wall = ntp_time{in_.number(8)};
        std::vector<std::uint8_t> storage(in_.byte() * 4);
        voip_metrics m;
        m.buffer_rate = static_cast<std::uint8_t>(in_.byte() & 31);
        const time_point due = ours_.next_rtcp();
        const std::uint64_t sent = ours_.stats().rtcp_sent;
        const auto r = ours_.make_rtcp(now_, wall, storage, {&m, m.ssrc == in_.byte() ? 1U : 0U});
        if (!r || r->empty()) {
            check(ours_.stats().rtcp_sent == sent);
            check(r.has_value() || ours_.next_rtcp() == due);
            return;
        }
        check(now_ >= due);
        check(r->size() <= storage.size() && r->size() % 4 == 0);
        check(ours_.stats().rtcp_sent == sent + 1);
        last_sr_ = wall.compact();
        const auto compound = rtcp_compound_view::parse(*r);
        check(compound.has_value());
        std::size_t packets = 0;
        for (const rtcp_packet_view packet : *compound) {
            ++packets;
            check(rtcp_report_view::parse(packet).has_value() == (packets == 1));
        }
        check(packets >= 2);
        check(peer_.receive_rtcp(*r, now_).outcome != session_outcome::malformed);
    }

    void verify() {
        const rtp_session_stats& s = ours_.stats();
        check(s.rtp_accepted + s.rtp_probation + s.rtp_conflicts + s.rtp_left + s.rtp_refused +
                  s.rtcp_accepted + s.rtcp_probation + s.rtcp_conflicts + s.rtcp_left +
                  s.rtcp_refused + s.rtcp_malformed + s.collisions + s.looped ==
              rtp_ + rtcp_);
        check(ours_.source_count() <= max_sources);
        check(ours_.members() <= 1 + max_sources + max_members);
        check(ours_.senders() <= ours_.members());
        check(s.sources_returned <= s.sources_left);
        std::size_t visited = 0;
        ours_.for_each_source([&](const rtp_source& source) {
            ++visited;
            check(ours_.find(source.ssrc()) == &source);
            check(source.ssrc() != ours_.ssrc());
            check(source.last_heard() <= now_);
        });
        check(visited == ours_.source_count());
    }

    reader in_;
    rtp_session ours_, peer_;
    time_point now_{std::chrono::hours{1000}};
    std::uint16_t seq_ = 0;
    std::uint32_t last_sr_ = 0;
    std::uint64_t rtp_ = 0, rtcp_ = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0) run(data, size)();
    return 0;
}
