// Any sequence of packets, clocks and flushes: each packet comes out once, in order and counted,
// and the buffer never holds more than its capacity and a suspect.
#include "reader.hpp"

#include <rtpsynth/jitter/buffer.hpp>
#include <rtpsynth/rtp/builder.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace {

using namespace rtpsynth;
using fuzz::check, fuzz::reader;

// What was given with a packet. The owner is on the heap, so that sanitizers notice one that is
// freed twice or never.
struct given {
    std::uint16_t seq;
    std::uint32_t timestamp, ssrc;
    time_point arrival;
};
using owner = std::unique_ptr<given>;
using buffer_type = jitter_buffer<owner>;

// Everything that was put in and has not come out.
class shadow {
public:
    std::vector<const given*> inside;
    std::uint64_t played = 0, erasures = 0, erased = 0;
    std::array<std::uint64_t, 4> dropped{};

    void operator()(buffer_type::frame&& f) {
        take(f);
        check(static_cast<std::uint16_t>(f.lseq) == f.packet.seq());
        check(!next_ || *next_ == f.lseq);
        next_ = f.lseq + 1;
        ++played;
    }
    void operator()(const erasure& gap) {
        check(next_ == gap.lseq_start);
        check(gap.lseq_end >= gap.lseq_start);
        check(!gap.restart || gap.ts_diff == 0);
        next_ = gap.lseq_end + 1;
        ++erasures;
        if (!gap.restart) erased += static_cast<std::uint64_t>(*next_ - gap.lseq_start);
    }
    void operator()(drop_reason why, buffer_type::frame&& f) {
        take(f);
        ++dropped[static_cast<std::size_t>(why)];
    }

private:
    void take(const buffer_type::frame& f) {
        const auto at = std::find(inside.begin(), inside.end(), f.owner.get());
        check(at != inside.end());
        inside.erase(at);
        check(f.packet.seq() == f.owner->seq && f.packet.timestamp() == f.owner->timestamp);
        check(f.packet.ssrc() == f.owner->ssrc && f.arrival == f.owner->arrival);
    }
    std::optional<std::int64_t> next_;
};

constexpr time_point after(time_point t, std::int64_t ns) {
    return time_point(duration(
        static_cast<std::int64_t>(static_cast<std::uint64_t>(t.time_since_epoch().count()) +
                                  static_cast<std::uint64_t>(ns))));
}

class run {
public:
    explicit run(reader in) : in_(in), options_(choose()), buffer_(options_) {}

    void go() {
        while (!in_.empty()) {
            const unsigned what = in_.byte() % 16;
            if (what == 0) {
                expire();
            } else if (what == 1) {
                flush();
            } else if (what == 2) {
                put_invalid();
            } else {
                put(what);
            }
            verify();
        }
        if (end_by_flush_) {
            flush();
            verify();
        }
    }

private:
    jitter_buffer_options choose() {
        static constexpr std::array<unsigned, 16> capacities{1, 2, 2, 3,  3,  4,  4,   5,
                                                             5, 6, 8, 13, 20, 32, 200, 16383};
        static constexpr std::array<unsigned, 8> limits{3000, 3000,  3000,  0,
                                                        10,   32767, 32768, 65536};
        jitter_buffer_options o{.capacity = in_.one_of(capacities)};
        const unsigned delay = in_.byte();
        if (delay == 255) o.max_delay = duration::max();
        if (delay % 4 != 0 && delay != 255) o.max_delay = duration(delay / 4 * delay / 4);
        o.max_dropout = in_.one_of(limits);
        o.max_misorder = in_.one_of(limits);
        end_by_flush_ = in_.byte() % 2 != 0;
        return o;
    }

    std::uint16_t choose_seq(unsigned what) {
        static constexpr std::array<std::uint16_t, 14> edges{
            0, 1, 2, 3, 5, 100, 32767, 32768, 65000, 65532, 65533, 65534, 65535, 3000};
        static constexpr std::array<int, 24> steps{
            1,   2,    3,     4,    5,    0,    -1,    -2,    -3,    20,    -20,    64,
            128, 1000, -1000, 2999, 3000, 3001, -2999, -3000, -3001, 32767, -32767, -32768};
        if (what < 9) return static_cast<std::uint16_t>(seq_ + 1);
        if (what < 13) return static_cast<std::uint16_t>(seq_ + in_.one_of(steps));
        if (what < 15) return in_.one_of(edges);
        return static_cast<std::uint16_t>(in_.number(2));
    }

