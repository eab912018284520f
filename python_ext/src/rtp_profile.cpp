#include "rtp_profile.hpp"

#include "core/py_ref.hpp"

#include <rtpsynth/rtp/payload_type.hpp>

#include <array>

namespace rtpsynth::python {

namespace {

// By payload type; Python's None where there is no profile. Never freed.
std::array<PyObject*, 128> profiles{};

PyStructSequence_Field fields[] = {
    {"encoding_name", "str: as registered, like 'PCMU'"},
    {"clock_rate", "int: of the RTP timestamp, Hz; G722's is 8000"},
    {"channels", "int: of audio; 0 of video, or if the payload type does not tell"},
    {"kind", "str: 'audio', 'video' or 'audio/video'"},
    {nullptr, nullptr},
};
PyStructSequence_Desc description{
    "rtpsynth.RtpJBuf.RTPProfile",
    "A row of the table of static payload types in RFC 3551, section 6: a named tuple.", fields, 4};

const char* name_of(rtp_media_kind kind) noexcept {
    return kind == RTP_MEDIA_AUDIO ? "audio" : kind == RTP_MEDIA_VIDEO ? "video" : "audio/video";
}

py_ref make_profile(PyTypeObject* type, const rtp_profile& row) {
    py_ref profile{PyStructSequence_New(type)};
    if (!profile) throw boost::python::error_already_set{};
    PyObject* const items[] = {
        PyUnicode_FromString(row.encoding_name), PyLong_FromUnsignedLong(row.clock_rate),
        PyLong_FromUnsignedLong(row.channels), PyUnicode_FromString(name_of(row.kind))};
    for (Py_ssize_t i = 0; i != 4; ++i) PyStructSequence_SetItem(profile.get(), i, items[i]);
    if (PyErr_Occurred()) throw boost::python::error_already_set{};
    return profile;
}

} // namespace

PyObject* profile_object(std::uint8_t payload_type) noexcept {
    return py_ref::share(profiles[payload_type]).release();
}

void bind_rtp_profiles() {
    namespace bp = boost::python;
    PyTypeObject* const type = PyStructSequence_NewType(&description);
    if (type == nullptr) throw bp::error_already_set{};
    bp::scope{}.attr("RTPProfile") =
        bp::object{bp::handle<>{bp::borrowed(reinterpret_cast<PyObject*>(type))}};
    for (std::size_t pt = 0; pt != profiles.size(); ++pt) {
        const rtp_profile* const row = static_profile(static_cast<std::uint8_t>(pt));
        profiles[pt] =
            row == nullptr ? py_ref::share(Py_None).release() : make_profile(type, *row).release();
    }
}

} // namespace rtpsynth::python
