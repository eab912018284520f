/// \file
/// Audio that is to be sent: in it goes in pieces of any length, out it comes a tick at a time.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// The options of play_queue. Name those you set; later versions may add fields.
struct play_queue_options {
    std::uint32_t rate = 8000;       ///< Hz, of the audio that is pulled; 4000..384000
    std::uint32_t input_rate = 8000; ///< Hz, of the audio that is pushed; 4000..384000
    /// How much audio may wait, 10 ms to an hour.
    duration capacity = std::chrono::seconds(10);
    /// After so much silence an item is over, though nobody has said so; 0 or more.
    duration item_timeout = std::chrono::seconds(1);
};

/// How much of an item was pulled.
struct played_item {
    std::uint64_t item = 0;    ///< as it was pushed
    std::uint64_t samples = 0; ///< of the item's own audio, at its own rate
    std::uint32_t rate = 0;    ///< Hz, of that

    /// The same as a duration, rounded down to nanoseconds.
    constexpr duration length() const noexcept {
        if (rate == 0) return {};
        constexpr std::uint64_t second = 1'000'000'000;
        return duration(
            static_cast<std::int64_t>(samples / rate * second + samples % rate * second / rate));
    }

    friend bool operator==(const played_item&, const played_item&) = default;
};

/// What play_queue::pull() gives beside the audio.
struct pulled_audio {
    /// How much of the tick is audio: all of it, the beginning of it, or nothing. The rest is
    /// silence.
    std::size_t samples = 0;
    /// The items that ended, in order: a view that is valid until the next call of the queue.
    std::span<const played_item> ended;
};

/// Turns pieces of audio into ticks.
///
/// \code
/// play_queue queue({.rate = 8000, .input_rate = 24000});
/// std::size_t taken = queue.push(speech, 1).value(); // any number of samples of 24 kHz
/// queue.end_item();
/// …
/// pulled_audio got = queue.pull(tick);               // every 20 ms, 160 samples
/// \endcode
///
/// What is pulled does not depend on the pieces, to the bit, as long as the queue does not run out.
///
/// *Items.* Each piece belongs to an item, such as an utterance, that the caller numbers as it
/// likes. Pieces in a row with the same number are one item. An item is *over* when a piece of
/// another one was pushed, end_item() or set_input_rate() was called, or nothing of it was left to
/// pull for `item_timeout`; it has *ended* when it is over and all of it was pulled. A piece with
/// the number of an item that is over begins another item.
///
/// *Running out.* If more of an item comes after all there was of it has been pulled, and a tick
/// was not full, that is a dry run: the gap is silence, and counted.
///
/// *Joins.* Where audio begins, ends or is cut off at a level that is not that of its neighbour,
/// the difference fades over the next 5 ms. So there is up to 5 ms of audio after the last sample
/// and after clear(). Audio that begins and ends in silence is not changed.
///
/// *Rates.* If the rates differ, a resampler of standard quality converts when audio is pulled.
/// What is pulled lags by its delay, 40 samples of the lower rate, and begins with as much silence;
/// when the audio runs out, the rest follows at once. Items are counted by what was pulled, without
/// what is still inside the resampler.
///
/// \par Memory
/// push() allocates, in blocks of 4 KB, as much as waits, and the resampler. No other function that
/// is called for a tick does. What is not needed is given back with the audio, and all of it after
/// 5 s of silence. An empty queue takes 440 bytes. At most `capacity` and 1024 items wait.
///
/// \par Thread safety
/// Distinct objects are independent; one must not be used by two threads at once.
class RTPSYNTH_API play_queue {
public:
    /// How many items that have not ended there may be.
    static constexpr std::size_t max_items = 1024;

    /// \throws std::invalid_argument if an option is out of range; std::bad_alloc
    explicit play_queue(const play_queue_options& options = {});
    play_queue(play_queue&&) noexcept;
    play_queue& operator=(play_queue&&) noexcept;
    /// A moved-from object may only be destroyed or assigned to.
    ~play_queue();

    /// Takes as many samples from the front of \p pcm as there is room for, and returns how many.
    /// They belong to \p item. An empty piece begins an item as well, one of no length. 0 for
    /// another item than the last one if there are max_items already.
    ///
    /// Errors, with nothing changed: errc::not_enough_memory, if there is none for a single sample.
    [[nodiscard]] result<std::size_t> push(std::span<const std::int16_t> pcm,
                                           std::uint64_t item) noexcept;
    /// The item that was pushed last is over. No-op if there is none.
    void end_item() noexcept;
    /// How many samples push() would take: those that `capacity` is at the present input rate,
    /// without the samples that wait, whatever their rate.
    std::size_t room() const noexcept;
    /// How many samples wait, whatever their rate.
    std::size_t waiting() const noexcept;

    /// Fills \p pcm with the next audio. Where there is none, with silence.
    pulled_audio pull(std::span<std::int16_t> pcm) noexcept;

    /// Drops all that waits.
    /// \return the first item that has not ended, and how much of it was pulled; nullopt if there
    ///         is none
    std::optional<played_item> clear() noexcept;

    /// The rate of what is pushed from now on. The item that was pushed last is over.
    /// \throws std::invalid_argument if \p hz is out of range
    void set_input_rate(std::uint32_t hz);
    /// The rate of what is pulled from now on. Nothing is lost or repeated; there is a join.
    /// \throws std::invalid_argument if \p hz is out of range; std::bad_alloc. Nothing has changed
    ///         then.
    void set_rate(std::uint32_t hz);

    /// As they are now.
    const play_queue_options& options() const noexcept;
    /// How often an item's audio ran out and went on later.
    std::uint64_t dry_runs() const noexcept;
    /// Whether nothing is inside, no item is waited for, and all memory was given back: until
    /// push(), pull() gives silence.
    bool idle() const noexcept;

private:
    class RTPSYNTH_LOCAL state;
    std::unique_ptr<state> state_;
};

/// \}

} // namespace rtpsynth
