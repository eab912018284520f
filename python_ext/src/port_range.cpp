#include "port_range.hpp"

#include "core/addresses.hpp"
#include "core/heap_type.hpp"
#include "core/stats.hpp"
#include "metrics.hpp"
#include "threads/process.hpp"

#include <rtpsynth/asio_server/metrics.hpp>

namespace rtpsynth::python {

namespace {

struct ports_payload {
    std::shared_ptr<asio_server::port_range> native; // null before __init__
    process_mark process;
    bool initialised() const noexcept { return native != nullptr; }
};

PyTypeObject* ports_type = nullptr;

bool check_process(const ports_payload& self) {
    if (!self.process.inherited()) return true;
    PyErr_SetString(PyExc_RuntimeError, "PortRange was made before fork(); make a new one");
    return false;
}

bool initialise(ports_payload& self, const arguments<4>& a) {
    asio_server::port_range_options o;
    if ((a[0] != nullptr && !to_integer(a[0], "first", o.first, 1, 65535)) ||
        (a[1] != nullptr && !to_integer(a[1], "last", o.last, 1, 65535)) ||
        (a[2] != nullptr && !to_numeric_address(a[2], "host", o.address)))
        return false;
    if (a[3] != nullptr) {
        const int single = PyObject_IsTrue(a[3]);
        if (single < 0) return false;
        o.single = single != 0;
    }
    self.native = std::make_shared<asio_server::port_range>(o);
    self.process = {};
    return true;
}

PyObject* get_stats(const ports_payload& self) {
    if (!check_process(self)) return nullptr;
    const asio_server::port_range_stats n = self.native->stats();
    return make_stats({{"places", n.places}, {"in_use", n.in_use}, {"taken", n.taken}}).release();
}

bool write_metrics(PyObject* object, metrics_page& page, const metric_labels& labels) {
    auto* const self = initialised<ports_payload>(object);
    if (self == nullptr || !check_process(*self)) return false;
    asio_server::add_metrics(page, self->native->stats(), labels);
    return true;
}

constexpr const char* ports_doc =
    R"(The ports that relays get: pairs of an even port for RTP and the next one for RTCP, handed out in
turn, so that late packets of an ended call do not reach a new one. Ports of other programs are
skipped. Any number of servers may share it.

first, last: 1..65535, the bounds of the range, both included. host: the numeric address to bind to.
single: single ports instead of pairs, for relays whose legs have rtcp_mux. ValueError: a range
without a place. A child after fork() makes its own.)";

constexpr const char* stats_doc =
    R"(A dict of ints. places: pairs of ports or, with single, ports; in_use: places of open relays;
taken: places that other programs had when they were last tried.)";

} // namespace

std::shared_ptr<asio_server::port_range> to_port_range(PyObject* value, const char* name) {
    if (PyObject_TypeCheck(value, ports_type) == 0) {
        PyErr_Format(PyExc_TypeError, "%s must be a PortRange, not %.200s", name,
                     Py_TYPE(value)->tp_name);
        return nullptr;
    }
    auto* const self = initialised<ports_payload>(value);
    return self != nullptr && check_process(*self) ? self->native : nullptr;
}

void bind_port_range() {
    ports_type = heap_type<ports_payload>::add({
        .name = "rtpsynth.relay.PortRange",
        .doc = ports_doc,
        .flags = Py_TPFLAGS_BASETYPE,
        .init =
            init<"PortRange(first=16384, last=32767, host='0.0.0.0', single=False)", initialise>(),
        .attributes = {attribute<get_stats>("stats", stats_doc)},
    });
    publish_metrics(ports_type, write_metrics);
}

} // namespace rtpsynth::python
