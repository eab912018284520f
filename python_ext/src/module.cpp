#include "core/call.hpp"
#include "public_types.hpp"
#include "threads/background.hpp"

#include <rtpsynth/base/version.h>

#define RTPSYNTH_TEXT_OF(x) #x
#define RTPSYNTH_TEXT(x) RTPSYNTH_TEXT_OF(x)

namespace {

using namespace rtpsynth::python;

PyObject* at_exit(const arguments<0>&) {
    stop_all_backgrounds();
    Py_RETURN_NONE;
}

void fill(PyObject* object) {
    namespace bp = boost::python;
    bp::scope module{bp::object{bp::handle<>{bp::borrowed(object)}}};
    module.attr("__version__") = RTPSYNTH_TEXT(RTPSYNTH_VERSION_MAJOR) "." RTPSYNTH_TEXT(
        RTPSYNTH_VERSION_MINOR) "." RTPSYNTH_TEXT(RTPSYNTH_VERSION_PATCH);
    bind_synth();
    bind_utils();
    bind_jbuf();
    bind_server();
    bind_proc();
    bind_telephone_events();
    bind_comfort_noise();
    bind_call_quality();
    bind_codecs();
    bind_resampler();
    bind_packet_loss_concealer();
    bind_playout();
    bind_sdp();
    bind_srtp_crypto();
    bind_metrics();
    bind_relay();
    bind_receiver_stats();
    bind_rtcp_packets();
    bind_rtp_packets();
    bind_rtp_session();
    bind_voip_metrics();
    add_functions({function<"_at_exit()", at_exit>("Ends all threads. For atexit.")});
    bp::import("atexit").attr("register")(bp::object(module.attr("_at_exit")));
}

/// Runs in every interpreter that imports the module, and again if it is imported after it was
/// removed from sys.modules. Its types exist once in a process: the main interpreter gets the same
/// ones each time, other interpreters get an ImportError.
int execute(PyObject* module) {
    static PyObject* names = nullptr; // what fill() made, never freed
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        PyErr_SetString(PyExc_ImportError, "rtpsynth runs in the main interpreter only");
        return -1;
    }
    if (stopped_all_backgrounds()) {
        PyErr_SetString(PyExc_ImportError,
                        "rtpsynth cannot be imported while the interpreter ends, "
                        "nor in one that is initialised after it");
        return -1;
    }
    PyObject* const dict = PyModule_GetDict(module);
    if (names != nullptr) return PyDict_Merge(dict, names, 0);
    const py_ref done{translated([&] {
        fill(module);
        return py_ref::share(Py_None).release();
    })};
    if (!done) return -1;
    names = PyDict_Copy(dict);
    return names != nullptr ? 0 : -1;
}

// Multi-phase initialisation (PEP 489): of a single-phase module CPython gives a second interpreter
// a copy of the first one's names, and runs nothing of ours.
PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, reinterpret_cast<void*>(execute)},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, nullptr}};

PyModuleDef definition{PyModuleDef_HEAD_INIT, "_rtpsynth", nullptr, 0,      nullptr,
                       module_slots,          nullptr,     nullptr, nullptr};

} // namespace

PyMODINIT_FUNC PyInit__rtpsynth() { return PyModuleDef_Init(&definition); }
