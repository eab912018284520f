#include "srtp_crypto.hpp"

#include "core/call.hpp"
#include "public_types.hpp"

#ifdef RTPSYNTH_HAS_SRTP
#    include <rtpsynth/asio_server/call/srtp_protection.hpp>
#    include <rtpsynth/base/random.hpp>
#endif

#include <cstdint>
#include <string_view>

namespace rtpsynth::python {

#ifdef RTPSYNTH_HAS_SRTP

namespace {

bool to_crypto(PyObject* value, const char* name, std::string& out) {
    std::string_view text;
    if (!to_text(value, name, text)) return false;
    const auto parsed = parse_srtp_crypto(text);
    if (!parsed) { // without the key, which is a secret
        PyErr_Format(PyExc_ValueError, "%s must be a value of a=crypto: %s", name,
                     make_error_code(parsed.error()).message().c_str());
        return false;
    }
    out = text;
    return true;
}

PyObject* generate(const arguments<2>& a) {
    std::string_view name = "AES_CM_128_HMAC_SHA1_80";
    std::uint32_t tag = 1;
    if ((a[0] != nullptr && !to_text(a[0], "suite", name)) ||
        (a[1] != nullptr && !to_integer(a[1], "tag", tag, 0, 999'999'999)))
        return nullptr;
    const auto suite = find_srtp_suite(name);
    if (!suite || !is_available(*suite)) {
        PyErr_Format(PyExc_ValueError, "suite %R is not available", a[0]);
        return nullptr;
    }
    const srtp_crypto made{tag, srtp_key::generate(*suite, system_random32)};
    const std::string text = made.text();
    return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

} // namespace

std::shared_ptr<asio_server::packet_protection> make_protection(const srtp_cryptos& cryptos) {
    if (cryptos.empty()) return nullptr;
    return std::make_shared<asio_server::srtp_protection>(
        parse_srtp_crypto(cryptos.local).value().key,
        parse_srtp_crypto(cryptos.remote).value().key);
}

#else

namespace {

bool to_crypto(PyObject*, const char*, std::string&) {
    PyErr_SetString(PyExc_RuntimeError, "rtpsynth was built without SRTP (libsrtp2)");
    return false;
}

PyObject* generate(const arguments<2>&) {
    PyErr_SetString(PyExc_RuntimeError, "rtpsynth was built without SRTP (libsrtp2)");
    return nullptr;
}

} // namespace

std::shared_ptr<asio_server::packet_protection> make_protection(const srtp_cryptos&) {
    return nullptr;
}

#endif

bool to_cryptos(PyObject* local, PyObject* remote, srtp_cryptos& out) {
    const bool none = local == nullptr || local == Py_None;
    if (none != (remote == nullptr || remote == Py_None)) {
        PyErr_SetString(PyExc_TypeError, "local_crypto and remote_crypto go together");
        return false;
    }
    srtp_cryptos both;
    if (!none && (!to_crypto(local, "local_crypto", both.local) ||
                  !to_crypto(remote, "remote_crypto", both.remote)))
        return false;
    static_cast<void>(make_protection(both)); // throws if a suite is not available
    out = std::move(both);
    return true;
}

void bind_srtp_crypto() {
    add_functions({function<"_generate_crypto(suite='AES_CM_128_HMAC_SHA1_80', tag=1)", generate>(
        "Behind rtpsynth.sdp.generate_crypto.")});
}

} // namespace rtpsynth::python
