/// \file
/// What sockets are watched for, and what they are ready for.
#pragma once

#include <cstdint>

namespace rtpsynth::asio_server::detail {

/// What a socket is watched for. Its errors are reported whether or not anything is.
struct interest {
    bool readable = false;
    bool writable = false;
    friend bool operator==(const interest&, const interest&) = default;
};

/// A socket is ready. One with a pending error is readable: reading takes the error.
struct ready_event {
    std::uint64_t token; ///< the one it was added with
    bool readable;
    bool writable;
};

/// The token of a ready set's alarm.
inline constexpr std::uint64_t alarm_token = 0;
/// That of its waker.
inline constexpr std::uint64_t waker_token = 1;
/// Tokens of sockets are greater than these.
inline constexpr std::uint64_t last_reserved_token = waker_token;

} // namespace rtpsynth::asio_server::detail
