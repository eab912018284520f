#include "rtp_relay.hpp"

#include "core/addresses.hpp"
#include "core/stats.hpp"
#include "leg_options.hpp"
#include "metrics.hpp"
#include "port_range.hpp"
#include "public_types.hpp"
#include "relay_arguments.hpp"
#include "rtp_server.hpp"
#include "threads/gil.hpp"

#include <rtpsynth/asio_server/metrics.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <optional>
#include <string_view>
#include <utility>

namespace rtpsynth::python {

using asio_server::relay_leg;

relay::~relay() {
    on_media_timeout = {};
    on_source_changed = {};
    done = {};
    if (!native) return;
    const gil_released others_run; // while the sockets are closed
    native.reset();
}

int relay::traverse(visitproc visit, void* arg) const {
    Py_VISIT(on_media_timeout.get());
    Py_VISIT(on_source_changed.get());
    Py_VISIT(done.get());
    return 0;
}

void relay::clear() { // the sockets are closed when the object goes
    on_media_timeout = {};
    on_source_changed = {};
    done = {};
}

void relay::detach() noexcept {
    if (link) link->detach();
    closed = true;
}

bool relay::check_open() const {
    if (server->inherited())
        server->check_usable();
    else if (closed)
        PyErr_SetString(PyExc_RuntimeError, "relay is closed");
    else if (server->is_shut_down())
        PyErr_SetString(PyExc_RuntimeError, "Server has been shutdown");
    else
        return true;
    return false;
}

namespace {

PyTypeObject* relay_type = nullptr;

/// \return false with an error set
bool open(instance<relay>& object, const relay_arguments& a, const std::shared_ptr<server>& home) {
    relay& self = object.payload;
    const auto leg_a = to_leg_settings(a.a, "a");
    const auto leg_b = leg_a ? to_leg_settings(a.b, "b") : nullptr;
    if (!leg_b) return false;
    std::shared_ptr<asio_server::port_range> ports;
    if (a.ports != nullptr && !(ports = to_port_range(a.ports, "ports"))) return false;
    if (a.media_timeout_ns.has_value() != (a.on_media_timeout != nullptr)) {
        PyErr_SetString(PyExc_TypeError, "media_timeout_ns and on_media_timeout go together");
        return false;
    }
    asio_server::rtp_relay_options o{.a = leg_a->options, .b = leg_b->options};
    o.a.protection = make_protection(leg_a->cryptos);
    o.b.protection = make_protection(leg_b->cryptos);
    const auto link = std::make_shared<relay_link>(home->queue());
    if (a.media_timeout_ns) {
        o.media_timeout = duration{*a.media_timeout_ns};
        o.on_media_timeout = [link](asio_server::rtp_relay&, relay_leg leg) {
            link->media_timeout(leg);
        };
    }
    if (a.on_source_changed != nullptr)
        o.on_source_changed = [link](asio_server::rtp_relay&, relay_leg leg,
                                     const relay_link::endpoint& source) {
            link->source_changed(leg, source);
        };
    self.server = home;
    self.on_media_timeout = py_ref::share(a.on_media_timeout);
    self.on_source_changed = py_ref::share(a.on_source_changed);
    std::shared_ptr<asio_server::rtp_relay> native;
    {
        const gil_released others_run;
        native = ports ? std::make_shared<asio_server::rtp_relay>(home->native(), *ports, o)
                       : std::make_shared<asio_server::rtp_relay>(home->native(), o);
    }
    self.native = std::move(native);
    self.link = link;
    if (link->attach(object)) home->native().wake();
    return true;
}

/// __new__, since there is no second __init__.
PyObject* make(PyTypeObject*, PyObject* positional, PyObject* keywords) {
    return translated([&]() -> PyObject* {
        unpacked_call c;
        relay_arguments a;
        if (!c.assign(positional, keywords) || !relay_table.parse(c.get(), a)) return nullptr;
        const auto home = to_server(a.server, "server");
        if (!home) return nullptr;
        try {
            return heap_type<relay>::create(
                       [&](instance<relay>& object) { return open(object, a, home); })
                .release();
        } catch (const boost::system::system_error& e) {
            if (e.code() == boost::asio::error::operation_aborted)
                PyErr_SetString(PyExc_RuntimeError, "RtpServer is shutting down");
            else
                set_os_error(e.code().value(), e.what());
            return nullptr;
        }
    });
}

bool to_leg(PyObject* value, relay_leg& out) {
    std::string_view name;
    if (!to_text(value, "leg", name)) return false;
    if (name == "a") return out = relay_leg::a, true;
    if (name == "b") return out = relay_leg::b, true;
    PyErr_Format(PyExc_ValueError, "leg must be 'a' or 'b', not %R", value);
    return false;
}

/// The argument leg, of a relay that may be closed. \return false with an error set
bool to_leg_here(const relay& self, PyObject* value, relay_leg& out) {
    if (self.server->inherited()) return self.server->check_usable();
    return to_leg(value, out);
}

PyObject* local_addr(const relay& self, const arguments<1>& a) {
    relay_leg leg;
    if (!to_leg_here(self, a[0], leg)) return nullptr;
    return to_address(self.native->local_endpoint(leg)).release();
}

PyObject* rtcp_addr(const relay& self, const arguments<1>& a) {
    relay_leg leg;
    if (!to_leg_here(self, a[0], leg)) return nullptr;
    return to_address(self.native->rtcp_channel(leg).local_endpoint()).release();
}

PyObject* target(const relay& self, const arguments<1>& a) {
    relay_leg leg;
    if (!to_leg_here(self, a[0], leg)) return nullptr;
    const auto found = self.native->target(leg);
    if (!found) Py_RETURN_NONE;
    return to_address(*found).release();
}

PyObject* set_peer(const relay& self, const arguments<2>& a) {
    relay_leg leg;
    relay_link::endpoint peer;
    if (!to_leg(a[0], leg) || !to_endpoint(a[1], "peer", peer) || !self.check_open())
        return nullptr;
    if (const auto ec = self.native->set_peer(leg, peer))
        return set_os_error(ec.value(), ec.message()), nullptr;
    Py_RETURN_NONE;
}

PyObject* set_crypto(const relay& self, const arguments<3>& a) {
    relay_leg leg;
    srtp_cryptos cryptos;
    if (!to_leg(a[0], leg) || !to_cryptos(a[1], a[2], cryptos) || !self.check_open())
        return nullptr;
    self.native->set_protection(leg, make_protection(cryptos));
    Py_RETURN_NONE;
}

PyObject* stats(const relay& self, const arguments<1>& a) {
    relay_leg leg;
    if (!to_leg_here(self, a[0], leg)) return nullptr;
    const asio_server::relay_leg_stats n = self.native->stats(leg);
    return make_stats({{"received", n.received},
                       {"forwarded", n.forwarded},
                       {"rejected", n.rejected},
                       {"not_authentic", n.not_authentic},
                       {"malformed", n.malformed},
                       {"oversized", n.oversized},
                       {"dropped", n.dropped},
                       {"late", n.late},
                       {"undecodable", n.undecodable},
                       {"unsent", n.unsent},
                       {"transcoded", n.transcoded},
                       {"rtcp_received", n.rtcp_received},
                       {"rtcp_forwarded", n.rtcp_forwarded},
                       {"rtcp_rejected", n.rtcp_rejected},
                       {"rtcp_not_authentic", n.rtcp_not_authentic},
                       {"rtcp_malformed", n.rtcp_malformed},
                       {"rtcp_dropped", n.rtcp_dropped},
                       {"rtcp_unsent", n.rtcp_unsent},
                       {"other", n.other},
                       {"timeouts", n.timeouts},
                       {"latched", n.latch.latched},
                       {"segments", n.stream.switches},
                       {"octets", n.stream.octets},
                       {"dropped_late", n.stream.late},
                       {"dropped_overtaken", n.stream.overtaken},
                       {"dropped_unmapped", n.stream.unmapped},
                       {"dropped_rejected", n.stream.rejected},
                       {"dropped_malformed", n.stream.malformed}})
        .release();
}

PyObject* source_stats(const relay& self, const arguments<1>& a) {
    relay_leg leg;
    if (!to_leg_here(self, a[0], leg)) return nullptr;
    return make_stats(self.native->source_stats(leg)).release();
}

void close_now(relay& self) {
    self.detach();
    const py_ref timeout{std::move(self.on_media_timeout)};
    const py_ref source{std::move(self.on_source_changed)};
    const auto native = self.native;
    const gil_released others_run;
    native->close();
}

void close_later(relay& self, PyObject* done) {
    const auto link = self.link;
    self.native->async_close([link](const boost::system::error_code& ec) { link->closed(ec); });
    self.closed = true;
    link->close();
    self.done = py_ref::share(done);
    const py_ref timeout{std::move(self.on_media_timeout)};
    const py_ref source{std::move(self.on_source_changed)};
}

PyObject* close(relay& self, const arguments<1>& a) {
    PyObject* const done = a[0] == Py_None ? nullptr : a[0];
    if (done != nullptr && !PyCallable_Check(done)) {
        PyErr_SetString(PyExc_TypeError, "done must be callable");
        return nullptr;
    }
    if (!self.check_open()) return nullptr;
    if (done != nullptr)
        close_later(self, done);
    else
        close_now(self);
    Py_RETURN_NONE;
}

bool leave_relay(relay& self, PyObject*) {
    if (self.closed || self.server->is_shut_down()) return true;
    if (!self.check_open()) return false;
    close_now(self);
    return true;
}

PyObject* get_closed(const relay& self) { return PyBool_FromLong(self.closed); }

bool write_metrics(PyObject* object, metrics_page& page, const metric_labels& labels) {
    const relay& self = instance_of<relay>(object).payload;
    if (self.server->inherited()) return self.server->check_usable();
    asio_server::add_metrics(page, self.native->stats(relay_leg::a), labels.with("leg", "a"));
    asio_server::add_metrics(page, self.native->stats(relay_leg::b), labels.with("leg", "b"));
    return true;
}

constexpr const char* relay_doc =
    R"(Forwards RTP and RTCP between the two legs of a call, 'a' and 'b', for example two telephones behind
NATs. Nothing of it takes the interpreter's lock. Each side receives one continuous stream of one
SSRC, with its own payload types; RTCP is translated. All sockets are bound on return.

)";

constexpr const char* relay_end =
    R"(
Callbacks come on the server's thread for callbacks, one at a time; what they raise goes to
sys.unraisablehook. Every method may be called from any thread and from inside any callback. A relay
that nothing refers to any more is closed, even if its callbacks refer to it. `with relay:` closes it.
A child after fork() can only drop it.

Raises TypeError, ValueError, OSError with errno (EADDRINUSE: no port is free), RuntimeError after
the server's shutdown().)";

constexpr const char* set_peer_doc =
    R"(Sets the signalled (host, port) of a leg's peer, whose host is a numeric address. If it differs from
that before, the latch begins anew. Raises ValueError, OSError, RuntimeError after close() or
shutdown().)";

