// voice_stream: SRTP, and new keys in the middle of a call.
#include "voice_tools.hpp"

#include <rtpsynth/asio_server/call/srtp_protection.hpp>

#include <boost/test/unit_test.hpp>

#include <random>

namespace rtpsynth::asio_server {

srtp_key key_of(unsigned seed) {
    std::mt19937 random{seed};
    return srtp_key::generate(srtp_suite::aes_cm_128_hmac_sha1_80,
                              [&] { return static_cast<std::uint32_t>(random()); });
}

std::shared_ptr<packet_protection> with_keys(unsigned sent, unsigned received) {
    return std::make_shared<srtp_protection>(key_of(sent), key_of(received));
}

/// Both play and hear without end, and report every few milliseconds.
struct secure_call {
    rtp_server server{immediate()};
    std::atomic<std::uint64_t> ticks{0};
    std::optional<voice_stream> a, b;

    secure_call(std::shared_ptr<packet_protection> of_a, std::shared_ptr<packet_protection> of_b) {
        voice_stream_options o = silent_stream();
        o.sender.idle = idle_policy::silence;
        o.session.bandwidth = 1e8;
        o.session.reduced_minimum = true;
        o.on_audio = [this](voice_stream&, const audio_tick&, std::span<const std::int16_t>) {
            ++ticks;
        };
        o.protection = std::move(of_a);
        a.emplace(server, o);
        o.protection = std::move(of_b);
        o.peer = a->local_endpoint();
        b.emplace(server, o);
        BOOST_TEST(!a->set_peer(b->local_endpoint()));
    }
    /// Packets and reports come in both directions from now on.
    bool goes_on() {
        for (voice_stream* const stream : {&*a, &*b}) {
            const rtp_session_stats s = stream->stats().session;
            if (!eventually([&] {
                    const rtp_session_stats now = stream->stats().session;
                    return now.rtp_accepted > s.rtp_accepted + 3 &&
                           now.rtcp_accepted > s.rtcp_accepted;
                }))
                return false;
        }
        return true;
    }
    static void check_counted(const voice_stream& stream) {
        const voice_stream_stats s = stream.stats();
        BOOST_TEST(s.malformed + s.other == 0u);
        BOOST_TEST(s.session.rtcp_malformed == 0u);
        BOOST_TEST(s.session.sources_left == 0u);
    }
};

BOOST_AUTO_TEST_CASE(keys_can_be_replaced_in_the_middle_of_a_call) {
    secure_call call{with_keys(1, 2), with_keys(2, 1)};
    BOOST_TEST(call.goes_on());
    const std::uint32_t ssrc = [&] {
        for (;;) {
            const auto [ec, event] = get(call.b->async_read_event(to_future));
            BOOST_REQUIRE(!ec);
            if (const auto* first = std::get_if<source_changed>(&event)) return first->ssrc;
        }
    }();
    for (unsigned key = 3; key != 9; key += 2) {
        call.a->set_protection(with_keys(key, key + 1));
        call.b->set_protection(with_keys(key + 1, key));
        BOOST_TEST(call.goes_on());
    }
    call.check_counted(*call.a);
    call.check_counted(*call.b);
    auto event = call.b->async_read_event(to_future); // the source is the same
    call.a->close("over");
    const auto got = get(std::move(event));
    BOOST_TEST(text_of(std::get<1>(got)) == "left over");
    BOOST_TEST(ssrc != 0u);
}

BOOST_AUTO_TEST_CASE(a_side_with_the_old_key_is_not_heard_until_it_has_the_new_one) {
    secure_call call{with_keys(1, 2), with_keys(2, 1)};
    BOOST_TEST(call.goes_on());
    call.a->set_protection(with_keys(3, 4));
    const auto refused = [&] {
        return call.a->stats().not_authentic > 3 && call.b->stats().not_authentic > 3;
    };
    BOOST_TEST(eventually(refused));
    call.b->set_protection(with_keys(4, 3));
    BOOST_TEST(call.goes_on());
}

BOOST_AUTO_TEST_CASE(a_call_can_become_encrypted_and_plain_again) {
    secure_call call{nullptr, nullptr};
    for (const bool is_secure : {false, true, false, true}) {
        call.a->set_protection(is_secure ? with_keys(1, 2) : nullptr);
        call.b->set_protection(is_secure ? with_keys(2, 1) : nullptr);
        BOOST_TEST(call.goes_on());
    }
    const voice_stream_stats before = call.a->stats();
    call.a->set_codec({"L16/16000", 97}); // a packet that needs more room
    BOOST_TEST(
        eventually([&] { return call.a->stats().rtp.sent_bytes > before.rtp.sent_bytes + 20000; }));
    BOOST_TEST(call.a->stats().unsent == before.unsent);
}

BOOST_AUTO_TEST_CASE(a_larger_codec_that_was_set_before_has_room_for_protection) {
    secure_call call{nullptr, nullptr};
    BOOST_TEST(call.goes_on());
    call.a->set_codec({"L16/16000", 97});
    const std::uint64_t sent = call.a->stats().rtp.sent_bytes;
    BOOST_TEST(eventually([&] { return call.a->stats().rtp.sent_bytes > sent + 3000; }));
    const std::uint64_t unsent = call.a->stats().unsent;
    call.a->set_protection(with_keys(1, 2));
    call.b->set_protection(with_keys(2, 1));
    BOOST_TEST(call.goes_on());
    BOOST_TEST(call.a->stats().unsent == unsent);
}

// Who has no key copies what the phone sends, from elsewhere and from its own address, at once and
// later, and changes a bit.
BOOST_AUTO_TEST_CASE(replays_are_neither_heard_nor_followed) {
    rtp_server server{immediate()};
    plain_phone phone, mallory;
    voice_stream_options o = silent_stream();
    o.latch.latch = latch_policy::follow;
    o.protection = with_keys(1, 2);
    o.on_audio = [](voice_stream&, const audio_tick&, std::span<const std::int16_t>) {};
    voice_stream stream{server, o};
    const udp::endpoint to = stream.local_endpoint();
    srtp_sender sender{key_of(2)};
    std::vector<std::vector<std::uint8_t>> all;
    constexpr unsigned packets = 100;
    for (unsigned seq = 0; seq != packets; ++seq) {
        std::vector<std::uint8_t> packet(rtp_header_size + 160 + 64, 0xa0);
        packet[0] = 0x80;
        packet[1] = 0;
        rtpsynth::detail::store_be16(&packet[2], static_cast<std::uint16_t>(seq));
        rtpsynth::detail::store_be32(&packet[4], 160 * seq);
        rtpsynth::detail::store_be32(&packet[8], 5);
        packet.resize(sender.protect(packet, rtp_header_size + 160).value());
        all.push_back(packet);
        phone.send(packet, to);
        // Otherwise a copy may overtake it.
        BOOST_REQUIRE(eventually([&] { return stream.stats().rtp.received == 4 * seq + 1; }));
        mallory.send(packet, to);
        phone.send(all[seq / 2], to);
        packet[20] ^= 1;
        mallory.send(packet, to);
        BOOST_REQUIRE(eventually([&] { return stream.stats().rtp.received == 4 * seq + 4; }));
    }
    const voice_stream_stats s = stream.stats();
    BOOST_TEST(s.not_authentic == 3 * packets);
    BOOST_TEST(s.session.rtp_accepted + s.session.rtp_probation == packets);
    BOOST_TEST(s.playout.received == packets);
    BOOST_TEST(s.playout.duplicate == 0u);
    BOOST_TEST(s.latch.latched == 1u);
    BOOST_TEST(s.latch.rejected == 0u);
    BOOST_TEST((stream.peer() == phone.endpoint()));
}

/// Uses its stream when it is destroyed.
class talkative final : public packet_protection {
public:
    explicit talkative(voice_stream& stream) : stream_{stream} {}
    ~talkative() override { stream_.set_protection(nullptr); }

