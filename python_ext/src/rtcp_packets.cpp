#include "core/call.hpp"
#include "core/records.hpp"
#include "public_types.hpp"
#include "rtcp_records.hpp"

#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/packet.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rtpsynth::python {

namespace {

constexpr const char* module = "rtpsynth.rtcp";

/// Appends to \p list. \return false with an error set
bool append(const py_ref& list, const py_ref& object) {
    return object && PyList_Append(list.get(), object.get()) == 0;
}

py_ref make_item(const sdes_item& item) {
    const py_ref number = make_number(static_cast<std::uint8_t>(item.type));
    const py_ref text = number ? make_text(item.text) : py_ref{};
    return py_ref{text ? PyTuple_Pack(2, number.get(), text.get()) : nullptr};
}

py_ref make_description(const sdes_chunk& chunk) {
    std::string_view cname;
    bool named = false;
    std::vector<sdes_item> others;
    for (const sdes_item item : chunk) {
        if (item.type == sdes_type::cname && !std::exchange(named, true))
            cname = item.text;
        else
            others.push_back(item);
    }
    return make_record(module, "SourceDescription",
                       {make_number(chunk.ssrc()), make_text(cname), tuple_of(others, make_item)});
}

/// Appends what a packet is, which may be several descriptions. \return false with an error set
bool append_packet(const py_ref& list, const rtcp_packet_view& packet) {
    if (const auto report = rtcp_report_view::parse(packet)) {
        std::vector<report_block> blocks;
        for (std::size_t i = 0; i != report->block_count(); ++i) blocks.push_back(report->block(i));
        const auto sender = report->sender();
        return append(list,
                      make_report_record(report->ssrc(), sender ? &*sender : nullptr, blocks));
    }
    if (const auto sdes = rtcp_sdes_view::parse(packet)) {
        for (const sdes_chunk chunk : *sdes)
            if (!append(list, make_description(chunk))) return false;
        return true;
    }
    if (const auto bye = rtcp_bye_view::parse(packet)) {
        std::vector<std::uint32_t> ssrcs;
        for (std::size_t i = 0; i != bye->ssrc_count(); ++i) ssrcs.push_back(bye->ssrc(i));
        return append(list, make_record(module, "Goodbye",
                                        {tuple_of(ssrcs, make_number), make_text(bye->reason())}));
    }
    return append(list, make_record(module, "OtherRtcp",
                                    {make_number(static_cast<std::uint8_t>(packet.type())),
                                     make_number(packet.count()), make_bytes(packet.body())}));
}

bool to_mode(PyObject* reduced_size, rtcp_mode& out) {
    const int reduced = PyObject_IsTrue(reduced_size);
    out = reduced == 1 ? rtcp_mode::reduced_size : rtcp_mode::compound;
    return reduced >= 0;
}

PyObject* fail(const char* what, errc error) {
    PyErr_Format(PyExc_ValueError, "%s: %s", what, make_error_code(error).message().c_str());
    return nullptr;
}

PyObject* parse(const arguments<2>& a) {
    bytes_view given;
    rtcp_mode mode;
    if (!to_mode(a[1], mode) || !given.assign(a[0], "datagram")) return nullptr;
    // Making objects may run code that writes to the datagram.
    const std::vector<std::uint8_t> datagram(given.bytes().begin(), given.bytes().end());
    const auto compound = rtcp_compound_view::parse(datagram, mode);
    if (!compound) return fail("datagram is not RTCP", compound.error());
    py_ref list{PyList_New(0)};
    if (!list) return nullptr;
    for (const rtcp_packet_view packet : *compound)
        if (!append_packet(list, packet)) return nullptr;
    return list.release();
}

/// A datagram that is being built of Python's objects.
class compound_writer {
public:
    explicit compound_writer(rtcp_mode mode) : storage_(65507), builder_(storage_, mode) {}

