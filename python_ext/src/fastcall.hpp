/// \file
/// Functions and methods that Python calls with its vectorcall arguments as they lie on the stack
/// (METH_FASTCALL | METH_KEYWORDS): a third of the cost of a boost::python `def`.
///
/// A method is a function `PyObject* f(T& self, call arguments)`; a table of them is a PyMethodDef
/// array. The doc string begins with a line `name($self, plen, pt, pload=None)\n--\n\n`, which is
/// where inspect.signature finds what the parameters are.
///
///     constexpr parameters<3> next_pkt_parameters{"next_pkt", 2, {"plen", "pt", "pload"}};
///     PyObject* next_pkt(packet_synth& self, call c) {
///         std::array<PyObject*, 3> a;
///         if (!next_pkt_parameters.parse(c, a)) return nullptr;
///         …
///     PyMethodDef methods[] = {method<packet_synth, next_pkt>("next_pkt", next_pkt_doc), {}};
///     attach(class_object, methods);
#pragma once

#include "convert.hpp"

#include <array>
#include <cstddef>

namespace rtpsynth::python {

/// The arguments of one call, borrowed.
struct call {
    PyObject* const* args;
    Py_ssize_t positional;
    PyObject* keywords; ///< tuple of the names of those behind the positional ones, or null
};

/// What a function's parameters are called. The first \p required must be given; those from
/// \p positional on only by keyword.
template <std::size_t N>
class parameters {
public:
    constexpr parameters(const char* function, std::size_t required,
                         std::array<const char*, N> names, std::size_t positional = N) noexcept
        : function_{function}, required_{required}, positional_{positional}, names_{names} {}

    /// Puts each argument in its parameter's place, and null where there is none.
    /// \return false with TypeError set
    bool parse(call c, std::array<PyObject*, N>& out) const {
        const auto given = static_cast<std::size_t>(c.positional);
        if (c.keywords == nullptr && given >= required_ && given <= positional_) [[likely]] {
            std::size_t i = 0;
            for (; i != given; ++i) out[i] = c.args[i];
            for (; i != N; ++i) out[i] = nullptr;
            return true;
        }
        return parse_any(function_, required_, positional_, names_, c, out);
    }

private:
    const char* function_;
    std::size_t required_;
    std::size_t positional_;
    std::array<const char*, N> names_;
};

/// parameters::parse with keywords or with errors.
bool parse_any(const char* function, std::size_t required, std::size_t positional,
               std::span<const char* const> names, call c, std::span<PyObject*> out);

/// The C++ object in an instance of a class of boost::python; null with TypeError set if there is
/// none, as in one whose __init__ was never called.
template <class T>
T* self_as(PyObject* self) {
    namespace converter = boost::python::converter;
    void* found = converter::get_lvalue_from_python(self, converter::registered<T>::converters);
    if (found == nullptr && !PyErr_Occurred())
        PyErr_Format(PyExc_TypeError, "%.200s object was not initialised, its __init__ did not run",
                     Py_TYPE(self)->tp_name);
    return static_cast<T*>(found);
}

/// An entry of a table of methods of a class of boost::python that holds a T.
template <class T, PyObject* (*Function)(T&, call)>
PyMethodDef method(const char* name, const char* doc) {
    constexpr auto entry = +[](PyObject* self, PyObject* const* args, Py_ssize_t count,
                               PyObject* keywords) -> PyObject* {
        T* const object = self_as<T>(self);
        if (object == nullptr) return nullptr;
        return translated([&] { return Function(*object, {args, count, keywords}); });
    };
    return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(entry)),
            METH_FASTCALL | METH_KEYWORDS, doc};
}

/// An entry of a table of functions of a module, or of methods of a type of one's own, whose
/// \p self then is the instance.
template <PyObject* (*Function)(PyObject*, call)>
PyMethodDef function(const char* name, const char* doc) {
    constexpr auto entry = +[](PyObject* self, PyObject* const* args, Py_ssize_t count,
                               PyObject* keywords) -> PyObject* {
        return translated([&] { return Function(self, {args, count, keywords}); });
    };
    return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(entry)),
            METH_FASTCALL | METH_KEYWORDS, doc};
}

/// Gives a class the methods of a table, which ends with an empty entry and lives for good.
void attach(boost::python::object cls, PyMethodDef* methods);

/// Gives a class the functions of such a table as static methods.
void attach_static(boost::python::object cls, PyMethodDef* functions);

/// Puts the functions of such a table into the module that is being made.
void add_functions(PyMethodDef* functions);

} // namespace rtpsynth::python
