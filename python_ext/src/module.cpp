#include "bind.hpp"
#include "fastcall.hpp"
#include "gil.hpp"

#include <rtpsynth/version.h>

#define RTPSYNTH_TEXT_OF(x) #x
#define RTPSYNTH_TEXT(x) RTPSYNTH_TEXT_OF(x)

namespace {

using namespace rtpsynth::python;

PyObject* at_exit(PyObject*, call) {
    stop_all_backgrounds();
    Py_RETURN_NONE;
}

PyMethodDef at_exit_functions[] = {function<at_exit>("_at_exit", nullptr), {}};

} // namespace

BOOST_PYTHON_MODULE(_rtpsynth) {
    namespace bp = boost::python;
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        PyErr_SetString(PyExc_ImportError, "rtpsynth runs in the main interpreter only");
        bp::throw_error_already_set();
    }
    const bp::docstring_options docstrings{true, false, false}; // ours carry the signatures
    bp::scope module;
    module.attr("__version__") = RTPSYNTH_TEXT(RTPSYNTH_VERSION_MAJOR) "." RTPSYNTH_TEXT(
        RTPSYNTH_VERSION_MINOR) "." RTPSYNTH_TEXT(RTPSYNTH_VERSION_PATCH);
    bind_synth();
    bind_utils();
    bind_jbuf();
    bind_server();
    bind_proc();
    add_functions(at_exit_functions);
    bp::import("atexit").attr("register")(bp::object(module.attr("_at_exit")));
}