    // \p numbers: how far ahead the packet's sequence number is.
    std::uint32_t choose_timestamp(unsigned flags, int numbers) {
        switch (flags) {
        case 2:
        case 3:
            return timestamp_ + 160 * static_cast<std::uint32_t>(numbers);
        case 4: // over more numbers than there are
            return timestamp_ + 160 * (static_cast<std::uint32_t>(numbers) + 65536 * in_.byte());
        case 5:
            return timestamp_;
        case 6:
            return timestamp_ - 160;
        case 7:
            return static_cast<std::uint32_t>(in_.number(4));
        default:
            return timestamp_ + 160;
        }
    }

    time_point choose_time(unsigned flags) {
        static constexpr auto most = std::numeric_limits<std::int64_t>::max();
        switch (flags) {
        case 4:
            return now_ = after(now_, static_cast<std::int8_t>(in_.byte()));
        case 5:
            return now_ = after(now_, -static_cast<std::int64_t>(in_.number(2)));
        case 6:
            return in_.one_of(std::array{time_point::min(), time_point::max(), time_point{},
                                         time_point(duration(most - 100))});
        case 7:
            return now_ = after({}, static_cast<std::int64_t>(in_.number(8)));
        default:
            return now_ = after(now_, 20);
        }
    }

    void put(unsigned what) {
        const unsigned flags = in_.byte();
        const std::uint16_t before = std::exchange(seq_, choose_seq(what));
        timestamp_ = choose_timestamp(flags & 7, seq_distance(seq_, before));
        const std::uint32_t ssrc = flags >> 6 == 3 ? 1 + in_.byte() % 3 : ssrc_;
        if (flags >> 6 == 2) ssrc_ = 1 + ssrc_ % 3; // for good
        const time_point arrival = choose_time(flags >> 3 & 7);
        std::array<std::uint8_t, rtp_header_size> bytes;
        detail::store_rtp_header(bytes.data(), 0, seq_, timestamp_, ssrc);
        owner mine(new given{seq_, timestamp_, ssrc, arrival});
        const given* const it = mine.get();
        shadow_.inside.push_back(it);
        check(buffer_.insert(bytes, std::move(mine), arrival, shadow_).has_value());
        check(!mine);
        ++received_;
        // The next packet decides about a suspect, so that only this packet can be one now.
        suspect_ = shadow_.inside.size() == buffer_.size() ? nullptr : it;
    }

    void put_invalid() {
        owner mine(new given{});
        std::array<std::uint8_t, rtp_header_size - 1> bytes{};
        check(!buffer_.insert(bytes, std::move(mine), {}, shadow_).has_value());
        check(mine != nullptr);
        ++invalid_;
    }

    void expire() {
        const time_point now = choose_time(in_.byte() & 7);
        const auto due = buffer_.next_deadline();
        const std::size_t before = buffer_.size();
        buffer_.expire(now, shadow_);
        check((due && *due <= now) == (buffer_.size() < before));
        const auto following = buffer_.next_deadline();
        check(!following || *following > now);
    }

    void flush() {
        buffer_.flush(shadow_);
        suspect_ = nullptr;
        check(buffer_.size() == 0 && shadow_.inside.empty());
    }

    void verify() const {
        const jitter_buffer_stats& s = buffer_.stats();
        check(buffer_.size() < options_.capacity);
        check(shadow_.inside.size() == buffer_.size() + (suspect_ != nullptr ? 1U : 0U));
        check(s.received == received_ && s.invalid == invalid_);
        check(shadow_.dropped == std::array{s.duplicate, s.late, s.stale, s.stray});
        check(s.received == shadow_.played + shadow_.inside.size() + s.dropped());
        check(s.erasures == shadow_.erasures && s.erased == shadow_.erased);
        check(buffer_.next_deadline() == expected_deadline());
    }

    std::optional<time_point> expected_deadline() const {
        if (!options_.max_delay || buffer_.size() == 0) return std::nullopt;
        time_point oldest = time_point::max();
        for (const given* g : shadow_.inside)
            if (g != suspect_) oldest = std::min(oldest, g->arrival);
        const time_point latest = time_point::max() - *options_.max_delay;
        return oldest > latest ? time_point::max() : oldest + *options_.max_delay;
    }

    reader in_;
    bool end_by_flush_ = false;
    jitter_buffer_options options_;
    shadow shadow_;
    buffer_type buffer_;
    const given* suspect_ = nullptr;
    std::uint64_t received_ = 0, invalid_ = 0;
    std::uint16_t seq_ = 0;
    std::uint32_t timestamp_ = 0, ssrc_ = 1;
    time_point now_{};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    run(reader(data, size)).go();
    return 0;
}
