#include "threads/gil.hpp"

#include "threads/process.hpp"

#include <unistd.h>

#include <cstdlib>

namespace rtpsynth::python {

interpreter_scope::~interpreter_scope() {
    while (inside_) pause();
}

// These are not inline and not noexcept, so that unwinding finds the scope before anything else.

[[gnu::noinline]] void take_gil(PyThreadState* state) {
    interpreter_scope scope;
    PyEval_RestoreThread(state);
    scope.leave();
}

[[gnu::noinline]] py_ref call_python(PyObject* function, PyObject** args, std::size_t count) {
    interpreter_scope scope;
    PyObject* const result =
        PyObject_Vectorcall(function, args, count | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
    scope.leave();
    return py_ref{result};
}

py_ref call_back_python(PyObject* function, PyObject** args, std::size_t count) {
    const process_mark parent;
    py_ref result = call_python(function, args, count);
    if (parent.inherited()) {
        if (!result) write_unraisable(function);
        std::_Exit(EXIT_SUCCESS);
    }
    return result;
}

[[gnu::noinline]] void write_unraisable(PyObject* where) {
    interpreter_scope scope;
    PyErr_WriteUnraisable(where);
    scope.leave();
}

[[gnu::noinline]] void detail::release_last(PyObject* object) {
    interpreter_scope scope;
    Py_DECREF(object);
    scope.leave();
}

} // namespace rtpsynth::python
