/// \file
/// Return values of the C face: objects, sizes, and negative codes.
#pragma once

#include <rtpaudio.h>

#include <rtpsynth/base/error.hpp>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <span>

namespace rtpsynth::detail {

static_assert(RTPAUDIO_OK == static_cast<int>(errc{}));
static_assert(RTPAUDIO_ENOSPC == static_cast<int>(errc::buffer_too_small));
static_assert(RTPAUDIO_EINVAL == static_cast<int>(errc::invalid_argument));
static_assert(RTPAUDIO_EPAYLOAD == static_cast<int>(errc::bad_payload));
static_assert(RTPAUDIO_EFRAME == static_cast<int>(errc::bad_frame_size));

/// Returns the result of \p make; nullptr for a bad argument or without memory.
template <class Make>
auto made_or_null(Make&& make) noexcept -> decltype(make()) {
    try {
        return make();
    } catch (...) {
        return nullptr;
    }
}

/// Whether p and n can be an array.
inline bool is_array(const void* p, std::size_t n) noexcept { return p != nullptr || n == 0; }

/// The caller's storage for a result, limited to a size that a long can represent.
template <class T>
std::span<T> storage(T* p, std::size_t room) noexcept {
    return {p, std::min(room, std::size_t{LONG_MAX})};
}

inline long size_or_code(const result<std::size_t>& size) noexcept {
    return size ? static_cast<long>(*size) : static_cast<long>(size.error());
}

/// Fills audio with silence if there is no object to make it.
template <class T>
void silence(T* pcm, std::size_t n) noexcept {
    if (pcm != nullptr) std::fill_n(pcm, n, T{0});
}

} // namespace rtpsynth::detail
