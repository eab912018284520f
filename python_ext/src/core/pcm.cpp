#include "core/pcm.hpp"

#include <bit>

namespace rtpsynth::python {

namespace {

PyObject* one_sample = nullptr; // array('h', [0]), never freed

/// Whether a format of the struct module is that of bytes or, if wanted, of native 16-bit samples.
bool has_elements(const char* format, bool samples) {
    if (format == nullptr) return true; // bytes
    constexpr char native = std::endian::native == std::endian::little ? '<' : '>';
    if (*format == '@' || *format == '=' || *format == native) ++format;
    const bool one = format[0] != 0 && format[1] == 0;
    return one &&
           ((samples && *format == 'h') || *format == 'B' || *format == 'b' || *format == 'c');
}

} // namespace

bool media_view::assign(PyObject* object, const char* name, bool samples, bool writable) {
    if (PyBytes_CheckExact(object) && !writable) { // immutable: nothing to lock
        data_ = PyBytes_AS_STRING(object);
        size_ = static_cast<std::size_t>(PyBytes_GET_SIZE(object));
    } else {
        const auto expected = [&] {
            if (samples)
                return writable ? "a writable array('h') or bytes-like object of 16-bit samples"
                                : "array('h') or a bytes-like object of 16-bit samples";
            return writable ? "a writable bytes-like object" : "a bytes-like object";
        };
        const int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(object, &buffer_, flags) != 0) {
            if (!PyObject_CheckBuffer(object))
                PyErr_Format(PyExc_TypeError, "%s must be %s, not %.200s", name, expected(),
                             Py_TYPE(object)->tp_name);
            else if (writable && PyErr_ExceptionMatches(PyExc_BufferError))
                PyErr_Format(PyExc_BufferError, "%s must be %s, C-contiguous", name, expected());
            return false;
        }
        if (!has_elements(buffer_.format, samples)) {
            PyErr_Format(PyExc_TypeError, "%s must be %s, not a buffer of format '%.20s'", name,
                         expected(), buffer_.format);
            return false;
        }
        data_ = buffer_.buf;
        size_ = static_cast<std::size_t>(buffer_.len);
    }
    if (samples && size_ % sizeof(std::int16_t) != 0) {
        PyErr_Format(PyExc_ValueError, "%s must have an even number of bytes, not %zu", name,
                     size_);
        return false;
    }
    return true;
}

bool media_view::assign_samples(PyObject* object, const char* name, bool writable) {
    return assign(object, name, true, writable);
}

bool media_view::assign_codes(PyObject* object, const char* name, bool writable) {
    return assign(object, name, false, writable);
}

bool sample_array::allocate(std::size_t n) {
    if (n > static_cast<std::size_t>(PY_SSIZE_T_MAX) / sizeof(std::int16_t)) {
        PyErr_NoMemory();
        return false;
    }
    // The quickest way the array module offers: others go by a list or a bytes object.
    array_ = py_ref{PySequence_Repeat(one_sample, static_cast<Py_ssize_t>(n))};
    return array_ && PyObject_GetBuffer(array_.get(), &buffer_, PyBUF_WRITABLE) == 0;
}

void bind_pcm() {
    const boost::python::object array{boost::python::import("array").attr("array")};
    one_sample = boost::python::incref(
        boost::python::object{array("h", boost::python::make_tuple(0))}.ptr());
}

} // namespace rtpsynth::python
