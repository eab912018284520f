#include "core/heap_type.hpp"

#include <cstring>

namespace rtpsynth::python {

namespace bp = boost::python;

namespace {

PyMemberDef weak_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(weak_object, weakrefs), READONLY, nullptr}, {}};

PyObject* return_self(PyObject* self, PyObject*) { return py_ref::share(self).release(); }

/// Adds to the module that is being made, by the last part of the full name.
PyObject* add(const char* full_name, PyObject* made) {
    const bp::object object{bp::handle<>{made}};
    bp::scope module;
    module.attr(std::strrchr(full_name, '.') + 1) = object;
    Py_INCREF(made); // for good
    return made;
}

} // namespace

function_row enter() {
    return {"__enter__", return_self, METH_NOARGS,
            documented("__enter__()", true, "The object itself.")};
}

PyTypeObject* add_type(PyType_Spec& spec) {
    return reinterpret_cast<PyTypeObject*>(add(spec.name, PyType_FromSpec(&spec)));
}

PyTypeObject* add_type(const type_description& description, int size, unsigned long flags,
                       std::vector<PyType_Slot> life) {
    const bool has_signature = !description.init.signature.empty();
    const std::string doc = has_signature
                                ? documented(description.init.signature, false, description.doc)
                                : description.doc; // which CPython copies
    auto* const attributes = new PyGetSetDef[description.attributes.size() + 1]{}; // for good
    std::ranges::copy(description.attributes, attributes);
    life.push_back({Py_tp_doc, const_cast<char*>(doc.c_str())});
    life.push_back({Py_tp_methods, method_table(description.methods)});
    life.push_back({Py_tp_getset, attributes});
    life.push_back({Py_tp_members, weak_members});
    if (description.init.function != nullptr)
        life.push_back(slot(Py_tp_init, description.init.function));
    else if (description.make == nullptr)
        flags |= Py_TPFLAGS_DISALLOW_INSTANTIATION;
    life.insert(life.end(), description.slots.begin(), description.slots.end());
    life.push_back({0, nullptr});
    PyType_Spec spec{description.name, size, 0,
                     static_cast<unsigned>(Py_TPFLAGS_DEFAULT | description.flags | flags),
                     life.data()};
    return add_type(spec);
}

PyObject* add_exception(const char* full_name, const char* doc, PyObject* base) {
    return add(full_name, PyErr_NewExceptionWithDoc(full_name, doc, base, nullptr));
}

} // namespace rtpsynth::python
