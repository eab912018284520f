// srtp_filter protect|unprotect ATTRIBUTE: reads datagrams from standard input, each after two
// bytes of its size, RTP or RTCP, and writes what becomes of each to standard output in the same
// way: a size of 0 for what is refused. ATTRIBUTE is the value of an a=crypto.
#include <rtpsynth/rtp/datagram_kind.hpp>
#include <rtpsynth/rtp/srtp.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <string_view>

using namespace rtpsynth;

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const bool is_sender = std::string_view(argv[1]) == "protect";
    const auto crypto = parse_srtp_crypto(argv[2]);
    if (!crypto) return 2;
    srtp_sender sender(crypto->key);
    srtp_receiver receiver(crypto->key);
    alignas(4) std::array<std::uint8_t, 2048> buffer;
    std::array<std::uint8_t, 2> prefix;
    while (std::fread(prefix.data(), 1, 2, stdin) == 2) {
        const std::size_t size = std::size_t{prefix[0]} << 8 | prefix[1];
        const auto packet = std::span(buffer).first(size);
        if (std::fread(packet.data(), 1, size, stdin) != size) return 1;
        const bool is_rtcp = classify(packet) == datagram_kind::rtcp;
        const auto made =
            is_sender ? is_rtcp ? sender.protect_rtcp(buffer, size) : sender.protect(buffer, size)
            : is_rtcp ? receiver.unprotect_rtcp(packet)
                      : receiver.unprotect(packet);
        const std::size_t written = made ? *made : 0;
        prefix = {static_cast<std::uint8_t>(written >> 8), static_cast<std::uint8_t>(written)};
        std::fwrite(prefix.data(), 1, 2, stdout);
        std::fwrite(buffer.data(), 1, written, stdout);
        std::fflush(stdout);
    }
    return 0;
}
