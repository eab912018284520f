#include "core/addresses.hpp"

#include "core/convert.hpp"
#include "threads/gil.hpp"

#include <boost/asio/error.hpp>

#include <netdb.h>
#include <sys/socket.h>

#include <string_view>

namespace rtpsynth::python {

using asio_server::address_family;
using boost::asio::ip::udp;
using boost::system::error_code;

bool to_host(PyObject* value, const char* name, std::string& out) {
    std::string_view text;
    if (!to_text(value, name, text)) return false;
    if (text.find('\0') != text.npos) {
        PyErr_Format(PyExc_ValueError, "%s must not contain a null character", name);
        return false;
    }
    out = text;
    return true;
}

bool to_family(PyObject* value, const char* name, address_family& out) {
    if (value == Py_None) return out = address_family::any, true;
    if (PyUnicode_Check(value)) {
        std::string text;
        if (!to_host(value, name, text)) return false;
        if (text == "auto") return out = address_family::any, true;
        if (text == "ipv4") return out = address_family::v4, true;
        if (text == "ipv6") return out = address_family::v6, true;
    } else {
        long number = -1;
        if (!to_integer(value, name, number)) {
            if (!PyErr_ExceptionMatches(PyExc_ValueError)) return false;
            PyErr_Clear(); // its range is not the one to name
        }
        if (number == AF_UNSPEC) return out = address_family::any, true;
        if (number == 4 || number == AF_INET) return out = address_family::v4, true;
        if (number == 6 || number == AF_INET6) return out = address_family::v6, true;
    }
    PyErr_Format(PyExc_ValueError,
                 "%s must be 0, None, 'auto' or AF_UNSPEC, 4, 'ipv4' or AF_INET, 6, 'ipv6' or "
                 "AF_INET6, not %R",
                 name, value);
    return false;
}

bool to_numeric_address(PyObject* value, const char* name, boost::asio::ip::address& out) {
    std::string host;
    if (!to_host(value, name, host)) return false;
    error_code no_number;
    const auto address = boost::asio::ip::make_address(host, no_number);
    if (!no_number) return out = address, true;
    PyErr_Format(PyExc_ValueError, "%s must hold a numeric address, not %R", name, value);
    return false;
}

bool to_endpoint(PyObject* value, const char* name, udp::endpoint& out) {
    if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) != 2) {
        PyErr_Format(PyExc_TypeError, "%s must be a (host, port) tuple", name);
        return false;
    }
    boost::asio::ip::address host;
    std::uint16_t port;
    if (!to_numeric_address(PyTuple_GET_ITEM(value, 0), name, host) ||
        !to_integer(PyTuple_GET_ITEM(value, 1), name, port, 1, 65535))
        return false;
    out = {host, port};
    return true;
}

std::optional<udp::endpoint> resolve_released(const std::string& host, std::uint16_t port,
                                              address_family family) {
    error_code ec, no_number;
    boost::asio::ip::make_address(host, no_number);
    udp::endpoint found;
    if (no_number) {
        const gil_released others_run;
        found = asio_server::resolve(host, port, family, ec);
    } else {
        found = asio_server::resolve(host, port, family, ec);
    }
    if (!ec) return found;
    set_host_error(ec, host);
    return std::nullopt;
}

void set_host_error(const error_code& ec, const std::string& host) {
    const std::string what = ec.message() + ": '" + host + "'";
    const auto& category = ec.category();
    int code = 0;
    if (category == boost::asio::error::get_addrinfo_category())
        code = ec.value();
    else if (ec == boost::asio::error::host_not_found)
        code = EAI_NONAME;
    else if (ec == boost::asio::error::host_not_found_try_again)
        code = EAI_AGAIN;
    else if (category == boost::asio::error::get_netdb_category())
        code = EAI_FAIL;
    if (code == 0) return set_os_error(ec.value(), what);
    const py_ref socket{PyImport_ImportModule("socket")};
    const py_ref type{socket ? PyObject_GetAttrString(socket.get(), "gaierror") : nullptr};
    const py_ref arguments{Py_BuildValue("(is)", code, what.c_str())};
    if (type && arguments) PyErr_SetObject(type.get(), arguments.get());
}

py_ref to_address(const udp::endpoint& endpoint) {
    return py_ref{Py_BuildValue("(sH)", endpoint.address().to_string().c_str(), endpoint.port())};
}

} // namespace rtpsynth::python
