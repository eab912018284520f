// Two attributes of an offer, the answer to one of them, and packets under its keys.
#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtp/sdp.hpp>
#include <rtpsynth/rtp/srtp.hpp>

#include <array>
#include <cstdint>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace rtpsynth;

constexpr std::string_view offer =
    "v=0\r\n"
    "m=audio 40000 RTP/SAVP 0\r\n"
    "a=crypto:2 AEAD_AES_256_GCM inline:bm90IGFzIG1hbnkgYnl0ZXMgYXMgaXQgbmVlZHM=\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20\r\n";

int main() {
    const sdp_description description = parse_sdp(offer).value();
    std::optional<srtp_crypto> accepted;
    for (const std::string& value : description.media.at(0).cryptos) {
        const auto crypto = parse_srtp_crypto(value);
        if (!crypto) {
            std::cout << "refused: " << make_error_code(crypto.error()).message() << '\n';
            continue;
        }
        std::cout << crypto->tag << ' ' << profile_of(crypto->key.suite()).name << ": accepted\n";
        accepted = crypto.value();
        break;
    }
    if (!accepted) return 1;

    // The other side's key unprotects what it sends; the answer has ours, of the same tag and
    // suite.
    srtp_receiver receiver(accepted->key);
    const srtp_crypto answer{accepted->tag,
                             srtp_key::generate(accepted->key.suite(), system_random32)};
    srtp_sender sender(answer.key); // for what we send
    // Send "a=crypto:" + answer.text() in the answer.

    // What the other side does.
    srtp_sender other_side(accepted->key);
    std::array<std::uint8_t, 200> buffer{0x80, 0, 0, 1};
    const std::size_t size = other_side.protect(buffer, 172).value();
    std::vector<std::uint8_t> replay(buffer.begin(), buffer.begin() + size);
    std::vector<std::uint8_t> forgery = replay;
    forgery[3] = 2; // another sequence number

    const auto received = receiver.unprotect(std::span(buffer).first(size));
    std::cout << "172 bytes, " << size << " on the network, " << received.value() << " received\n";
    std::cout << "a replay: " << make_error_code(receiver.unprotect(replay).error()).message()
              << '\n';
    std::cout << "a forgery: " << make_error_code(receiver.unprotect(forgery).error()).message()
              << '\n';
    return receiver.stats().packets == 1 ? 0 : 1;
}