    /// The types by which packets are told. \return false with an error set
    bool import() {
        constexpr const char* names[] = {"SenderReport", "ReceiverReport", "SourceDescription",
                                         "Goodbye", "OtherRtcp"};
        for (std::size_t i = 0; i != std::size(names); ++i)
            if (!(types_[i] = import_name(module, names[i]))) return false;
        return true;
    }

    /// \return false with an error set
    bool add(PyObject* packet, Py_ssize_t index) {
        using adder = bool (compound_writer::*)(PyObject*);
        constexpr adder adders[] = {&compound_writer::add_sender_report,
                                    &compound_writer::add_receiver_report,
                                    &compound_writer::add_description,
                                    &compound_writer::add_goodbye, &compound_writer::add_other};
        constexpr Py_ssize_t fields[] = {6, 2, 3, 2, 3};
        where_ = "packets[" + std::to_string(index) + "]";
        if (PyBytes_Check(packet)) return add_ready(packet);
        for (std::size_t i = 0; i != std::size(adders); ++i) {
            const int is = PyObject_IsInstance(packet, types_[i].get());
            if (is < 0) return false;
            if (is != 0 && PyTuple_Check(packet) && PyTuple_GET_SIZE(packet) == fields[i])
                return (this->*adders[i])(packet);
        }
        PyErr_Format(PyExc_TypeError, "%s must be a packet of rtpsynth.rtcp or bytes, not %.200s",
                     where_.c_str(), Py_TYPE(packet)->tp_name);
        return false;
    }

    std::span<const std::uint8_t> bytes() const noexcept { return builder_.bytes(); }

private:
    std::string name(const char* field) const { return where_ + "." + field; }

    template <class Integer>
    bool number(PyObject* packet, Py_ssize_t at, const char* field, Integer& out) const {
        return to_integer(PyTuple_GET_ITEM(packet, at), name(field).c_str(), out);
    }

    template <class Result>
    bool done(const Result& result) const {
        if (result) return true;
        return fail(where_.c_str(), result.error()), false;
    }

    /// A str of at most 255 bytes.
    bool text(PyObject* value, const char* field, std::string_view& out) const {
        if (!to_text(value, name(field).c_str(), out)) return false;
        if (out.size() <= 255) return true;
        PyErr_Format(PyExc_ValueError, "%s must be at most 255 bytes, not %zu", name(field).c_str(),
                     out.size());
        return false;
    }

    bool add_sender_report(PyObject* p) {
        std::uint32_t ssrc;
        sender_info sender;
        std::vector<report_block> blocks;
        return number(p, 0, "ssrc", ssrc) &&
               to_wall_clock(PyTuple_GET_ITEM(p, 1), name("wall_clock_ns").c_str(), sender.ntp) &&
               number(p, 2, "rtp_timestamp", sender.rtp_timestamp) &&
               number(p, 3, "packet_count", sender.packet_count) &&
               number(p, 4, "octet_count", sender.octet_count) &&
               to_report_blocks(PyTuple_GET_ITEM(p, 5), name("blocks").c_str(), blocks) &&
               done(builder_.add_sender_report(ssrc, sender, blocks));
    }

    bool add_receiver_report(PyObject* p) {
        std::uint32_t ssrc;
        std::vector<report_block> blocks;
        return number(p, 0, "ssrc", ssrc) &&
               to_report_blocks(PyTuple_GET_ITEM(p, 1), name("blocks").c_str(), blocks) &&
               done(builder_.add_receiver_report(ssrc, blocks));
    }

