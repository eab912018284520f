// voice_stream: RTCP, ports, and the end of a call.
#include "voice_tools.hpp"

#include <boost/test/unit_test.hpp>

namespace rtpsynth::asio_server {

/// So that reports come every few milliseconds.
voice_stream_options reporting(voice_stream_options o) {
    o.session.bandwidth = 1e8;
    o.session.reduced_minimum = true;
    o.sender.idle = idle_policy::silence;
    return o;
}

struct call_of_two {
    rtp_server server{immediate()};

    void check_reports(voice_stream& a, voice_stream& b) {
        BOOST_TEST(eventually([&] {
            return a.stats().round_trip_time.has_value() && b.stats().round_trip_time.has_value();
        }));
        BOOST_TEST((*a.stats().round_trip_time >= 0ns));
        BOOST_TEST((*a.stats().round_trip_time < patience));
        BOOST_TEST(a.stats().session.rtcp_malformed == 0u);
        BOOST_TEST(a.stats().other == 0u);
        BOOST_TEST(b.stats().other == 0u);
        BOOST_TEST(next_event(a).starts_with("first "));
        BOOST_TEST(next_event(b).starts_with("first "));
        BOOST_TEST(a.close("gone fishing"));
        BOOST_TEST(next_event(b) == "left gone fishing");
    }
};

/// Inverts what follows the first 12 bytes, and adds a tag.
class toy_protection final : public packet_protection {
public:
    explicit toy_protection(std::uint8_t tag) : tag_{tag} {}

