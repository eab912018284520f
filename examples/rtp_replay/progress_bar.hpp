/// \file
/// A progress bar on standard error, for a person who waits.
#pragma once

#include <cstdint>

namespace replay {

/// Shows nothing unless standard error is a terminal and the capture is large. Clears its line when
/// it goes.
class progress_bar {
public:
    /// \p total in bytes; 0 if it is not known.
    explicit progress_bar(std::uint64_t total);
    ~progress_bar();
    progress_bar(const progress_bar&) = delete;
    progress_bar& operator=(const progress_bar&) = delete;

    bool shown() const noexcept { return shown_; }
    /// Draws only when the percentage has changed.
    void update(std::uint64_t done);

private:
    std::uint64_t total_;
    bool shown_;
    int percent_ = -1;
};

} // namespace replay
