// A call in virtual time, of which the invariants are checked after every tick.
#pragma once

#include "network.hpp"

#include <rtpsynth/jitter/playout.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace simulation {

struct broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What the playout of the call that is running has allocated since it was made.
struct heap_use {
    static inline bool is_counted = false;
    static inline std::int64_t bytes = 0, allocations = 0;
};

class call {
public:
    explicit call(random_source& random, const ends& e)
        : ends_(e),
          network_(random, e, first_codec(random, e.options.rate)),
          playout_(e.options),
          largest_step_(static_cast<int>(8000LL * largest_step(speech(8000)) / e.options.rate)) {
        for (const codec& c : codecs)
            playout_.add_decoder(c.payload_type, std::make_unique<test_decoder>(log_, c));
        playout_.add_comfort_noise(noise_type);
        playout_.add_event(event_type);
        events_.reserve(4096);
        heap_use::bytes = heap_use::allocations = 0;
    }

    void run(double seconds) {
        for (const double end = now_ + 1000 * seconds; now_ < end;) tick();
    }
    void run_disturbed(const scenario& s, double seconds) {
        network_.disturb(s);
        run(seconds);
    }

    // 5 s after the last packet that was disturbed has arrived, the delay is what the network
    // needs, and what was sent is heard, without a gap.
    void run_calm() {
        network_.calm();
        run(longest_in_flight);
        // A decoder that is not in use is not told of what looked like a gap then.
        if (network_.is_puzzling()) log_.unseen = network_.stream();
        network_.forget_puzzle();
        run(5);
        const playout_stats before = playout_.stats();
        const duration most = longest_calm_delay();
        duration least = ends_.options.max_delay;
        double least_heard = std::numeric_limits<double>::max();
        is_searching_ = true;
        unsure_ = longest_blend;
        for (int i = 0; i < 100; ++i) {
            tick();
            check_heard();
            for (const std::uint32_t serial : log_.serials)
                least_heard = std::min(least_heard, now_ - network_.due(serial));
            least = std::min(least, playout_.stats().delay);
        }
        // Packets that are not as long as ticks wait for different times: the quickest counts.
        if (least > most)
            fail("the delay is " + std::to_string(least.count() / 1000) +
                 " us in a calm call with ticks of " + std::to_string(ends_.tick) + " ms");
        // Playout knows the delay to a sample, and takes no account of drift within a packet.
        if (least_heard < 0 || least_heard * 1e6 > static_cast<double>(most.count()) + 150e3)
            fail("what is heard is " + std::to_string(least_heard) + " ms behind in a calm call");
        if (playout_.stats().late != before.late) fail("a packet of a calm call is late");
    }

    playout_stats stats() const { return playout_.stats(); }
    // ms
    double now() const { return now_; }

private:
    using milliseconds = std::chrono::milliseconds;

    [[noreturn]] void fail(const std::string& what) const {
        char time[32];
        std::snprintf(time, sizeof time, "at %.3f s, ", now_ / 1000);
        throw broken(time + what);
    }

    // Less than a tick too much is no reason for a change, nor are the 2 ms in store for a clock
    // that drifts. Packets of one that is too fast come ever earlier: playout goes by those of the
    // last 2 s, waits for up to 2 s before it shrinks, and looks for a place for up to 0.5 s.
    duration longest_calm_delay() const {
        const double earlier = std::max(0.0, -ends_.drift_ppm) * 4.5; // us
        return milliseconds(ends_.tick + 2) + ends_.options.min_delay +
               std::chrono::microseconds(static_cast<int>(earlier));
    }

    // No packet waits for longer, unless it or one before it has a wrong timestamp: then it may be
    // early by as much as a stream may jump.
    duration longest_wait() const {
        return ends_.options.max_delay + milliseconds(2 * ends_.tick + longest_ptime) +
               (network_.is_puzzling() ? longest_jump : duration());
    }

    // Mostly one that needs no resampling.
    static const codec* first_codec(random_source& random, std::uint32_t rate) {
        const bool is_any = chance(random, 0.2);
        const auto from = static_cast<std::size_t>(random() % codecs.size());
        for (std::size_t i = 0; !is_any && i < codecs.size(); ++i)
            if (const codec& c = codecs[(from + i) % codecs.size()]; c.rates.audio == rate)
                return &c;
        return &codecs[from];
    }

    void tick() {
        ++ticks_;
        now_ = ends_.phase + static_cast<double>(ticks_ * ends_.tick);
        network_.run(now_);
        log_.serials.clear();
        log_.untold.clear();
        log_.is_puzzled = network_.is_puzzling();
        heap_use::is_counted = true;
        while (network_.has_arrived(now_)) {
            const arrival a = network_.take();
            if ((a.bytes[1] & 127) == event_type) events_.push_back(a.at);
            if (playout_.insert(a.datagram(), time_point(duration(a.at)))) ++valid_;
        }
        // One sample in front, which was the last one before, and a few behind.
        const std::size_t n = std::size_t{ends_.options.rate} / 1000 * ends_.tick;
        pcm_.assign(1 + n + guard, unwritten);
        pcm_[0] = last_sample_;
        kind_ = playout_.pull(time_point(duration(static_cast<std::int64_t>(now_ * 1e6))),
                              std::span(pcm_).subspan(1, n));
        heap_use::is_counted = false;
        last_sample_ = pcm_[n];
        verify(n);
    }