    result<std::size_t> unprotect(std::span<std::uint8_t> packet) noexcept override {
        if (packet.size() < 13 || packet.back() != tag_) return errc::not_authentic;
        invert(packet.first(packet.size() - 1));
        return packet.size() - 1;
    }
    result<std::size_t> unprotect_rtcp(std::span<std::uint8_t> packet) noexcept override {
        return unprotect(packet);
    }
    result<std::size_t> protect(std::span<std::uint8_t> buffer,
                                std::size_t size) noexcept override {
        if (buffer.size() < size + 1) return errc::buffer_too_small;
        invert(buffer.first(size));
        buffer[size] = tag_;
        return size + 1;
    }
    result<std::size_t> protect_rtcp(std::span<std::uint8_t> buffer,
                                     std::size_t size) noexcept override {
        return protect(buffer, size);
    }

private:
    static void invert(std::span<std::uint8_t> bytes) noexcept {
        for (std::uint8_t& byte : bytes.subspan(12)) byte = static_cast<std::uint8_t>(~byte);
    }
    const std::uint8_t tag_;
};

BOOST_FIXTURE_TEST_SUITE(session, call_of_two)

BOOST_AUTO_TEST_CASE(a_protected_call_is_one_for_those_who_have_the_key) {
    voice_stream_options o = reporting(silent_stream());
    o.protection = std::make_shared<toy_protection>(7);
    voice_stream a{server, o};
    o.peer = a.local_endpoint();
    o.protection = std::make_shared<toy_protection>(7);
    voice_stream b{server, o};
    BOOST_TEST(!a.set_peer(b.local_endpoint()));

    o.protection = std::make_shared<toy_protection>(8); // the wrong key
    voice_stream stranger{server, o};
    plain_phone plain;
    plain.send_rtp(a.local_endpoint(), 1, 1);
    BOOST_TEST(eventually([&] { return a.stats().not_authentic > 5; }));
    BOOST_TEST(a.stats().session.rtp_probation + a.stats().session.rtp_accepted ==
               a.stats().not_played + a.stats().playout.received);
    BOOST_TEST(a.stats().session.collisions == 0u);
    check_reports(a, b);
}

BOOST_AUTO_TEST_CASE(both_sides_report_on_one_port) {
    voice_stream a{server, reporting(silent_stream())};
    voice_stream b{server, reporting(silent_stream_to(a.local_endpoint()))};
    BOOST_TEST(a.local_rtcp_endpoint() == a.local_endpoint());
    BOOST_TEST(!a.set_peer(b.local_endpoint()));
    check_reports(a, b);
}

BOOST_AUTO_TEST_CASE(both_sides_report_on_a_port_for_rtcp) {
    port_range ports{{.address = own_loopback(), .first = 20000, .last = 20099}};
    voice_stream_options o = reporting(silent_stream());
    o.rtcp_mux = false;
    voice_stream a{server, ports, o};
    BOOST_TEST(a.local_endpoint().port() % 2 == 0);
    BOOST_TEST(a.local_rtcp_endpoint().port() == a.local_endpoint().port() + 1);
    o.peer = a.local_endpoint();
    voice_stream b{server, ports, o};
    BOOST_TEST(!a.set_peer(b.local_endpoint(), b.local_rtcp_endpoint()));
    BOOST_TEST(ports.stats().in_use == 2u);
    check_reports(a, b);
    BOOST_TEST(eventually([&] { return ports.stats().in_use == 1; }));
    b.close();
    BOOST_TEST(a.stats().rtcp.sent + a.stats().rtcp.send_errors > 0u);
}

BOOST_AUTO_TEST_CASE(one_port_of_a_range_is_enough_for_both) {
    port_range ports{{.address = own_loopback(), .first = 20101, .last = 20102, .single = true}};
    voice_stream a{server, ports, silent_stream()};
    voice_stream b{server, ports, silent_stream()};
    BOOST_CHECK_THROW((voice_stream{server, ports, silent_stream()}), boost::system::system_error);
    voice_stream_options pair = silent_stream();
    pair.rtcp_mux = false;
    BOOST_CHECK_THROW((voice_stream{server, ports, pair}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(without_a_range_rtcp_has_the_port_behind) {
    voice_stream_options o = silent_stream();
    o.rtcp_mux = false;
    const auto make = [&] {
        for (int i = 0;; ++i) { // the port behind may be somebody's
            try {
                return std::make_unique<voice_stream>(server, o);
            } catch (const boost::system::system_error&) {
                if (i == 100) throw;
            }
        }
    };
    const auto stream = make();
    BOOST_TEST(stream->local_rtcp_endpoint().port() == stream->local_endpoint().port() + 1);
    plain_phone phone;
    phone.send_rtp(stream->local_rtcp_endpoint(), 1, 1); // on the port for the other
    BOOST_TEST(eventually([&] { return stream->stats().other == 1; }));
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_refused_changes_nothing) {
    port_range ports{{.address = own_loopback(), .first = 20200, .last = 20299}};
    voice_stream_options o = silent_stream();
    o.rtcp_mux = false;
    voice_stream stream{server, ports, o};
    // No port for RTCP is after it.
    BOOST_TEST(stream.set_peer({own_loopback(), 65535}) == error::invalid_argument);
    BOOST_TEST(!stream.peer().has_value());
    BOOST_TEST(!stream.set_peer({own_loopback(), 65535}, udp::endpoint{own_loopback(), 9}));
    BOOST_TEST(stream.set_peer({own_loopback(), 0}, udp::endpoint{own_loopback(), 9}) ==
               error::invalid_argument);
    BOOST_TEST(stream.peer()->port() == 65535);
}

BOOST_AUTO_TEST_CASE(a_collision_changes_the_ssrc) {
    plain_phone phone;
    voice_stream_options o = silent_stream_to(phone.endpoint());
    o.sender.idle = idle_policy::silence;
    o.session.ssrc = 77;
    voice_stream stream{server, o};
    while (view_of(phone.receive()).ssrc() != 77) {
    }
    phone.send_rtp(stream.local_endpoint(), 1, 77);
    BOOST_TEST(eventually([&] { return stream.stats().session.collisions == 1; }));
    for (;;) {
        const auto bytes = phone.receive();
        BOOST_REQUIRE(!bytes.empty());
        if ((bytes[1] & 0xe0) == 0xc0) continue; // the BYE of the old one
        if (view_of(bytes).ssrc() != 77) break;
    }
}

BOOST_AUTO_TEST_CASE(a_strangers_bye_silences_nobody) {
    plain_phone phone, stranger;
    voice_stream stream{server, silent_stream()};
    std::vector<std::int16_t> pcm(stream.tick_samples());
    auto tick = stream.async_read(std::span{pcm}, to_future);
    unsigned seq = 0;
    while (seq != 4) phone.send_rtp(stream.local_endpoint(), ++seq, 5);
    BOOST_TEST(next_event(stream) == "first 5");
    constexpr std::array<std::uint8_t, 16> bye{0x80, 201, 0, 1, 0, 0, 0, 5,
                                               0x81, 203, 0, 1, 0, 0, 0, 5};
    stranger.send(bye, stream.local_endpoint());
    BOOST_TEST(next_event(stream) == "left ");
    const auto until = steady_clock::now() + patience;
    while (stream.stats().session.sources_returned == 0 && steady_clock::now() < until) {
        phone.send_rtp(stream.local_endpoint(), ++seq, 5);
        std::this_thread::sleep_for(10ms);
    }
    BOOST_TEST(stream.stats().session.rtp_left > 0u);
    BOOST_TEST(stream.stats().session.sources_returned == 1u);
    BOOST_TEST(stream.stats().not_played == 0u);
    BOOST_TEST(!std::get<0>(tick.get()));
}

BOOST_AUTO_TEST_CASE(a_stream_that_sent_nothing_says_no_bye) {
    plain_phone phone;
    { voice_stream stream{server, silent_stream_to(phone.endpoint())}; }
    BOOST_TEST(phone.receive(100ms).empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace rtpsynth::asio_server
