#include "relay_arguments.hpp"

namespace rtpsynth::python {

namespace {

template <auto Member>
bool callback(PyObject* value, const option_text& text, relay_arguments& out) {
    out.*Member = value == Py_None ? nullptr : value;
    if (value == Py_None || PyCallable_Check(value)) return true;
    PyErr_Format(PyExc_TypeError, "%s must be callable", text.name);
    return false;
}

} // namespace

constinit const option_table<relay_arguments, 7> relay_table{
    "RtpRelay",
    4,
    {{{{"server", "RtpServer", nullptr, "",
        "whose threads carry the packets. It should have tick_hz=None: with ticks, packets leave "
        "up "
        "to a tick late"},
       borrowed<&relay_arguments::server>},
      {{"a", "LegOptions", nullptr, "", "one side"}, borrowed<&relay_arguments::a>},
      {{"b", "LegOptions", nullptr, "", "the other"}, borrowed<&relay_arguments::b>},
      {{"ports", "PortRange | None", "None", "",
        "where ports are from; None: as the legs' bind_port has it"},
       borrowed<&relay_arguments::ports>},
      {{"media_timeout_ns", "int | None", "None", "100000000..86400000000000",
        "goes with on_media_timeout"},
       integer<&relay_arguments::media_timeout_ns>},
      {{"on_media_timeout", "Callable[[RtpRelay, Leg], object] | None", "None", "",
        "called as on_media_timeout(relay, leg) when nothing valid has come from a leg, 'a' or "
        "'b', for media_timeout_ns, once until something comes again. The relay goes on"},
       callback<&relay_arguments::on_media_timeout>},
      {{"on_source_changed", "Callable[[RtpRelay, Leg, tuple[str, int]], object] | None", "None",
        "",
        "called as on_source_changed(relay, leg, (host, port)) when packets for a leg are sent to "
        "another source from now on, the first one included. Of several changes before the call "
        "only the last is told"},
       callback<&relay_arguments::on_source_changed>}}}};

} // namespace rtpsynth::python
