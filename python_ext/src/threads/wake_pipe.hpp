/// \file
/// Tells an event loop that there is something to deliver.
#pragma once

#include <array>

namespace rtpsynth::python {

/// A pipe that a loop watches for reading.
///
/// \par Thread safety
/// notify() may be called by any thread, the rest by the loop's.
class wake_pipe {
public:
    /// \throws boost::system::system_error
    wake_pipe();
    ~wake_pipe() { close(); }
    wake_pipe(const wake_pipe&) = delete;
    wake_pipe& operator=(const wake_pipe&) = delete;

    /// What to watch; -1 after close().
    int fileno() const noexcept { return ends_[0]; }
    /// Makes fileno() readable.
    void notify() const noexcept;
    /// fileno() is not readable any more.
    void drain() const noexcept;
    /// Nobody may call notify() meanwhile or later.
    void close() noexcept;

private:
    std::array<int, 2> ends_{-1, -1}; // for reading, for writing
};

} // namespace rtpsynth::python
