/// \file
/// What RTCP reports, as named tuples of rtpsynth.rtcp; times of day as Python has them. With the
/// GIL held.
#pragma once

#include "core/py_ref.hpp"

#include <rtpsynth/base/ntp_time.hpp>
#include <rtpsynth/rtcp/packet.hpp>
#include <rtpsynth/rtcp/report_block.hpp>
#include <rtpsynth/rtp/payload_format.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace rtpsynth::python {

/// A ReportBlock. \return none with an error set
py_ref make_report_block(const report_block& block);
/// A SenderReport, or without \p sender a ReceiverReport. \return none with an error set
py_ref make_report_record(std::uint32_t ssrc, const sender_info* sender,
                          std::span<const report_block> blocks);

/// At most 31 ReportBlocks of an iterable. \return false with an error set
bool to_report_blocks(PyObject* iterable, const char* name, std::vector<report_block>& out);

/// ns since 1970, 0..2^62 - 1, or None: not known. \return false with TypeError or ValueError set
bool to_wall_clock(PyObject* value, const char* name, ntp_time& out);

/// The arguments payload_type, clock_rate and kind of set_format(). \return false with an error set
bool set_payload_format(payload_format_table& formats, PyObject* payload_type, PyObject* clock_rate,
                        PyObject* kind);

} // namespace rtpsynth::python
