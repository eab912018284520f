// A user's program: a packet protected and unprotected.
#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtp/srtp.hpp>

#include <array>
#include <cstdint>
#include <iostream>
#include <span>

int main() {
    using namespace rtpsynth;
    const srtp_key key = srtp_key::generate(srtp_suite::aes_cm_128_hmac_sha1_80, system_random32);
    srtp_sender sender(key);
    srtp_receiver receiver(srtp_key::parse(key.suite(), key.text()).value());
    alignas(4) std::array<std::uint8_t, 200> buffer{0x80, 0, 0, 1};
    const auto size = sender.protect(buffer, 172);
    if (!size) return 1;
    const auto plain = receiver.unprotect(std::span(buffer).first(*size));
    if (!plain || *plain != 172) return 1;
    std::cout << "srtp: " << *plain << " bytes, " << *size << " protected\n";
}
