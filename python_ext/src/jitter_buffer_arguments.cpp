#include "jitter_buffer_arguments.hpp"

namespace rtpsynth::python {

namespace {

bool max_delay(PyObject* value, const option_text& text, jitter_buffer_options& out) {
    if (value == Py_None) return true;
    const auto range = bounds_of<long long>(text.range);
    duration::rep ns;
    if (!to_integer(value, text.name, ns, range.least, range.most)) return false;
    out.max_delay = duration{ns};
    return true;
}

using options = jitter_buffer_options;

} // namespace

constinit const option_table<jitter_buffer_options, 4> jitter_buffer_table{
    "RtpJBuf",
    4,
    {{{{"capacity", "int", nullptr, "1..16383", "packets held at most; 1 never waits"},
       integer<&options::capacity>},
      {{"max_delay_ns", "int | None", "None", "0..9223372036854775807",
        "nanoseconds that a packet may wait at most; None: until the buffer is full"},
       max_delay},
      {{"max_dropout", "int", "3000", "0..4294967295",
        "a packet more than this ahead, and more than twice the capacity, is out of sequence"},
       integer<&options::max_dropout>},
      {{"max_misorder", "int", "3000", "0..4294967295",
        "a packet more than this behind is out of sequence"},
       integer<&options::max_misorder>}}}};

} // namespace rtpsynth::python