    bool add_description(PyObject* p) {
        std::uint32_t ssrc;
        std::string_view cname;
        std::string body(4, '\0');
        if (!number(p, 0, "ssrc", ssrc) || !text(PyTuple_GET_ITEM(p, 1), "cname", cname))
            return false;
        if (!cname.empty()) add_item(body, 1, cname);
        const py_ref others{PySequence_Tuple(PyTuple_GET_ITEM(p, 2))};
        if (!others) return false;
        for (Py_ssize_t i = 0; i != PyTuple_GET_SIZE(others.get()); ++i) {
            PyObject* const item = PyTuple_GET_ITEM(others.get(), i);
            std::uint8_t type;
            std::string_view value;
            if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 2) {
                PyErr_Format(PyExc_TypeError, "%s must hold (type, text) tuples",
                             name("others").c_str());
                return false;
            }
            if (!to_integer(PyTuple_GET_ITEM(item, 0), name("others").c_str(), type, 1, 255) ||
                !text(PyTuple_GET_ITEM(item, 1), "others", value))
                return false;
            add_item(body, type, value);
        }
        body.resize(body.size() + 4 - body.size() % 4); // a null octet at least
        for (std::size_t i = 0; i != 4; ++i) body[i] = static_cast<char>(ssrc >> (24 - 8 * i));
        return add_body(rtcp_type::source_description, 1, body);
    }

    static void add_item(std::string& body, std::uint8_t type, std::string_view value) {
        body.push_back(static_cast<char>(type));
        body.push_back(static_cast<char>(value.size()));
        body.append(value);
    }

    bool add_goodbye(PyObject* p) {
        std::vector<std::uint32_t> ssrcs;
        std::string_view reason;
        const py_ref all{PySequence_Tuple(PyTuple_GET_ITEM(p, 0))};
        if (!all || !text(PyTuple_GET_ITEM(p, 1), "reason", reason)) return false;
        for (Py_ssize_t i = 0; i != PyTuple_GET_SIZE(all.get()); ++i)
            if (!number(all.get(), i, "ssrcs", ssrcs.emplace_back())) return false;
        return done(builder_.add_bye(ssrcs, reason));
    }

    bool add_other(PyObject* p) {
        std::uint8_t type;
        std::size_t count;
        bytes_view body;
        if (!to_integer(PyTuple_GET_ITEM(p, 0), name("type").c_str(), type, 192, 223) ||
            !to_integer(PyTuple_GET_ITEM(p, 1), name("subtype").c_str(), count, 0, 31) ||
            !body.assign(PyTuple_GET_ITEM(p, 2), name("body").c_str()))
            return false;
        return add_body(static_cast<rtcp_type>(type), count, body.bytes());
    }

    bool add_ready(PyObject* packets) {
        bytes_view bytes;
        if (!bytes.assign(packets, where_.c_str())) return false;
        const auto compound = rtcp_compound_view::parse(bytes.bytes(), rtcp_mode::reduced_size);
        if (!done(compound)) return false;
        return std::ranges::all_of(*compound, [this](const rtcp_packet_view& packet) {
            return add_body(packet.type(), packet.count(), packet.body());
        });
    }

    template <class Bytes>
    bool add_body(rtcp_type type, std::size_t count, const Bytes& body) {
        const auto place = builder_.add_packet(type, count, body.size());
        if (!done(place)) return false;
        if (!body.empty()) std::memcpy(place->data(), body.data(), body.size());
        return true;
    }

    std::vector<std::uint8_t> storage_;
    rtcp_builder builder_;
    std::string where_;
    py_ref types_[5];
};

PyObject* build(const arguments<2>& a) {
    rtcp_mode mode;
    const py_ref packets{PySequence_Tuple(a[0])};
    if (!packets || !to_mode(a[1], mode)) return nullptr;
    compound_writer writer{mode};
    if (!writer.import()) return nullptr;
    for (Py_ssize_t i = 0; i != PyTuple_GET_SIZE(packets.get()); ++i)
        if (!writer.add(PyTuple_GET_ITEM(packets.get(), i), i)) return nullptr;
    return make_bytes(writer.bytes()).release();
}

} // namespace

void bind_rtcp_packets() {
    add_functions(
        {function<"_parse_rtcp(datagram, reduced_size)", parse>("Behind rtpsynth.rtcp.parse_rtcp."),
         function<"_build_rtcp(packets, reduced_size)", build>(
             "Behind rtpsynth.rtcp.build_rtcp.")});
}

} // namespace rtpsynth::python
