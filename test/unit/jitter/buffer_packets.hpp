/// \file
/// Shared by the tests of the jitter buffer: makes packets, and writes what comes out as text.
#pragma once

#include <rtpsynth/jitter/buffer.hpp>
#include <rtpsynth/rtp/builder.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// A packet without payload. A jitter buffer copies the header and does not read the bytes, so that
/// one array is enough for all packets.
inline rtpsynth::rtp_packet_view make_packet(std::int64_t seq, std::uint32_t timestamp,
                                             std::uint32_t ssrc) {
    static std::array<std::uint8_t, rtpsynth::rtp_header_size> bytes;
    rtpsynth::detail::store_rtp_header(bytes.data(), 0, static_cast<std::uint16_t>(seq), timestamp,
                                       ssrc);
    rtpsynth::rtp_packet_view view;
    if (view.assign(bytes.data(), bytes.size()) != rtpsynth::errc{})
        throw std::logic_error("no packet");
    return view;
}

/// A packet of a stream that sends 160 units a packet.
inline rtpsynth::rtp_packet_view make_packet(std::int64_t seq, std::uint32_t ssrc = 1) {
    return make_packet(seq, static_cast<std::uint32_t>(160 * seq), ssrc);
}

inline constexpr rtpsynth::time_point at(std::int64_t ns) {
    return rtpsynth::time_point(rtpsynth::duration(ns));
}

inline std::string_view name_of(rtpsynth::drop_reason why) {
    using enum rtpsynth::drop_reason;
    switch (why) {
    case duplicate:
        return "duplicate";
    case late:
        return "late";
    case stale:
        return "stale";
    case stray:
        return "stray";
    }
    throw std::logic_error("no such reason");
}

/// A sink that records what it is given:
///
///     7              the packet of that lseq is played
///     [8..9 +320]    an erasure, and how many timestamp units it spans
///     [8..9 restart] an erasure where the sender restarted
///     late(5)        a packet with that number on the wire is dropped
template <class Owner>
struct transcript {
    using frame = typename rtpsynth::jitter_buffer<Owner>::frame;
    std::string text;

    void operator()(frame&& f) {
        if (static_cast<std::uint16_t>(f.lseq) != f.packet.seq())
            throw std::logic_error("bad lseq");
        add(std::to_string(f.lseq));
    }
    void operator()(const rtpsynth::erasure& gap) {
        add("[" + std::to_string(gap.lseq_start) + ".." + std::to_string(gap.lseq_end) +
            (gap.restart ? " restart]" : " +" + std::to_string(gap.ts_diff) + "]"));
        if (gap.restart && gap.ts_diff != 0) throw std::logic_error("a restart spans no media");
    }
    void operator()(rtpsynth::drop_reason why, frame&& f) {
        add(std::string(name_of(why)) + "(" + std::to_string(f.packet.seq()) + ")");
    }

private:
    void add(const std::string& what) { text += (text.empty() ? "" : " ") + what; }
};

/// A jitter buffer without owners. Each step returns what it handed out as a transcript.
class scripted_buffer {
public:
    explicit scripted_buffer(const rtpsynth::jitter_buffer_options& o) : frames_(o) {}
    explicit scripted_buffer(unsigned capacity) : frames_({.capacity = capacity}) {}

    std::string put(const rtpsynth::rtp_packet_view& packet, rtpsynth::time_point arrival = {}) {
        transcript<std::monostate> sink;
        if (!frames_.insert(packet, {}, arrival, sink)) throw std::logic_error("refused");
        return sink.text;
    }
    std::string put(std::int64_t seq, std::uint32_t ssrc = 1) {
        return put(make_packet(seq, ssrc));
    }
    std::string put(const std::vector<int>& seqs) {
        transcript<std::monostate> sink;
        for (const int seq : seqs) {
            if (!frames_.insert(make_packet(seq), {}, {}, sink)) throw std::logic_error("refused");
        }
        return sink.text;
    }
    std::string expire(rtpsynth::time_point now) {
        transcript<std::monostate> sink;
        frames_.expire(now, sink);
        return sink.text;
    }
    std::string flush() {
        transcript<std::monostate> sink;
        frames_.flush(sink);
        return sink.text;
    }
    const rtpsynth::jitter_buffer<std::monostate>* operator->() const { return &frames_; }

private:
    rtpsynth::jitter_buffer<std::monostate> frames_;
};
