// A program that uses libsrtp2 itself beside us.
#include <boost/test/unit_test.hpp>

#include <rtpsynth/rtp/srtp.hpp>

#include "srtp_packets.hpp"

#include <srtp2/srtp.h>

#include <cstdlib>
#include <memory>
#include <thread>
#include <type_traits>

#ifndef _WIN32
#    include <sys/wait.h>
#    include <unistd.h>
#endif

using namespace srtp_test;

namespace {

// Before any object of ours, as the header asks.
struct library {
    library() { BOOST_REQUIRE(srtp_init() == srtp_err_status_ok); }
};
BOOST_TEST_GLOBAL_FIXTURE(library);

struct deallocate {
    void operator()(srtp_t session) const noexcept { srtp_dealloc(session); }
};
using session = std::unique_ptr<std::remove_pointer_t<srtp_t>, deallocate>;

session make_session(const srtp_key& key, srtp_ssrc_type_t type) {
    srtp_policy_t policy{};
    switch (key.suite()) {
    case srtp_suite::aes_cm_128_hmac_sha1_80:
        srtp_crypto_policy_set_rtp_default(&policy.rtp);
        break;
    case srtp_suite::aes_cm_128_hmac_sha1_32:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
        break;
    case srtp_suite::aead_aes_128_gcm:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        break;
    case srtp_suite::aead_aes_256_gcm:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
        break;
    }
    policy.rtcp = policy.rtp;
    policy.ssrc.type = type;
    policy.key = const_cast<unsigned char*>(key.bytes().data());
    srtp_t made = nullptr;
    BOOST_REQUIRE(srtp_create(&made, &policy) == srtp_err_status_ok);
    return session(made);
}

} // namespace

BOOST_AUTO_TEST_CASE(its_sessions_and_ours_understand_each_other) {
    for (const srtp_suite suite : all_suites) {
        const srtp_key key = make_key(suite);
        srtp_sender sender(key);
        srtp_receiver receiver(key);
        const session out = make_session(key, ssrc_any_outbound);
        const session in = make_session(key, ssrc_any_inbound);
        for (unsigned i = 65000; i < 66000; ++i) {
            const bytes plain = rtp(static_cast<std::uint16_t>(i));
            bytes wire = protect(sender, plain);
            int size = static_cast<int>(wire.size());
            BOOST_REQUIRE(srtp_unprotect(in.get(), wire.data(), &size) == srtp_err_status_ok);
            BOOST_REQUIRE(std::equal(plain.begin(), plain.end(), wire.begin()));

            wire = plain;
            wire.resize(plain.size() + SRTP_MAX_TRAILER_LEN);
            size = static_cast<int>(plain.size());
            BOOST_REQUIRE(srtp_protect(out.get(), wire.data(), &size) == srtp_err_status_ok);
            wire.resize(static_cast<std::size_t>(size));
            BOOST_REQUIRE(unprotect(receiver, wire, plain) == errc{});
        }
    }
}

BOOST_AUTO_TEST_CASE(threads_have_objects_of_their_own) {
    std::array<bool, 4> passed{};
    std::array<std::thread, 4> threads;
    for (std::size_t t = 0; t < threads.size(); ++t)
        threads[t] = std::thread([&passed, t] {
            srtp_sender sender(make_key(all_suites[t]));
            srtp_receiver receiver(make_key(all_suites[t]));
            bool all = true;
            for (std::uint16_t i = 0; i < 500; ++i)
                all &= unprotect(receiver, protect(sender, rtp(i)), rtp(i)) == errc{};
            passed[t] = all;
        });
    for (std::thread& thread : threads) thread.join();
    for (const bool all : passed) BOOST_TEST(all);
}

#ifndef _WIN32
BOOST_AUTO_TEST_CASE(a_child_goes_on) {
    for (const srtp_suite suite : all_suites) {
        srtp_sender sender(make_key(suite));
        srtp_receiver receiver(make_key(suite));
        BOOST_TEST(unprotect(receiver, protect(sender, rtp(1)), rtp(1)) == errc{});
        const ::pid_t child = ::fork();
        BOOST_REQUIRE(child >= 0);
        if (child == 0) {
            srtp_sender another(make_key(suite, 2));
            srtp_receiver its_peer(make_key(suite, 2));
            const bool all = unprotect(receiver, protect(sender, rtp(2)), rtp(2)) == errc{} &&
                             unprotect(its_peer, protect(another, rtp(1)), rtp(1)) == errc{};
            ::_exit(all ? 0 : 1);
        }
        int status = -1;
        BOOST_TEST(::waitpid(child, &status, 0) == child);
        BOOST_TEST(status == 0);
    }
}
#endif
