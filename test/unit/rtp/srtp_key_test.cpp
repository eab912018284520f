#include <boost/test/unit_test.hpp>

#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtp/srtp_key.hpp>

#include "srtp_packets.hpp"

#include <cstring>
#include <new>

using namespace srtp_test;

namespace {

constexpr srtp_suite cm = srtp_suite::aes_cm_128_hmac_sha1_80;
// RFC 4568 §6.1
constexpr std::string_view rfc_key = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

} // namespace

BOOST_AUTO_TEST_CASE(suites_have_their_registered_names_and_sizes) {
    for (const srtp_suite suite : all_suites) {
        BOOST_CHECK(find_srtp_suite(profile_of(suite).name) == suite);
        BOOST_TEST(profile_of(suite).key_and_salt_size() <= srtp_key::max_size);
    }
    BOOST_CHECK(find_srtp_suite("aead_aes_256_gcm") == srtp_suite::aead_aes_256_gcm);
    BOOST_CHECK(!find_srtp_suite("F8_128_HMAC_SHA1_80"));
    BOOST_CHECK(!find_srtp_suite(""));
    BOOST_TEST(profile_of(srtp_suite::aes_cm_128_hmac_sha1_32).rtp_tag_size == 4);
    BOOST_TEST(profile_of(srtp_suite::aes_cm_128_hmac_sha1_32).rtcp_tag_size == 10);
    BOOST_TEST(profile_of(srtp_suite::aead_aes_256_gcm).key_and_salt_size() == 44);
}

BOOST_AUTO_TEST_CASE(the_key_of_the_rfc_is_parsed) {
    const auto key = srtp_key::parse(cm, std::string(rfc_key) + "|2^20|1:4").value();
    const std::string_view text = "wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#";
    BOOST_TEST(std::string(key.bytes().begin(), key.bytes().end()) == text);
    BOOST_TEST(key.lifetime().value() == 1U << 20);
    BOOST_CHECK(key.mki() == (srtp_mki{1, 4}));
    BOOST_TEST(key.text() == std::string(rfc_key) + "|2^20|1:4");
}

BOOST_AUTO_TEST_CASE(lifetime_and_mki_may_be_missing) {
    for (const std::string tail : {"", "|2^48", "|1048575", "|4294967295:4", "|2^0|0:128"}) {
        const auto key = srtp_key::parse(cm, std::string(rfc_key) + tail);
        BOOST_TEST_REQUIRE(key.has_value(), tail);
        BOOST_TEST(key->text() == std::string(rfc_key) + tail);
    }
    BOOST_CHECK(srtp_key::parse(cm, std::string(rfc_key) + "|1048576")->text().ends_with("|2^20"));
}

BOOST_AUTO_TEST_CASE(padding_may_be_missing) {
    const srtp_key key = make_key(srtp_suite::aead_aes_128_gcm);
    std::string text = key.text();
    BOOST_TEST_REQUIRE(text.ends_with("=="));
    BOOST_CHECK(srtp_key::parse(key.suite(), text).value() == key);
    text.resize(text.size() - 2);
    BOOST_CHECK(srtp_key::parse(key.suite(), text).value() == key);
    BOOST_CHECK(!srtp_key::parse(key.suite(), text + '='));
    BOOST_CHECK(!srtp_key::parse(key.suite(), text + "=A"));
    text.back() ^= 1; // a bit that is no part of the key
    BOOST_CHECK(!srtp_key::parse(key.suite(), text));
}

BOOST_AUTO_TEST_CASE(what_is_no_key_is_an_error) {
    const std::string good(rfc_key);
    for (const std::string& text : {std::string(),
                                    std::string("inline:"),
                                    good.substr(7),
                                    "Inlin:" + good.substr(7),
                                    good + "A",
                                    good.substr(0, good.size() - 1),
                                    good + "=",
                                    good + "|",
                                    good + "|2^49",
                                    good + "|0",
                                    good + "|2^",
                                    good + "|x",
                                    good + "|281474976710657",
                                    good + "|2^20|",
                                    good + "|1:0",
                                    good + "|1:129",
                                    good + "|256:1",
                                    good + "|1:4|2^20",
                                    good + "|1:4|",
                                    good + "||1:4",
                                    good + "|2^20|1:4|",
                                    good + "|-1",
                                    good + "|2^20|2^20",
                                    std::string("inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSo*"),
                                    "inline: " + good.substr(8)})
        BOOST_TEST_CONTEXT(text) {
            BOOST_REQUIRE(!srtp_key::parse(cm, text));
            BOOST_TEST(srtp_key::parse(cm, text).error() == errc::bad_sdp);
        }
}

BOOST_AUTO_TEST_CASE(any_key_is_its_text) {
    std::mt19937 random(7);
    for (int i = 0; i < 2000; ++i) {
        srtp_key key = srtp_key::generate(all_suites[random() % all_suites.size()], random);
        if (random() % 2)
            BOOST_TEST((key.set_lifetime(1 + (std::uint64_t{random()} << 16) / 2) == errc{}));
        if (random() % 2) {
            const auto size = static_cast<std::uint8_t>(1 + random() % 128);
            const std::uint64_t value = std::uint64_t{random()} << 32 | random();
            const std::uint64_t mask = size < 8 ? (std::uint64_t{1} << 8 * size) - 1 : ~0ULL;
            BOOST_TEST((key.set_mki(srtp_mki{value & mask, size}) == errc{}));
        }
        BOOST_REQUIRE(srtp_key::parse(key.suite(), key.text()).value() == key);
        const srtp_crypto crypto{static_cast<std::uint32_t>(random() % 1000000000), key};
        BOOST_REQUIRE(parse_srtp_crypto(crypto.text()).value() == crypto);
    }
}

