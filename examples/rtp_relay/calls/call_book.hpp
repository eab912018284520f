/// \file
/// The calls that a relay has.
#pragma once

#include "calls/media.hpp"
#include "protocol/command.hpp"

#include <rtpsynth/base/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace relay {

/// Numbers since the start.
struct call_totals {
    std::uint64_t calls = 0;     ///< media that were made
    std::uint64_t timed_out = 0; ///< of them
    std::uint64_t commands = 0;
    std::uint64_t errors = 0;                  ///< commands whose answer was an error
    std::uint64_t received = 0, forwarded = 0; ///< packets of media that have ended
};

/// Whom to tell that a medium has timed out, and what.
struct timeout_notice {
    std::string socket, text;
};

/// Executes commands. A call has a medium for each stream of its SDP. A medium is found by the
/// Call-ID, its number and the tags of the dialogue, in either order.
///
/// A medium of which neither side was heard for \p timeout, to an eighth more, and for which no
/// command came meanwhile, is deleted.
///
/// \par Exception safety
/// execute() and check() do not throw: without memory, the answer is an error.
class call_book {
public:
    /// \param notify is called by check()
    call_book(media_maker& maker, rtpsynth::duration timeout,
              std::function<void(const timeout_notice&)> notify);

    /// \return the answer, without a cookie and a line feed
    std::string execute(const command& what, rtpsynth::time_point now) noexcept;
    /// The answer to a line that is no command.
    std::string refuse(protocol_error error) noexcept;

    /// Deletes media that are silent. To be called now and then, and at next_check().
    void check(rtpsynth::time_point now) noexcept;
    rtpsynth::time_point next_check() const noexcept;

    std::size_t calls() const noexcept { return calls_.size(); }
    std::size_t media_count() const noexcept { return media_count_; }
    const call_totals& totals() const noexcept { return totals_; }
    /// Packets of all media, those that have ended included.
    media_counters packets() const;

private:
    struct medium;
    using medium_list = std::vector<std::shared_ptr<medium>>;
    struct found {
        medium* at = nullptr;
        side from = side::caller;
    };

    std::string perform(const command& c, rtpsynth::time_point now);
    std::string offer(const command& c, rtpsynth::time_point now);
    std::string query(const command& c, rtpsynth::time_point now);
    std::string information() const;
    template <class Act>
    std::string each(const command& c, Act act);
    std::string remove(const command& c);
    void remove_all() noexcept;
    medium* create(const command& c, const media_request& request, protocol_error& error,
                   rtpsynth::time_point now);
    found find(const command& c);
    void end(medium& m) noexcept;
    std::string error(protocol_error e);

    media_maker& maker_;
    rtpsynth::duration timeout_;
    std::function<void(const timeout_notice&)> notify_;
    std::unordered_map<std::string, medium_list> calls_;
    std::size_t media_count_ = 0;
    struct check_entry {
        rtpsynth::time_point due;
        std::weak_ptr<medium> at;
    };
    std::deque<check_entry> checks_; // in order of `due`
    call_totals totals_;
};

} // namespace relay
