/// \file
/// What a voice_stream has received and Python has not taken yet.
#pragma once

#include "core/fifo.hpp"

#include <rtpsynth/asio_server/call/audio_tick.hpp>
#include <rtpsynth/asio_server/call/voice_event.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rtpsynth::python {

/// Ticks of audio and events, in the order in which they came. Of each there is a limit; above it
/// the oldest is dropped and counted. Not thread-safe.
class voice_backlog {
public:
    struct limits {
        std::size_t ticks;
        std::size_t events;
    };

    explicit voice_backlog(limits most) noexcept : most_{most} {}

    bool empty() const noexcept { return size_ == 0 && events_.empty(); }
    /// Copies the audio. Allocates only if more ticks wait than ever before.
    void push(asio_server::audio_tick tick, std::span<const std::int16_t> pcm) noexcept;
    void push(const asio_server::voice_event& event) noexcept;

    /// Precondition: not empty(). Whether a tick came before all events that are here.
    bool audio_is_first() const noexcept {
        return size_ != 0 && (events_.empty() || ticks_[first_].order < events_.begin()->order);
    }
    /// The oldest tick. Precondition: audio_is_first().
    const asio_server::audio_tick& first_tick() const noexcept { return ticks_[first_].tick; }
    /// Its samples.
    std::span<const std::int16_t> first_pcm() const noexcept;
    /// Drops it.
    void pop_tick() noexcept;
    /// The oldest event. Precondition: there is one.
    asio_server::voice_event pop_event() noexcept { return events_.pop().event; }

    std::uint64_t audio_lost() const noexcept { return audio_lost_; }
    std::uint64_t events_lost() const noexcept { return events_lost_; }

private:
    struct waiting_tick {
        std::uint64_t order = 0;
        asio_server::audio_tick tick;
    };
    struct waiting_event {
        std::uint64_t order = 0;
        asio_server::voice_event event;
    };

    bool grow(std::size_t samples) noexcept;

    limits most_;
    // A ring of ticks, each of as many samples:
    std::vector<waiting_tick> ticks_;
    std::vector<std::int16_t> pcm_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    fifo<waiting_event> events_;
    std::uint64_t order_ = 0;
    std::uint64_t skipped_ = 0; // ticks that were dropped since the last one that is here
    std::uint64_t audio_lost_ = 0;
    std::uint64_t events_lost_ = 0;
};

} // namespace rtpsynth::python
