#include "core/convert.hpp"

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <new>
#include <stdexcept>

namespace rtpsynth::python {

namespace {

void set_range_error(PyObject* value, const char* name, long long lo, long long hi) {
    PyErr_Format(PyExc_ValueError, "%s must be %lld..%lld, not %R", name, lo, hi, value);
}

} // namespace

bool to_integer(PyObject* value, const char* name, long long lo, long long hi, long long& out) {
    py_ref index;
    PyObject* number = value;
    if (!PyLong_Check(value)) {
        if (!PyIndex_Check(value)) {
            PyErr_Format(PyExc_TypeError, "%s must be an integer, not %.200s", name,
                         Py_TYPE(value)->tp_name);
            return false;
        }
        index = py_ref{PyNumber_Index(value)};
        if (!index) return false;
        number = index.get();
    }
    int overflow = 0;
    const long long n = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (n == -1 && PyErr_Occurred()) return false;
    if (overflow != 0 || n < lo || n > hi) {
        set_range_error(value, name, lo, hi);
        return false;
    }
    out = n;
    return true;
}

bool to_double(PyObject* value, double& out) {
    if (value == nullptr) return true;
    out = PyFloat_AsDouble(value);
    return out != -1 || PyErr_Occurred() == nullptr;
}

bool to_time(PyObject* value, time_point& out) {
    std::int64_t ns;
    if (!to_integer(value, "now_ns", ns, 0, INT64_MAX / 2)) return false;
    out = time_point{duration{ns}};
    return true;
}

bool to_packet(const bytes_view& datagram, rtp_packet_view& out) {
    const auto packet = rtp_packet_view::parse(datagram.bytes());
    if (packet)
        out = *packet;
    else
        PyErr_Format(PyExc_ValueError, "packet is not RTP: %s",
                     make_error_code(packet.error()).message().c_str());
    return packet.has_value();
}

bool to_text(PyObject* value, const char* name, std::string_view& out) {
    if (!PyUnicode_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s must be a str, not %.200s", name,
                     Py_TYPE(value)->tp_name);
        return false;
    }
    Py_ssize_t size;
    const char* const text = PyUnicode_AsUTF8AndSize(value, &size);
    if (text == nullptr) return false;
    out = {text, static_cast<std::size_t>(size)};
    return true;
}

bool bytes_view::assign_buffer(PyObject* object, const char* name, bool writable) {
    if (!PyObject_CheckBuffer(object)) {
        PyErr_Format(PyExc_TypeError, "%s must be a bytes-like object, not %.200s", name,
                     Py_TYPE(object)->tp_name);
        return false;
    }
    if (PyObject_GetBuffer(object, &buffer_, writable ? PyBUF_WRITABLE : PyBUF_SIMPLE) != 0)
        return false;
    data_ = static_cast<std::uint8_t*>(buffer_.buf);
    size_ = static_cast<std::size_t>(buffer_.len);
    return true;
}

void set_os_error(int code, const std::string& what) {
    const py_ref arguments{Py_BuildValue("(is)", code, what.c_str())};
    if (arguments) PyErr_SetObject(PyExc_OSError, arguments.get());
}

void set_error_from_exception() {
    try {
        throw;
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const boost::system::system_error& e) {
        set_os_error(e.code().value(), e.what());
    } catch (const std::invalid_argument& e) {
        PyErr_SetString(PyExc_ValueError, e.what());
    } catch (const std::exception& e) {
        PyErr_SetString(PyExc_RuntimeError, e.what());
    }
}

} // namespace rtpsynth::python
