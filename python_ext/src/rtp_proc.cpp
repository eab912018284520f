#include "core/heap_type.hpp"
#include "core/stats.hpp"
#include "metrics.hpp"
#include "public_types.hpp"
#include "rtp_proc_channel.hpp"

#include <rtpsynth/asio_server/metrics.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace rtpsynth::python {

namespace {

struct proc_payload {
    std::shared_ptr<proc> native;
};
using proc_object = instance<proc_payload>;

proc_object* current = nullptr; // the one instance, owned

constexpr long long longest_slack_ns = 1'000'000'000;

bool is_usable(const proc& p) { return !p.is_shut_down() && !p.inherited(); }

/// __new__, which returns the one instance.
PyObject* make(PyTypeObject* type, PyObject* args, PyObject* keywords) {
    static const char* names[] = {"slack_ns", nullptr};
    PyObject* given = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|$O:RtpProc", const_cast<char**>(names),
                                     &given))
        return nullptr;
    std::int64_t slack_ns = 0;
    if (given != Py_None && !to_integer(given, "slack_ns", slack_ns, 0, longest_slack_ns))
        return nullptr;
    const asio_server::proc_options options{.slack = duration{slack_ns}};
    return translated([&]() -> PyObject* {
        if (current == nullptr || !is_usable(*current->payload.native)) {
            auto native = std::make_shared<proc>(options);
            py_ref made = heap_type<proc_payload>::allocate(type);
            if (!made) return nullptr;
            auto* const object = &instance_of<proc_payload>(made.release());
            object->payload.native = std::move(native);
            const py_ref before{reinterpret_cast<PyObject*>(std::exchange(current, object))};
        } else if (const auto slack = current->payload.native->options().slack;
                   given != Py_None && slack != options.slack) {
            PyErr_Format(PyExc_RuntimeError,
                         "there is an RtpProc with slack_ns=%lld: shut it down first",
                         static_cast<long long>(slack.count()));
            return nullptr;
        }
        return py_ref::share(current->object()).release();
    });
}

PyObject* create_channel(proc_payload& self, const arguments<1>& a) {
    if (!PyCallable_Check(a[0])) {
        PyErr_SetString(PyExc_TypeError, "proc_in must be callable");
        return nullptr;
    }
    const auto native = self.native;
    if (!native->check_usable()) return nullptr;
    try {
        return open_proc_channel(native, a[0]).release();
    } catch (const boost::system::system_error& e) {
        if (e.code() != boost::asio::error::operation_aborted) throw;
        PyErr_SetString(PyExc_RuntimeError, "RtpProc is shutting down");
        return nullptr;
    }
}

PyObject* shutdown(proc_payload& self) {
    const auto native = self.native;
    native->shutdown();
    Py_RETURN_NONE;
}

bool leave_proc(proc_payload& self, PyObject*) { return static_cast<bool>(py_ref{shutdown(self)}); }

PyObject* get_slack(const proc_payload& self) {
    return PyLong_FromLongLong(self.native->options().slack.count());
}

PyObject* get_stats(const proc_payload& self) {
    const auto native = self.native;
    if (native->inherited()) return native->check_usable(), nullptr;
    const auto n = native->worker()->native().stats();
    const auto ns = [](duration d) { return static_cast<std::uint64_t>(d.count()); };
    return make_stats({{"channels", n.channels},
                       {"calls", n.calls},
                       {"overdue", n.overdue},
                       {"exceptions", n.exceptions + native->worker()->exceptions()},
                       {"lateness_p50_ns", ns(n.lateness.quantile(0.5))},
                       {"lateness_p99_ns", ns(n.lateness.quantile(0.99))},
                       {"lateness_max_ns", ns(n.lateness.max())}})
        .release();
}

constexpr const char* proc_doc =
    R"(Calls Python functions at the times they ask for, on one worker thread. RtpProc() returns the one
instance, or a fresh one after shutdown().

slack_ns, 0..1000000000, is how late a call may begin so that it is made together with others: fewer
wake-ups, and less processor time a call. None: as the instance that there is has it, or 0. If that
has another, RuntimeError.

A channel that is always overdue takes turns with the others. Every method may be called from any
thread and from inside any callback. `with RtpProc() as proc:` shuts it down. A child after fork()
makes an instance of its own. Raises OSError if no thread can be started.)";

constexpr const char* create_channel_doc =
    R"(Calls proc_in(now_ns, 0) on the worker thread and, when that has returned, returns its
RtpProcChannel. Later calls are proc_in(now_ns, deadline_ns), never before deadline_ns, which is
what the call before returned: a time of CLOCK_MONOTONIC, as time.monotonic_ns() has it. A deadline
in the past is due at once. Returning None ends the schedule. Any other result, and any exception,
ends it too, and is raised by RtpProcChannel.close().

Raises TypeError if proc_in is not callable, RuntimeError after shutdown().)";

constexpr const char* shutdown_doc =
    R"(Ends all schedules and the worker thread. No further call starts; one that runs is waited for only
briefly. May be called any number of times, from any thread or callback.)";

constexpr const char* stats_doc =
    R"(A dict of ints: channels (open now), calls, overdue (calls whose deadline had passed when it was
given), exceptions (that ended a schedule), and how late the other calls were: lateness_p50_ns,
lateness_p99_ns, lateness_max_ns.)";

bool write_metrics(PyObject* object, metrics_page& page, const metric_labels& labels) {
    const auto native = instance_of<proc_payload>(object).payload.native;
    if (native->inherited()) return native->check_usable();
    auto n = native->worker()->native().stats();
    n.exceptions += native->worker()->exceptions();
    asio_server::add_metrics(page, n, labels);
    return true;
}

} // namespace

void bind_proc() {
    bind_proc_channel();
    auto* const type = heap_type<proc_payload>::add({
        .name = "rtpsynth.RtpProc.RtpProc",
        .doc = proc_doc,
        .flags = Py_TPFLAGS_IMMUTABLETYPE,
        .init = {.signature = "RtpProc(*, slack_ns=None)"},
        .make = make,
        .methods = {method<"create_channel(proc_in)", create_channel>(create_channel_doc),
                    method<"shutdown()", shutdown>(shutdown_doc), enter(),
                    leave<leave_proc>("shutdown().")},
        .attributes = {attribute<get_slack>("slack_ns", "As it was made with."),
                       attribute<get_stats>("stats", stats_doc)},
    });
    publish_metrics(type, write_metrics);
}

} // namespace rtpsynth::python
