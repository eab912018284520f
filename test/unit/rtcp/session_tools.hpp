/// \file
/// What the tests of rtp_session share: packets of other participants, and a session's own reports.
#pragma once

#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/extended_report.hpp>
#include <rtpsynth/rtcp/session.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

BOOST_TEST_DONT_PRINT_LOG_VALUE(rtpsynth::receiver_stats::outcome)
BOOST_TEST_DONT_PRINT_LOG_VALUE(rtpsynth::session_outcome)
BOOST_TEST_DONT_PRINT_LOG_VALUE(rtpsynth::time_point)
BOOST_TEST_DONT_PRINT_LOG_VALUE(rtpsynth::duration)

namespace rtpsynth::test {

constexpr time_point t0{std::chrono::hours{100}};
constexpr std::uint32_t our_ssrc = 0x0a0a'0a0a;
constexpr std::uint32_t alice = 0x1111'1111;
constexpr std::uint32_t bob = 0x2222'2222;

using bytes = std::vector<std::uint8_t>;

inline rtp_session_options options_of_us() {
    rtp_session_options o;
    o.cname = "us@example.net";
    o.ssrc = our_ssrc;
    return o;
}

/// An RTP packet of 160 bytes of PCMU.
struct rtp_datagram {
    bytes data;
    rtp_datagram(std::uint32_t ssrc, std::uint16_t seq, std::uint32_t timestamp = 0,
                 std::initializer_list<std::uint32_t> csrcs = {})
        : data(12 + 4 * csrcs.size() + 160) {
        data[0] = static_cast<std::uint8_t>(0x80 | csrcs.size());
        detail::store_be16(&data[2], seq);
        detail::store_be32(&data[4], timestamp);
        detail::store_be32(&data[8], ssrc);
        std::uint8_t* p = &data[12];
        for (const std::uint32_t csrc : csrcs) {
            detail::store_be32(p, csrc);
            p += 4;
        }
    }
    rtp_packet_view view() const { return rtp_packet_view::parse(data).value(); }
};

inline rtp_reception give(rtp_session& s, std::uint32_t ssrc, unsigned seq, time_point now,
                          std::uint64_t address = 0) {
    const rtp_datagram d(ssrc, static_cast<std::uint16_t>(seq), seq * 160);
    return s.receive_rtp(d.view(), now, address);
}

/// Makes the source valid by two packets.
inline void give_valid(rtp_session& s, std::uint32_t ssrc, time_point now,
                       std::uint64_t address = 0) {
    give(s, ssrc, 1, now, address);
    BOOST_REQUIRE(give(s, ssrc, 2, now, address).outcome == session_outcome::accepted);
}

/// The compound of another participant.
class compound_of {
public:
    explicit compound_of(std::uint32_t ssrc, std::initializer_list<report_block> blocks = {})
        : ssrc_(ssrc) {
        builder_.add_receiver_report(ssrc, {blocks.begin(), blocks.size()}).value();
    }
    compound_of(std::uint32_t ssrc, const sender_info& info,
                std::initializer_list<report_block> blocks = {})
        : ssrc_(ssrc) {
        builder_.add_sender_report(ssrc, info, {blocks.begin(), blocks.size()}).value();
    }
    compound_of(const compound_of&) = delete;
    compound_of& operator=(const compound_of&) = delete;

    compound_of& cname(std::string_view name) { return cname_of(ssrc_, name); }
    compound_of& cname_of(std::uint32_t ssrc, std::string_view name) {
        builder_.add_cname(ssrc, name).value();
        return *this;
    }
    compound_of& bye(std::string_view reason = {}) { return bye_of(ssrc_, reason); }
    compound_of& bye_of(std::uint32_t ssrc, std::string_view reason = {}) {
        builder_.add_bye({&ssrc, 1}, reason).value();
        return *this;
    }
    compound_of& metrics(const voip_metrics& m) {
        builder_.add_voip_metrics(ssrc_, {&m, 1}).value();
        return *this;
    }
    rtcp_reception to(rtp_session& s, time_point now, std::uint64_t address = 0) const {
        return s.receive_rtcp(builder_.bytes(), now, address);
    }

private:
    std::uint32_t ssrc_;
    std::uint8_t storage_[1500];
    rtcp_builder builder_{storage_};
};

/// What a session sent.
struct compound_read {
    std::uint32_t ssrc = 0;
    std::optional<sender_info> sender;
    std::vector<report_block> blocks;
    std::string cname;
    std::vector<std::uint32_t> byes;
    std::string reason;
    std::vector<voip_metrics> metrics;
    std::size_t size = 0;
};

inline compound_read read(std::span<const std::uint8_t> datagram) {
    compound_read r;
    r.size = datagram.size();
    const auto compound = rtcp_compound_view::parse(datagram);
    BOOST_REQUIRE(compound.has_value());
    for (const rtcp_packet_view packet : *compound) {
        if (const auto report = rtcp_report_view::parse(packet)) {
            r.ssrc = report->ssrc();
            r.sender = report->sender();
            for (std::size_t i = 0; i < report->block_count(); ++i)
                r.blocks.push_back(report->block(i));
        } else if (const auto description = rtcp_sdes_view::parse(packet)) {
            for (const sdes_chunk chunk : *description) r.cname = chunk.cname().value_or("");
        } else if (const auto bye = rtcp_bye_view::parse(packet)) {
            for (std::size_t i = 0; i < bye->ssrc_count(); ++i) r.byes.push_back(bye->ssrc(i));
            r.reason = bye->reason();
        } else if (const auto xr = rtcp_xr_view::parse(packet)) {
            for (const xr_block_view block : *xr)
                r.metrics.push_back(block.as_voip_metrics().value());
        } else {
            BOOST_ERROR("a packet of another type");
        }
    }
    return r;
}

/// What is due at `now`; of size 0 if nothing is.
inline compound_read report_of(rtp_session& s, time_point now, ntp_time wall = {},
                               std::size_t room = 1500,
                               std::initializer_list<voip_metrics> metrics = {}) {
    bytes storage(room);
    const auto report = s.make_rtcp(now, wall, storage, {metrics.begin(), metrics.size()});
    BOOST_REQUIRE(report.has_value());
    return report->empty() ? compound_read{} : read(*report);
}

/// Lets time pass until the session sends. Its next_rtcp() must be a time.
inline compound_read next_report(rtp_session& s, time_point& now, std::size_t room = 1500) {
    for (int i = 0; i < 1000; ++i) {
        BOOST_REQUIRE(s.next_rtcp() != time_point::max());
        now = std::max(now, s.next_rtcp());
        if (const compound_read r = report_of(s, now, {}, room); r.size != 0) return r;
    }
    BOOST_FAIL("reconsidered 1000 times");
    return {};
}

} // namespace rtpsynth::test
