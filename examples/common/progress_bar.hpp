/// \file
/// A progress bar on standard error, for a person who waits.
#pragma once

#include <string>

namespace common {

/// Shows nothing unless \p wanted and standard error is a terminal. Clears its line when it goes.
class progress_bar {
public:
    explicit progress_bar(bool wanted = true);
    ~progress_bar();
    progress_bar(const progress_bar&) = delete;
    progress_bar& operator=(const progress_bar&) = delete;

    bool shown() const noexcept { return shown_; }
    /// \p share of the work is done, 0..1; \p note stands behind it. Draws only what has changed.
    void update(double share, const std::string& note = {});

private:
    bool shown_;
    int percent_ = -1;
    std::string note_;
};

} // namespace common
