/// \file
/// Arguments of Python functions to C++, and C++ exceptions to Python's. Everything here is called
/// with the GIL held, and reports errors by setting Python's, naming the argument and its range.
#pragma once

#include "core/py_ref.hpp"

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace rtpsynth::python {

/// An int, or what has __index__, within lo..hi.
/// \return false with TypeError or ValueError set
bool to_integer(PyObject* value, const char* name, long long lo, long long hi, long long& out);

template <class Integer>
bool to_integer(PyObject* value, const char* name, Integer& out,
                long long lo = std::numeric_limits<Integer>::min(),
                long long hi = std::numeric_limits<Integer>::max()) {
    long long wide;
    if (!to_integer(value, name, lo, hi, wide)) return false;
    out = static_cast<Integer>(wide);
    return true;
}

/// A float, or what has __float__, unless it was left out.
/// \return false with TypeError or OverflowError set
bool to_double(PyObject* value, double& out);

/// The argument now_ns: a time of any clock that does not go back, 0..2^62 - 1 ns, so that what is
/// added to it has room.
/// \return false with TypeError or ValueError set
bool to_time(PyObject* value, time_point& out);

/// A str, as UTF-8 that lives as long as \p value.
/// \return false with TypeError set, or UnicodeEncodeError for a lone surrogate
bool to_text(PyObject* value, const char* name, std::string_view& out);

/// The bytes of a C-contiguous bytes-like object, kept in place while this lives.
class bytes_view {
public:
    bytes_view() = default;
    bytes_view(const bytes_view&) = delete;
    bytes_view& operator=(const bytes_view&) = delete;
    ~bytes_view() {
        if (buffer_.obj != nullptr) PyBuffer_Release(&buffer_);
    }

    /// May be called once. \p writable: also for writing. \return false with TypeError or
    /// BufferError set
    bool assign(PyObject* object, const char* name, bool writable = false) {
        if (PyBytes_CheckExact(object) && !writable) [[likely]] { // immutable: nothing to lock
            data_ = reinterpret_cast<std::uint8_t*>(PyBytes_AS_STRING(object));
            size_ = static_cast<std::size_t>(PyBytes_GET_SIZE(object));
            return true;
        }
        return assign_buffer(object, name, writable);
    }

    std::span<const std::uint8_t> bytes() const noexcept { return {data_, size_}; }
    std::span<std::uint8_t> writable_bytes() const noexcept { return {data_, size_}; }

private:
    bool assign_buffer(PyObject* object, const char* name, bool writable);

    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
    Py_buffer buffer_{};
};

/// The argument packet, which is borrowed.
/// \return false with ValueError set if it is no RTP
bool to_packet(const bytes_view& datagram, rtp_packet_view& out);

/// Sets the Python exception for the C++ one being handled: bad_alloc is MemoryError,
/// invalid_argument ValueError, system_error OSError with its errno, error_already_set what is set.
/// Call it in a `catch (const std::exception&)` or `catch (const error_already_set&)`.
void set_error_from_exception();

/// OSError, or its subclass, for an errno.
void set_os_error(int code, const std::string& what);

/// What \p f returns, or null with a Python exception in place of a C++ one. There is no
/// `catch (...)`, since pthread_exit, by which the interpreter ends threads, unwinds as an
/// exception.
template <class F>
PyObject* translated(F&& f) {
    try {
        return f();
    } catch (const boost::python::error_already_set&) {
        return nullptr;
    } catch (const std::exception&) {
        set_error_from_exception();
        return nullptr;
    }
}

} // namespace rtpsynth::python
