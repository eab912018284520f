#include "core/heap_type.hpp"

namespace rtpsynth::python {

namespace bp = boost::python;

namespace {

PyObject* enter(PyObject* self, PyObject*) {
    Py_INCREF(self);
    return self;
}

PyObject* add(const char* name, PyObject* made) {
    const bp::object object{bp::handle<>{made}};
    bp::scope module;
    module.attr(name) = object;
    Py_INCREF(made);
    return made;
}

} // namespace

PyMethodDef enter_method() noexcept {
    return {"__enter__", enter, METH_NOARGS, "__enter__($self, /)\n--\n\nThe object itself."};
}

PyTypeObject* add_type(const char* name, PyType_Spec& spec) {
    return reinterpret_cast<PyTypeObject*>(add(name, PyType_FromSpec(&spec)));
}

PyObject* add_exception(const char* name, const char* full_name, const char* doc, PyObject* base) {
    return add(name, PyErr_NewExceptionWithDoc(full_name, doc, base, nullptr));
}

void free_object(PyObject* object) noexcept {
    PyTypeObject* const type = Py_TYPE(object);
    type->tp_free(object);
    Py_DECREF(type);
}

} // namespace rtpsynth::python
