#include "random_source.hpp"

#include "core/call.hpp"
#include "threads/gil.hpp"

#include <rtpsynth/base/random.hpp>

namespace rtpsynth::python {

namespace {

PyObject* source = nullptr; // owned, changed with the GIL held; null is the system's

/// Takes the exception that is set; restore() sets it again.
class fetched_error {
public:
    fetched_error() {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        type_ = py_ref{type};
        value_ = py_ref{value};
        traceback_ = py_ref{traceback};
    }
    void restore() { PyErr_Restore(type_.release(), value_.release(), traceback_.release()); }
    /// Raised by a call itself, as for wrong arguments, or by a builtin: no Python code was run.
    bool without_traceback() const { return !traceback_; }

private:
    py_ref type_;
    py_ref value_;
    py_ref traceback_;
};

/// f(), or f(32) if that is a TypeError: for wrappers and builtins there is no other way to find
/// out how many arguments they take. If neither call is possible, the first one's error is raised.
py_ref call_source(PyObject* f) {
    PyObject* args[] = {nullptr, nullptr};
    py_ref number = call_python(f, args + 1, 0);
    if (number || PyErr_ExceptionMatches(PyExc_TypeError) == 0) return number;
    fetched_error first;
    const py_ref bits{PyLong_FromLong(32)};
    if (!bits) return {};
    args[1] = bits.get();
    number = call_python(f, args + 1, 1);
    if (number || PyErr_ExceptionMatches(PyExc_TypeError) == 0) return number;
    fetched_error second;
    (second.without_traceback() ? first : second).restore();
    return {};
}

/// The low 32 bits of an int; TypeError for anything else.
bool low_32_bits(PyObject* number, std::uint32_t& out) {
    if (!PyIndex_Check(number)) {
        PyErr_Format(PyExc_TypeError, "the random function must return an int, not %.200s",
                     Py_TYPE(number)->tp_name);
        return false;
    }
    const py_ref index{PyNumber_Index(number)};
    if (!index) return false;
    const unsigned long bits = PyLong_AsUnsignedLongMask(index.get());
    if (bits == static_cast<unsigned long>(-1) && PyErr_Occurred()) return false;
    out = static_cast<std::uint32_t>(bits);
    return true;
}

PyObject* set_randfunc(const arguments<1>& a) {
    PyObject* const f = a[0] == Py_None ? nullptr : a[0];
    if (f != nullptr && PyCallable_Check(f) == 0) {
        PyErr_Format(PyExc_TypeError, "f must be callable or None, not %.200s",
                     Py_TYPE(f)->tp_name);
        return nullptr;
    }
    const py_ref old{std::exchange(source, py_ref::share(f).release())};
    Py_RETURN_NONE;
}

constexpr const char* set_randfunc_doc =
    R"(Makes f the random source of every RtpSynth made from now on; None: the system's again.

RtpSynth(...) calls it three times, for SSRC, first timestamp and first sequence number: f(), or
f(32) if f() is a TypeError, as with random.getrandbits. The low 32 bits of the int it returns are
used; any other result is a TypeError. What it raises reaches the caller of the constructor. It may
itself make an RtpSynth or call set_randfunc().

One reference to f is kept until the next call.)";

} // namespace

stream_origin draw_origin() {
    const py_ref f = py_ref::share(source); // which may replace itself while it runs
    if (!f) return stream_origin::draw(system_random32);
    return stream_origin::draw([&] {
        const py_ref number = call_source(f.get());
        std::uint32_t bits = 0;
        if (!number || !low_32_bits(number.get(), bits)) boost::python::throw_error_already_set();
        return bits;
    });
}

void bind_random_source() {
    add_functions({function<"set_randfunc(f)", set_randfunc>(set_randfunc_doc)});
}

} // namespace rtpsynth::python
