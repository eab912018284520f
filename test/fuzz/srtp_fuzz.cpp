// SRTP: what a network and an attacker make of the packets of a sender, and texts of keys.
#include "reader.hpp"

#include <rtpsynth/rtp/srtp.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace rtpsynth;
using fuzz::check;
using bytes = std::vector<std::uint8_t>;

srtp_key make_key(unsigned suite, unsigned number, unsigned mki_size) {
    srtp_key key = srtp_key::generate(static_cast<srtp_suite>(suite % 4), std::mt19937(number));
    if (mki_size != 0)
        check(key.set_mki(srtp_mki{number, static_cast<std::uint8_t>(mki_size)}) == errc{});
    return key;
}

void check_text(const std::string& text) {
    const auto crypto = parse_srtp_crypto(text);
    if (!crypto) return;
    const auto again = parse_srtp_crypto(crypto->text());
    check(again && *again == *crypto);
}

bytes random_bytes(fuzz::reader& in, std::size_t size) {
    bytes made(size);
    for (std::uint8_t& byte : made) byte = static_cast<std::uint8_t>(in.byte());
    return made;
}

// Header and payload from the input, valid more often than not.
bytes make_packet(fuzz::reader& in, bool is_rtcp) {
    bytes packet = random_bytes(in, 12 + in.byte() % 64);
    packet[0] = static_cast<std::uint8_t>(0x80 | (packet[0] % 4 == 0 ? packet[0] & 0x1f : 0));
    packet[is_rtcp ? 4 : 8] = packet[is_rtcp ? 5 : 9] = packet[is_rtcp ? 6 : 10] = 0;
    packet[is_rtcp ? 7 : 11] &= 7; // SSRCs: more than there is room for
    return packet;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0 && data[0] == 'a') {
        check_text({reinterpret_cast<const char*>(data) + 1, size - 1});
        return 0;
    }
    fuzz::reader in(data, size);
    const unsigned suite = in.byte(), mki_size = in.byte() % 6;
    unsigned number = 0;
    const srtp_options options{64 + in.byte() % 100, 5};
    srtp_sender sender(make_key(suite, number, mki_size), options);
    srtp_receiver receiver(make_key(suite, number, mki_size), options);
    std::uint64_t calls = 0;
    while (!in.empty()) {
        const unsigned what = in.byte();
        const bool is_rtcp = (what & 8) != 0;
        const auto unprotect = [&](bytes& packet) {
            ++calls;
            const auto made =
                is_rtcp ? receiver.unprotect_rtcp(packet) : receiver.unprotect(packet);
            check(!made || *made <= packet.size());
            return made;
        };
        if (what % 8 == 0) { // nobody's packet
            bytes packet = what & 16 ? make_packet(in, is_rtcp) : random_bytes(in, in.byte());
            const std::size_t sources = receiver.sources();
            check(!unprotect(packet) && receiver.sources() == sources);
        } else if (what % 8 == 1) {
            ++number;
            check(receiver.rekey(make_key(suite + what / 16, number, mki_size)) == errc{});
            check(sender.rekey(make_key(suite + what / 16, number, mki_size)) == errc{});
            if (what & 16) receiver.drop_previous_key();
        } else if (what % 8 == 2) {
            receiver.remove_source(what >> 4);
        } else {
            const bytes plain = make_packet(in, is_rtcp);
            bytes wire = plain;
            wire.resize(plain.size() + (is_rtcp ? sender.rtcp_overhead() : sender.rtp_overhead()));
            const auto made = is_rtcp ? sender.protect_rtcp(wire, plain.size())
                                      : sender.protect(wire, plain.size());
            check(!made || *made == wire.size());
            if (!made) continue;
            if (what % 8 == 3) continue; // lost
            bytes forged = wire;
            if (what % 8 == 4) {
                forged[in.byte() % forged.size()] ^= static_cast<std::uint8_t>(1 + in.byte() % 255);
                check(!unprotect(forged) || forged.size() == 0);
            }
            if (const auto plain_size = unprotect(wire)) {
                check(*plain_size == plain.size());
                check(std::equal(plain.begin(), plain.end(), wire.begin()));
            }
        }
        check(receiver.sources() <= options.max_sources);
        const srtp_receiver_stats& stats = receiver.stats();
        check(stats.packets + stats.rtcp_packets + stats.malformed + stats.replayed +
                  stats.not_authentic + stats.refused ==
              calls);
    }
    return 0;
}
