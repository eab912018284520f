/// \file
/// What functions of the C face return: objects, sizes, and negative codes.
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

/// What \p make returns; nullptr for a bad argument or without memory.
template <class Make>
auto made_or_null(Make&& make) noexcept -> decltype(make()) {
    try {
        return make();
    } catch (...) {
        return nullptr;
    }
}

/// Whether these can be the bounds of an array.
inline bool is_array(const void* p, std::size_t n) noexcept { return p != nullptr || n == 0; }

/// The caller's storage for a result, no longer than a long can count.
template <class T>
std::span<T> storage(T* p, std::size_t room) noexcept {
    return {p, std::min(room, std::size_t{LONG_MAX})};
}

inline long size_or_code(const result<std::size_t>& size) noexcept {
    return size ? static_cast<long>(*size) : static_cast<long>(size.error());
}

/// Audio where there is nothing to make it: silence.
template <class T>
void silence(T* pcm, std::size_t n) noexcept {
    if (pcm != nullptr) std::fill_n(pcm, n, T{0});
}

} // namespace rtpsynth::detail
