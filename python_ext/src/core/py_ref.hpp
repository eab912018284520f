/// \file
/// An owned reference to a Python object.
#pragma once

#include "core/python.hpp"

#include <utility>

namespace rtpsynth::python {

namespace detail {
void release_last(PyObject* object);
}

/// Py_XDECREF for objects that may be the user's: gil.hpp says why it may not return.
inline void release_reference(PyObject* object) {
    if (object == nullptr) return;
    if (Py_REFCNT(object) == 1)
        detail::release_last(object);
    else
        Py_DECREF(object);
}

/// Holds one reference, or none. Made, copied and destroyed with the GIL held.
class py_ref {
public:
    py_ref() = default;
    /// Takes over a new reference; null, the result of a call that failed, is none.
    explicit py_ref(PyObject* owned) noexcept : object_{owned} {}
    /// One more reference to \p object, which may be null.
    static py_ref share(PyObject* object) noexcept {
        Py_XINCREF(object);
        return py_ref{object};
    }

    py_ref(py_ref&& other) noexcept : object_{other.release()} {}
    py_ref& operator=(py_ref&& other) noexcept {
        py_ref old{std::exchange(object_, other.release())};
        return *this; // old goes last: its destructor may run any code
    }
    ~py_ref() { release_reference(object_); }

    PyObject* get() const noexcept { return object_; }
    PyObject* release() noexcept { return std::exchange(object_, nullptr); }
    explicit operator bool() const noexcept { return object_ != nullptr; }

private:
    PyObject* object_ = nullptr;
};

} // namespace rtpsynth::python
