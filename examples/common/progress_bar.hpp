/// \file
/// A progress bar on standard error.
#pragma once

#include <string>

namespace common {

/// Shows nothing unless \p wanted and standard error is a terminal. The destructor clears its line.
class progress_bar {
public:
    explicit progress_bar(bool wanted = true);
    ~progress_bar();
    progress_bar(const progress_bar&) = delete;
    progress_bar& operator=(const progress_bar&) = delete;

    bool shown() const noexcept { return shown_; }
    /// Redraws the bar, if it has changed: \p share of the work is done, 0..1, and \p note follows
    /// it.
    void update(double share, const std::string& note = {});

private:
    bool shown_;
    int percent_ = -1;
    std::string note_;
};

} // namespace common
