/// \file
/// Interests and events of sockets.
#pragma once

#include <cstdint>

namespace rtpsynth::asio_server::detail {

/// The events that a socket is watched for. Errors are always reported.
struct interest {
    bool readable = false;
    bool writable = false;
    friend bool operator==(const interest&, const interest&) = default;
};

/// A socket is ready. One with a pending error is readable: reading returns the error.
struct ready_event {
    std::uint64_t token; ///< the token given to add()
    bool readable;
    bool writable;
};

/// The token of a ready set's alarm.
inline constexpr std::uint64_t alarm_token = 0;
/// The token of a ready set's waker.
inline constexpr std::uint64_t waker_token = 1;
/// For a ready set's own use.
inline constexpr std::uint64_t deadline_token = 2;
/// Tokens of sockets are greater than this.
inline constexpr std::uint64_t last_reserved_token = deadline_token;

} // namespace rtpsynth::asio_server::detail
