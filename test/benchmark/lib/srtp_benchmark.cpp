// What srtp_sender and srtp_receiver add to libsrtp2, for packets of 20 ms of G.711: both protect
// or unprotect the same packets by turns, 500 at a time, and the quickest turn of each counts.
// Times are the thread's processor time.
#include <rtpsynth/rtp/srtp.hpp>

#include <srtp2/srtp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <random>
#include <vector>

using namespace rtpsynth;

namespace {

constexpr std::size_t packet_size = 172;
constexpr unsigned turn = 500;
constexpr unsigned turns = 400;

void check(bool ok) {
    if (!ok) std::abort();
}

double now() { // ns
    std::timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

srtp_t make_session(const srtp_key& key, srtp_ssrc_type_t type) {
    constexpr std::array profiles{srtp_profile_aes128_cm_sha1_80, srtp_profile_aes128_cm_sha1_32,
                                  srtp_profile_aead_aes_128_gcm, srtp_profile_aead_aes_256_gcm};
    const srtp_profile_t profile = profiles[static_cast<std::size_t>(key.suite())];
    srtp_policy_t policy{};
    check(srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile) == srtp_err_status_ok);
    check(srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile) ==
          srtp_err_status_ok);
    policy.ssrc.type = type;
    policy.key = const_cast<unsigned char*>(key.bytes().data());
    policy.window_size = 128;
    srtp_t session = nullptr;
    check(srtp_create(&session, &policy) == srtp_err_status_ok);
    return session;
}

struct alignas(8) packet {
    std::array<std::uint8_t, 200> bytes{};
    std::size_t size = packet_size;
};

// As if they came from different buffers of a pool.
std::vector<packet> make_packets(unsigned first) {
    std::vector<packet> packets(turn);
    for (unsigned i = 0; i < turn; ++i) {
        auto& bytes = packets[i].bytes;
        std::fill_n(bytes.begin() + 12, packet_size - 12, std::uint8_t{0xd5});
        bytes[0] = 0x80;
        bytes[2] = static_cast<std::uint8_t>((first + i) >> 8);
        bytes[3] = static_cast<std::uint8_t>(first + i);
        bytes[11] = 7;
    }
    return packets;
}

template <class Call>
double time_of(std::vector<packet>& packets, Call&& call) { // ns a packet
    const double begin = now();
    for (packet& p : packets) call(p);
    return (now() - begin) / turn;
}

void measure(srtp_suite suite) {
    const srtp_key key = srtp_key::generate(suite, std::mt19937(1));
    srtp_sender sender(key);
    srtp_receiver receiver(key);
    const srtp_t out = make_session(key, ssrc_any_outbound);
    const srtp_t in = make_session(key, ssrc_any_inbound);
    std::array<double, 4> least;
    least.fill(std::numeric_limits<double>::max());
    for (unsigned i = 0; i < turns; ++i) {
        auto ours = make_packets(i * turn), theirs = ours;
        const auto protect_ours = [&] {
            least[0] = std::min(least[0], time_of(ours, [&](packet& p) {
                                    p.size = sender.protect(p.bytes, p.size).value();
                                }));
            least[2] = std::min(least[2], time_of(ours, [&](packet& p) {
                                    p.size = receiver.unprotect({p.bytes.data(), p.size}).value();
                                }));
        };
        const auto protect_theirs = [&] {
            least[1] = std::min(least[1], time_of(theirs, [&](packet& p) {
                                    int size = static_cast<int>(p.size);
                                    check(srtp_protect(out, p.bytes.data(), &size) == 0);
                                    p.size = static_cast<std::size_t>(size);
                                }));
            least[3] = std::min(least[3], time_of(theirs, [&](packet& p) {
                                    int size = static_cast<int>(p.size);
                                    check(srtp_unprotect(in, p.bytes.data(), &size) == 0);
                                    p.size = static_cast<std::size_t>(size);
                                }));
        };
        if (i % 2) {
            protect_ours();
            protect_theirs();
        } else {
            protect_theirs();
            protect_ours();
        }
    }
    std::printf("%-24s protect %6.0f ns, libsrtp2 %6.0f, ratio %.3f;  "
                "unprotect %6.0f ns, libsrtp2 %6.0f, ratio %.3f\n",
                profile_of(suite).name.data(), least[0], least[1], least[0] / least[1], least[2],
                least[3], least[2] / least[3]);
    srtp_dealloc(out);
    srtp_dealloc(in);
}

} // namespace

int main() {
    srtp_init();
    for (const auto suite :
         {srtp_suite::aes_cm_128_hmac_sha1_80, srtp_suite::aes_cm_128_hmac_sha1_32,
          srtp_suite::aead_aes_128_gcm, srtp_suite::aead_aes_256_gcm})
        measure(suite);
}