constexpr const char* set_crypto_doc =
    R"(Replaces the SRTP keys of a leg, as after a re-INVITE, by those of two values of a=crypto; None, None:
packets are plain from now on. Raises as LegOptions, and RuntimeError after close() or shutdown().)";

constexpr const char* stats_doc =
    R"(A dict of ints, counted since the relay was made: of what came from a leg.

received: RTP datagrams; the sum of forwarded (to the other leg), rejected (from another source than
the latched one), not_authentic, malformed, oversized (above 2048 bytes), dropped, late and
undecodable (when transcoding), unsent (the other leg has no address yet, or its queue is full)
dropped_...: the parts of dropped: late, overtaken, unmapped, rejected, malformed
transcoded: given another codec; octets: of payload, forwarded
rtcp_received: RTCP datagrams; the sum of the other rtcp_...; rtcp_dropped had nothing for the other
other: datagrams that are neither, such as STUN
latched: times that a source was latched to; segments: of the stream, each of one source; timeouts:
of media_timeout_ns)";

constexpr const char* source_stats_doc =
    R"(A dict of ints about the packets of a leg's present source, as ReceiverStats.stats has it.)";

constexpr const char* close_doc =
    R"(Sends the packets that were accepted and closes the sockets. From here on nothing is forwarded, and no
