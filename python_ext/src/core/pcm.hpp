/// \file
/// 16-bit samples and 8-bit codes in Python's buffers. Everything here is called with the GIL held,
/// and reports errors by setting Python's.
#pragma once

#include "core/py_ref.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth::python {

/// The memory of an argument, kept in place while this lives. No alignment is promised.
class media_view {
public:
    media_view() = default;
    media_view(const media_view&) = delete;
    media_view& operator=(const media_view&) = delete;
    ~media_view() {
        if (buffer_.obj != nullptr) PyBuffer_Release(&buffer_);
    }

    /// May be called once: a C-contiguous buffer of native 16-bit samples, or of their bytes.
    /// \return false with TypeError, BufferError or, for an odd number of bytes, ValueError set
    bool assign_samples(PyObject* object, const char* name, bool writable = false);
    /// May be called once: a C-contiguous buffer of bytes. \return false with TypeError or
    /// BufferError set
    bool assign_codes(PyObject* object, const char* name, bool writable = false);

    std::span<const std::int16_t> samples() const noexcept {
        return {static_cast<const std::int16_t*>(data_), size_ / sizeof(std::int16_t)};
    }
    std::span<const std::uint8_t> codes() const noexcept {
        return {static_cast<const std::uint8_t*>(data_), size_};
    }

    /// Precondition: assigned as writable.
    std::span<std::int16_t> writable_samples() const noexcept {
        return {static_cast<std::int16_t*>(const_cast<void*>(data_)), size_ / sizeof(std::int16_t)};
    }
    /// Precondition: assigned as writable.
    std::span<std::uint8_t> writable_codes() const noexcept {
        return {static_cast<std::uint8_t*>(const_cast<void*>(data_)), size_};
    }

private:
    bool assign(PyObject* object, const char* name, bool samples, bool writable);

    const void* data_ = nullptr;
    std::size_t size_ = 0; // bytes
    Py_buffer buffer_{};
};

/// An array.array('h') and its samples, which stay where they are while this lives.
class sample_array {
public:
    sample_array() = default;
    sample_array(const sample_array&) = delete;
    sample_array& operator=(const sample_array&) = delete;
    ~sample_array() {
        if (buffer_.obj != nullptr) PyBuffer_Release(&buffer_);
    }

    /// May be called once: \p n samples of any value. \return false with MemoryError set
    bool allocate(std::size_t n);
    std::span<std::int16_t> samples() const noexcept {
        return {static_cast<std::int16_t*>(buffer_.buf),
                static_cast<std::size_t>(buffer_.len) / sizeof(std::int16_t)};
    }
    PyObject* release() noexcept { return array_.release(); }

private:
    py_ref array_;
    Py_buffer buffer_{};
};

/// Prepares sample_array. \throws boost::python::error_already_set
void bind_pcm();

} // namespace rtpsynth::python
