"""Types of options that RtpServer and aio share."""

from __future__ import annotations

from typing import TypedDict


class _CapacityOption(TypedDict):
    capacity: int


class JitterBufferOptions(_CapacityOption, total=False):
    """RtpJBuf's arguments: capacity in packets, and what may be left out."""

    max_delay_ns: int | None
    max_dropout: int
    max_misorder: int
