#include "core/call.hpp"

namespace rtpsynth::python {

namespace {

/// "2 arguments", "1 argument"
const char* plural(std::size_t n) { return n == 1 ? "" : "s"; }

} // namespace

bool parse_any(const char* function, std::size_t required, std::size_t positional,
               std::span<const char* const> names, call c, std::span<PyObject*> out) {
    const auto given = static_cast<std::size_t>(c.positional);
    if (given > positional) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %zu positional argument%s (%zu given)",
                     function, positional, plural(positional), given);
        return false;
    }
    for (std::size_t i = 0; i != names.size(); ++i) out[i] = i < given ? c.args[i] : nullptr;
    const Py_ssize_t keywords = c.keywords == nullptr ? 0 : PyTuple_GET_SIZE(c.keywords);
    for (Py_ssize_t k = 0; k != keywords; ++k) {
        PyObject* const key = PyTuple_GET_ITEM(c.keywords, k);
        std::size_t i = 0;
        while (i != names.size() && PyUnicode_CompareWithASCIIString(key, names[i]) != 0) ++i;
        if (i == names.size()) {
            PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", function,
                         key);
            return false;
        }
        if (out[i] != nullptr) {
            PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%s'", function,
                         names[i]);
            return false;
        }
        out[i] = c.args[c.positional + k];
    }
    for (std::size_t i = 0; i != required; ++i) {
        if (out[i] != nullptr) continue;
        PyErr_Format(PyExc_TypeError, "%s() missing required argument '%s' (pos %zu)", function,
                     names[i], i + 1);
        return false;
    }
    return true;
}

namespace bp = boost::python;

void attach_static(bp::object cls, PyMethodDef* functions) {
    const bp::object module_name{cls.attr("__module__")};
    for (; functions->ml_name != nullptr; ++functions) {
        const bp::handle<> f{PyCFunction_NewEx(functions, nullptr, module_name.ptr())};
        cls.attr(functions->ml_name) = bp::object{bp::handle<>{PyStaticMethod_New(f.get())}};
    }
}

void add_functions(PyMethodDef* functions) {
    bp::scope module;
    const bp::object module_name{module.attr("__name__")};
    for (; functions->ml_name != nullptr; ++functions)
        module.attr(functions->ml_name) =
            bp::object{bp::handle<>{PyCFunction_NewEx(functions, nullptr, module_name.ptr())}};
}

} // namespace rtpsynth::python