    void verify(std::size_t n) {
        for (std::size_t i = 0; i < guard; ++i)
            if (pcm_[1 + n + i] != unwritten) fail("more than a tick was written");
        for (const std::uint32_t serial : log_.serials)
            if (network_.is_pause_hidden(serial)) may_click_until_ = now_ + longest_blend;
        // What was not written is a click, too.
        const int step = largest_step(std::span(pcm_).first(1 + n));
        if (step > largest_step_ * 2 && now_ > may_click_until_)
            fail("a click: a step of " + std::to_string(step) + ", in speech " +
                 std::to_string(largest_step_));
        for (const std::uint32_t serial : log_.serials) {
            if (serial <= newest_serial_ && !network_.is_puzzling())
                fail("packet " + std::to_string(serial) + " is played after " +
                     std::to_string(newest_serial_));
            newest_serial_ = std::max(newest_serial_, serial);
        }
        if (!log_.fault.empty()) fail(log_.fault);
        for (const std::uint32_t serial : log_.untold)
            if (!network_.is_pause_hidden(serial))
                fail("packet " + std::to_string(serial) +
                     " does not follow, and its decoder was not told");
        verify(playout_.stats());
        if (heap_use::bytes > most_bytes)
            fail(std::to_string(heap_use::bytes) + " bytes are allocated");
        if (heap_use::allocations > most_allocations) fail("memory is allocated again and again");
    }

    void verify(const playout_stats& s) {
        if (s.received != valid_) fail("packets are not counted");
        if (s.received != s.played + s.waiting + s.late + s.duplicate + s.discarded)
            fail("packets are unaccounted for");
        std::uint64_t kinds = 0;
        for (const std::uint64_t k : s.ticks) kinds += k;
        if (kinds != ticks_) fail("a tick is not counted");
        if (s.delay > longest_wait())
            fail("the delay is out of bounds: " + std::to_string(s.delay.count() / 1000) + " us");
        // Events take no time, but wait for what is before them. One packet may be a new stream's.
        const auto since = static_cast<std::int64_t>(now_ * 1e6) - longest_wait().count();
        std::erase_if(events_, [=](std::int64_t at) { return at < since; });
        const auto most = static_cast<std::uint64_t>(longest_wait() / milliseconds(shortest_ptime));
        if (s.waiting > most + events_.size() + 1)
            fail(std::to_string(s.waiting) + " packets wait");
    }

    // In a calm call a tick is a piece of speech() that follows the one before; when the delay was
    // changed, again after what that has blended.
    void check_heard() {
        if (kind_ == playout_kind::concealed || kind_ == playout_kind::silence ||
            kind_ == playout_kind::comfort_noise)
            fail("a tick of a calm call is no speech");
        if (network_.in_use().rates.audio != ends_.options.rate) return; // is resampled
        if (kind_ != playout_kind::speech) {
            unsure_ = longest_blend;
            is_searching_ = true;
        } else if (unsure_ > 0) {
            unsure_ -= static_cast<int>(ends_.tick);
        } else {
            const auto& all = speech(ends_.options.rate);
            const auto heard = std::span(pcm_).subspan(1, pcm_.size() - 1 - guard);
            for (std::size_t tries = is_searching_ ? all.size() : 1;; ++position_) {
                position_ %= all.size();
                if (is_at(all, heard)) break;
                if (--tries == 0) fail("what is heard was not sent so");
            }
            position_ += heard.size();
            is_searching_ = false;
        }
    }
    bool is_at(const std::vector<std::int16_t>& all, std::span<const std::int16_t> heard) const {
        for (std::size_t i = 0; i < heard.size(); ++i)
            if (heard[i] != all[(position_ + i) % all.size()]) return false;
        return true;
    }

    static constexpr unsigned longest_ptime = 60, shortest_ptime = 10;
    static constexpr duration longest_jump = std::chrono::seconds(5);
    static constexpr double longest_in_flight = 3.5; // s
    static constexpr int longest_blend = 160;        // ms, until what is blended was pulled
    static constexpr std::size_t guard = 4;
    static constexpr std::int16_t unwritten = 32767;
    static constexpr std::int64_t most_bytes = 65536, most_allocations = 60;

    ends ends_;
    network network_;
    decoder_log log_;
    playout playout_;
    int largest_step_; // of speech itself
    double now_ = 0;
    std::vector<std::int16_t> pcm_;
    std::vector<std::int64_t> events_; // when those arrived that may wait, ns
    std::int16_t last_sample_ = 0;
    playout_kind kind_{};
    std::uint32_t newest_serial_ = 0;
    std::uint64_t valid_ = 0, ticks_ = 0;
    bool is_searching_ = true; // for the position of what is heard
    int unsure_ = 0;           // ms in which it may be blended
    std::size_t position_ = 0;
    double may_click_until_ = -1; // ms; playout cannot know of a pause that is hidden
};

} // namespace simulation
