#include <boost/test/unit_test.hpp>

#include "buffer_checker.hpp"
#include "buffer_packets.hpp"

#include <rtpsynth/jitter/buffer.hpp>

#include <array>
#include <cstdint>
#include <iostream>
#include <string>

// Every word of a given length, in which a letter is a packet with one of the sequence numbers
// below or a flush. Everything is checked after each letter, so that shorter words are tested, too.

#ifndef RTPSYNTH_WORD_LENGTH
#    define RTPSYNTH_WORD_LENGTH 6
#endif

namespace {

using namespace rtpsynth;
using buffer_type = jitter_buffer<std::uint8_t>; // the place of the letter in the word

constexpr std::size_t length = RTPSYNTH_WORD_LENGTH;
constexpr std::array<std::uint16_t, 12> numbers{0,     1,     2,     3,     100,   32767,
                                                32768, 65000, 65533, 65534, 65535, 5};
constexpr std::size_t flush = numbers.size();
using word = std::array<std::size_t, length>;

bool holds(const word& w, unsigned capacity, const std::array<rtp_packet_view, 12>& packets) {
    buffer_type b({.capacity = capacity});
    promise_checker<64> sink;
    for (std::size_t i = 0; i != length; ++i) {
        if (w[i] == flush) {
            b.flush(sink);
            if (sink.inside.any()) return false;
        } else {
            sink.inside[i] = true;
            if (!b.insert(packets[w[i]], static_cast<std::uint8_t>(i), {}, sink)) return false;
        }
        if (!sink.agrees_with(b)) return false;
    }
    b.flush(sink);
    return sink.right && sink.inside.none();
}

std::string spelled(const word& w) {
    std::string s;
    for (const std::size_t letter : w)
        s += letter == flush ? "flush " : std::to_string(numbers[letter]) + " ";
    return s;
}

bool to_next(word& w) {
    for (std::size_t& letter : w) {
        if (++letter <= flush) return true;
        letter = 0;
    }
    return false;
}

BOOST_AUTO_TEST_CASE(every_word_keeps_its_packets_and_its_order) {
    std::array<rtp_packet_view, 12> packets;
    for (std::size_t i = 0; i != numbers.size(); ++i) packets[i] = make_packet(numbers[i]);
    long words = 0, wrong = 0;
    for (unsigned capacity = 1; capacity <= 5; ++capacity) {
        word w{};
        do {
            ++words;
            if (!holds(w, capacity, packets) && ++wrong <= 10)
                BOOST_ERROR("capacity " << capacity << ": " << spelled(w));
        } while (to_next(w));
    }
    BOOST_TEST(wrong == 0);
    std::cout << words << " words of " << length << " letters\n";
    long expected = 5;
    for (std::size_t i = 0; i != length; ++i) expected *= flush + 1;
    BOOST_TEST(words == expected);
}

} // namespace
