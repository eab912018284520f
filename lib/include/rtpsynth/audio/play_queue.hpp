/// \file
/// A queue of audio to be sent: pushed in pieces of any length, pulled one tick at a time.
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
    /// The most audio that may be queued, 10 ms to an hour.
    duration capacity = std::chrono::seconds(10);
    /// An item is over after this much silence, even without end_item(); 0 or more.
    duration item_timeout = std::chrono::seconds(1);
};

/// How much of an item was pulled.
struct played_item {
    std::uint64_t item = 0;    ///< the number that push() was given
    std::uint64_t samples = 0; ///< samples pulled, at the item's own rate
    std::uint32_t rate = 0;    ///< the item's rate, Hz

    /// The duration of `samples`, rounded down to nanoseconds.
    constexpr duration length() const noexcept {
        if (rate == 0) return {};
        constexpr std::uint64_t second = 1'000'000'000;
        return duration(
            static_cast<std::int64_t>(samples / rate * second + samples % rate * second / rate));
    }

    friend bool operator==(const played_item&, const played_item&) = default;
};

/// The result of play_queue::pull().
struct pulled_audio {
    /// How many samples of the tick are audio, from its beginning on. The rest is silence.
    std::size_t samples = 0;
    /// The items that ended in this tick, in order. The view is valid until the next call of the
    /// queue.
    std::span<const played_item> ended;
};

/// Cuts pieces of audio into ticks.
///
/// \code
/// play_queue queue({.rate = 8000, .input_rate = 24000});
/// std::size_t taken = queue.push(speech, 1).value(); // any number of samples of 24 kHz
/// queue.end_item();
/// …
/// pulled_audio got = queue.pull(tick);               // every 20 ms, 160 samples
/// \endcode
///
/// The length of the pieces does not affect the pulled audio by a single bit, as long as the queue
/// does not run out.
///
/// *Items.* Each piece belongs to an item, such as an utterance, to which the caller gives any
/// number. Consecutive pieces with the same number form one item. An item is *over* when a piece of
/// another item is pushed, when end_item() or set_input_rate() is called, or when it had no audio
/// to pull for `item_timeout`. It has *ended* when it is over and all of it was pulled. A piece
/// with the number of an item that is over begins a new item.
///
/// *Dry runs.* If an item runs out of audio in the middle of a tick and more of it is pushed later,
/// the gap is silence and counts as a dry run.
///
/// *Joins.* Where audio begins, ends or is cut off at a level that differs from its neighbour's,
/// the difference fades over the next 5 ms. Up to 5 ms of audio can therefore follow the last
/// sample or a clear(). Audio that begins and ends in silence is not changed.
///
/// *Rates.* If the rates differ, pull() converts with a resampler of standard quality. The output
/// is delayed by 40 samples of the lower rate, and begins with that much silence. When the audio
/// runs out, the rest in the resampler follows at once. The samples of an item are counted when
/// they leave the resampler.
///
/// \par Memory
/// push() allocates the queued audio, in blocks of 4 KB, and the resampler. No other function that
/// is called for a tick allocates. Blocks are freed as their audio is pulled, and everything after
/// 5 s of silence. An empty queue takes 440 bytes. At most `capacity` of audio and 1024 items are
/// queued.
///
/// \par Thread safety
/// Distinct objects are independent; one must not be used by two threads at once.
class RTPSYNTH_API play_queue {
public:
    /// The maximum number of items that have not ended.
    static constexpr std::size_t max_items = 1024;

    /// \throws std::invalid_argument if an option is out of range; std::bad_alloc
    explicit play_queue(const play_queue_options& options = {});
    play_queue(play_queue&&) noexcept;
    play_queue& operator=(play_queue&&) noexcept;
    /// A moved-from object may only be destroyed or assigned to.
    ~play_queue();

    /// Takes as many samples from the front of \p pcm as there is room for, and returns their
    /// number. They belong to \p item. An empty piece can begin an item too, of length 0. Returns 0
    /// for a new item if there are max_items already.
    ///
    /// Errors, with nothing changed: errc::not_enough_memory, if there is no memory for a single
    /// sample.
    [[nodiscard]] result<std::size_t> push(std::span<const std::int16_t> pcm,
                                           std::uint64_t item) noexcept;
    /// The item that was pushed last is over. No-op if there is none.
    void end_item() noexcept;
    /// How many samples push() would take: `capacity` at the current input rate, minus the queued
    /// samples, whatever their rate.
    std::size_t room() const noexcept;
    /// The number of queued samples, whatever their rate.
    std::size_t waiting() const noexcept;

    /// Fills \p pcm with the next audio, and with silence where there is none.
    pulled_audio pull(std::span<std::int16_t> pcm) noexcept;

    /// Drops all queued audio.
    /// \return the first item that has not ended, and how much of it was pulled; nullopt if there
    ///         is none
    std::optional<played_item> clear() noexcept;

    /// Changes the rate of the audio that is pushed from now on. The item that was pushed last is
    /// over.
    /// \throws std::invalid_argument if \p hz is out of range
    void set_input_rate(std::uint32_t hz);
    /// Changes the rate of the audio that is pulled from now on. Nothing is lost or repeated; there
    /// is a join.
    /// \throws std::invalid_argument if \p hz is out of range; std::bad_alloc. Nothing has changed
    ///         then.
    void set_rate(std::uint32_t hz);

    /// The current options.
    const play_queue_options& options() const noexcept;
    /// The number of dry runs.
    std::uint64_t dry_runs() const noexcept;
    /// Whether the queue is empty, no item is expected to continue, and all memory was freed.
    /// pull() returns silence until the next push().
    bool idle() const noexcept;

private:
    class RTPSYNTH_LOCAL state;
    std::unique_ptr<state> state_;
};

/// \}

} // namespace rtpsynth