other callback starts; one that runs already is not waited for.

done: None: waits until the ports are free, 0.1 s at most. Otherwise returns at once, and
done(relay, error) is called then, as the other callbacks are: error is None, or an OSError such as
TimeoutError if packets were lost. It is not called after the server's shutdown(), nor if nothing
refers to the relay any more. Raises RuntimeError if the relay is closed, or its server shut down.)";

} // namespace

void bind_relay() {
    bind_port_range();
    bind_leg_options();
    relay_type = heap_type<relay>::add({
        .name = "rtpsynth.relay.RtpRelay",
        .doc = relay_doc + relay_table.documentation() + relay_end,
        .flags = Py_TPFLAGS_IMMUTABLETYPE,
        .init = {.signature = relay_table.signature()},
        .make = make,
        .methods = {method<"local_addr(leg)", local_addr>(
                        "(host, port) that a leg's peer sends RTP to; also when closed."),
                    method<"rtcp_addr(leg)", rtcp_addr>(
                        "(host, port) that it sends RTCP to; with rtcp_mux the same."),
                    method<"target(leg)", target>("(host, port) that RTP for a leg is sent to, the "
                                                  "latched source or the peer; None: "
                                                  "neither is known."),
                    method<"set_peer(leg, peer)", set_peer>(set_peer_doc),
                    method<"set_crypto(leg, local_crypto, remote_crypto)", set_crypto>(
                        set_crypto_doc),
                    method<"stats(leg)", stats>(stats_doc),
                    method<"source_stats(leg)", source_stats>(source_stats_doc),
                    method<"close(done=None)", close>(close_doc), enter(),
                    leave<leave_relay>("close(), unless it is closed.")},
        .attributes = {attribute<get_closed>(
            "closed", "True after close(). Stays False when the server is shut down.")},
    });
    publish_metrics(relay_type, write_metrics);
}

} // namespace rtpsynth::python
