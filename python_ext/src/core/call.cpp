#include "core/call.hpp"

#include <vector>

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

bool unpacked_call::assign(PyObject* positional, PyObject* keywords) {
    values_ = positional != nullptr ? py_ref::share(positional) : py_ref{PyTuple_New(0)};
    if (!values_) return false;
    positional_ = PyTuple_GET_SIZE(values_.get());
    if (keywords == nullptr || PyDict_GET_SIZE(keywords) == 0) return true;
    values_ = py_ref{PySequence_List(values_.get())};
    if (!values_) return false;
    const py_ref items{PyDict_Items(keywords)};
    const py_ref names{PyList_New(0)};
    if (!items || !names) return false;
    for (Py_ssize_t i = 0; i != PyList_GET_SIZE(items.get()); ++i) {
        PyObject* const item = PyList_GET_ITEM(items.get(), i);
        PyObject* const name = PyTuple_GET_ITEM(item, 0);
        if (!PyUnicode_Check(name)) {
            PyErr_Format(PyExc_TypeError, "keys must be str, not %.200s", Py_TYPE(name)->tp_name);
            return false;
        }
        if (PyList_Append(names.get(), name) != 0 ||
            PyList_Append(values_.get(), PyTuple_GET_ITEM(item, 1)) != 0)
            return false;
    }
    names_ = py_ref{PyList_AsTuple(names.get())};
    return static_cast<bool>(names_);
}

std::string documented(std::string_view signature, bool method, std::string_view doc) {
    std::string text{signature};
    if (method) {
        const auto begin = text.find('(') + 1;
        text.insert(begin, text[begin] == ')' ? "$self, /" : "$self, /, ");
    }
    return text.append("\n--\n\n").append(doc);
}

function_row fast_row(std::string_view signature, bool method, std::string_view doc,
                      PyObject* (*function)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*)) {
    return {std::string{signature.substr(0, signature.find('('))},
            reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)),
            METH_FASTCALL | METH_KEYWORDS, documented(signature, method, doc)};
}

PyMethodDef* method_table(std::span<const function_row> rows) {
    const auto* const kept = new std::vector<function_row>(rows.begin(), rows.end());
    auto* const table = new PyMethodDef[kept->size() + 1]{};
    std::ranges::transform(*kept, table, [](const function_row& row) {
        return PyMethodDef{row.name.c_str(), row.call, row.flags, row.doc.c_str()};
    });
    return table;
}

namespace {

namespace bp = boost::python;

bp::object make_function(PyMethodDef& definition, const bp::object& module_name) {
    return bp::object{bp::handle<>{PyCFunction_NewEx(&definition, nullptr, module_name.ptr())}};
}

} // namespace

void add_functions(std::initializer_list<function_row> rows) {
    bp::scope module;
    const bp::object module_name{module.attr("__name__")};
    for (PyMethodDef* f = method_table(rows); f->ml_name != nullptr; ++f)
        module.attr(f->ml_name) = make_function(*f, module_name);
}

void add_static_methods(PyTypeObject* type, std::initializer_list<function_row> rows) {
    bp::scope module;
    bp::object cls{bp::handle<>{bp::borrowed(reinterpret_cast<PyObject*>(type))}};
    const bp::object module_name{cls.attr("__module__")};
    for (PyMethodDef* f = method_table(rows); f->ml_name != nullptr; ++f) {
        const bp::object made = make_function(*f, module_name);
        module.attr(f->ml_name) = made;
        cls.attr(f->ml_name) = bp::object{bp::handle<>{PyStaticMethod_New(made.ptr())}};
    }
}

} // namespace rtpsynth::python