    result<std::size_t> unprotect(std::span<std::uint8_t> packet) noexcept override {
        return packet.size();
    }
    result<std::size_t> unprotect_rtcp(std::span<std::uint8_t> packet) noexcept override {
        return packet.size();
    }
    result<std::size_t> protect(std::span<std::uint8_t>, std::size_t size) noexcept override {
        return size;
    }
    result<std::size_t> protect_rtcp(std::span<std::uint8_t>, std::size_t size) noexcept override {
        return size;
    }

private:
    voice_stream& stream_;
};

BOOST_AUTO_TEST_CASE(the_old_protection_is_destroyed_without_the_lock) {
    rtp_server server{immediate()};
    voice_stream stream{server, silent_stream()};
    stream.set_protection(std::make_shared<talkative>(stream));
    stream.set_protection(with_keys(1, 2)); // which that one takes away again
    stream.set_protection(nullptr);
    stream.close();
    stream.set_protection(with_keys(1, 2));
}

BOOST_AUTO_TEST_CASE(keys_are_replaced_while_others_use_the_stream) {
    secure_call call{with_keys(1, 2), with_keys(2, 1)};
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i != 2; ++i)
        threads.emplace_back([&, i] {
            for (unsigned n = 0; !stop; ++n) {
                voice_stream& stream = i == 0 ? *call.a : *call.b;
                stream.set_protection(n % 7 == 0 ? nullptr : with_keys(n + i, n + 1 - i));
                static_cast<void>(stream.stats());
                static_cast<void>(stream.clear());
            }
        });
    std::this_thread::sleep_for(100ms);
    stop = true;
    for (std::thread& thread : threads) thread.join();
    call.a->set_protection(with_keys(1, 2));
    call.b->set_protection(with_keys(2, 1));
    BOOST_TEST(call.goes_on());
}

} // namespace rtpsynth::asio_server