BOOST_AUTO_TEST_CASE(text_with_a_change_is_a_key_or_an_error) {
    std::mt19937 random(8);
    const std::string good =
        std::string("1 AES_CM_128_HMAC_SHA1_80 ") + std::string(rfc_key) + "|2^20|1:4 WSH=64";
    unsigned parsed = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string text = good;
        for (std::uint_fast32_t changes = 1 + random() % 3; changes != 0; --changes) {
            const std::size_t at = random() % text.size();
            if (random() % 3 == 0)
                text.erase(at, 1 + random() % 4);
            else
                text[at] = static_cast<char>(random() % 3 ? good[random() % good.size()]
                                                          : static_cast<char>(random()));
        }
        const auto crypto = parse_srtp_crypto(text);
        if (!crypto) continue;
        ++parsed;
        BOOST_REQUIRE(parse_srtp_crypto(crypto->text()).value() == *crypto);
    }
    BOOST_TEST(parsed > 1000U);
    BOOST_TEST(parsed < 19000U);
}

BOOST_AUTO_TEST_CASE(sizes_and_ranges_are_checked) {
    for (const srtp_suite suite : all_suites)
        for (std::size_t size = 0; size < 50; ++size)
            BOOST_TEST(srtp_key::from_bytes(suite, bytes(size)).has_value() ==
                       (size == profile_of(suite).key_and_salt_size()));
    srtp_key key = make_key(cm);
    BOOST_TEST(key.set_lifetime(0) == errc::invalid_argument);
    BOOST_TEST(key.set_lifetime((1ULL << 48) + 1) == errc::invalid_argument);
    BOOST_TEST(key.set_mki(srtp_mki{256, 1}) == errc::invalid_argument);
    BOOST_TEST(key.set_mki(srtp_mki{0, 0}) == errc::invalid_argument);
    BOOST_CHECK(!key.lifetime() && !key.mki());
    BOOST_CHECK(!(make_key(cm, 1) == make_key(cm, 2)));
    BOOST_CHECK(make_key(cm, 1) == make_key(cm, 1));
    BOOST_CHECK(
        !(srtp_key::generate(cm, system_random32) == srtp_key::generate(cm, system_random32)));
}

BOOST_AUTO_TEST_CASE(a_key_is_wiped_from_memory) {
    alignas(srtp_key) std::array<unsigned char, sizeof(srtp_key)> storage{};
    const srtp_key key = make_key(srtp_suite::aead_aes_256_gcm);
    auto* const copy = ::new (storage.data()) srtp_key(key);
    const auto holds_it = [&] {
        const auto begin = key.bytes().begin();
        return std::search(storage.begin(), storage.end(), begin, begin + 8) != storage.end();
    };
    BOOST_TEST(holds_it());
    copy->~srtp_key();
    BOOST_TEST(!holds_it());
}

BOOST_AUTO_TEST_CASE(a_crypto_attribute_is_parsed) {
    const std::string key(rfc_key);
    const auto crypto = parse_srtp_crypto("1 AES_CM_128_HMAC_SHA1_80 " + key + " WSH=128 -x=1");
    BOOST_TEST(crypto.value().tag == 1);
    BOOST_CHECK(crypto->key == srtp_key::parse(cm, key).value());
    BOOST_TEST(crypto->text() == "1 AES_CM_128_HMAC_SHA1_80 " + key);
    BOOST_TEST(parse_srtp_crypto("999999999 aes_cm_128_hmac_sha1_32 " + key).value().tag ==
               999999999);
}

BOOST_AUTO_TEST_CASE(a_crypto_attribute_that_changes_the_packets_is_refused) {
    const std::string key(rfc_key), good = "1 AES_CM_128_HMAC_SHA1_80 " + key;
    for (const char* parameter :
         {"KDR=1", "UNENCRYPTED_SRTP", "UNENCRYPTED_SRTCP", "UNAUTHENTICATED_SRTP",
          "FEC_ORDER=FEC_SRTP", "FEC_KEY=inline:x", "new", "WSH=63", "WSH", "-"})
        BOOST_TEST(parse_srtp_crypto(good + " WSH=64 " + parameter).error() ==
                   errc::unsupported_srtp_parameter);
    BOOST_TEST(parse_srtp_crypto(good + "|1:4;" + key + "|2:4").error() ==
               errc::unsupported_srtp_parameter);
    BOOST_TEST(parse_srtp_crypto("1 F8_128_HMAC_SHA1_80 " + key).error() ==
               errc::unsupported_srtp_suite);
    for (const std::string& text :
         {std::string(), std::string("1"), std::string("1 AES_CM_128_HMAC_SHA1_80"),
          "1000000000" + good.substr(1), "x" + good.substr(1), "-1" + good.substr(1),
          good.substr(0, good.size() - 1), good.substr(2)})
        BOOST_TEST_CONTEXT(text) { BOOST_TEST(parse_srtp_crypto(text).error() == errc::bad_sdp); }
}
