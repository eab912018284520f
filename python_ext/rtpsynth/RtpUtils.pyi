from array import array
from typing import SupportsIndex, overload

from typing_extensions import Buffer

__all__ = [
    "RtpUtils",
    "alaw2linear",
    "alaw2linear_into",
    "alaw2linear_to_bytes",
    "linear2alaw",
    "linear2alaw_into",
    "linear2ulaw",
    "linear2ulaw_into",
    "resample_linear",
    "resample_linear_into",
    "resample_linear_to_bytes",
    "ulaw2linear",
    "ulaw2linear_into",
    "ulaw2linear_to_bytes",
]

class RtpUtils:
    @overload
    @staticmethod
    def linear2ulaw(pcm16: SupportsIndex) -> int: ...
    @overload
    @staticmethod
    def linear2ulaw(pcm16: Buffer) -> bytes: ...
    @overload
    @staticmethod
    def ulaw2linear(ulaw: SupportsIndex) -> int: ...
    @overload
    @staticmethod
    def ulaw2linear(ulaw: Buffer) -> array[int]: ...
    @overload
    @staticmethod
    def linear2alaw(pcm16: SupportsIndex) -> int: ...
    @overload
    @staticmethod
    def linear2alaw(pcm16: Buffer) -> bytes: ...
    @overload
    @staticmethod
    def alaw2linear(alaw: SupportsIndex) -> int: ...
    @overload
    @staticmethod
    def alaw2linear(alaw: Buffer) -> array[int]: ...
    @staticmethod
    def resample_linear(
        pcm16: Buffer, in_rate: SupportsIndex, out_rate: SupportsIndex
    ) -> array[int]: ...
    @staticmethod
    def linear2ulaw_into(pcm16: Buffer, out: Buffer) -> int: ...
    @staticmethod
    def ulaw2linear_into(ulaw: Buffer, out: Buffer) -> int: ...
    @staticmethod
    def ulaw2linear_to_bytes(ulaw: Buffer) -> bytes: ...
    @staticmethod
    def linear2alaw_into(pcm16: Buffer, out: Buffer) -> int: ...
    @staticmethod
    def alaw2linear_into(alaw: Buffer, out: Buffer) -> int: ...
    @staticmethod
    def alaw2linear_to_bytes(alaw: Buffer) -> bytes: ...
    @staticmethod
    def resample_linear_into(
        pcm16: Buffer, in_rate: SupportsIndex, out_rate: SupportsIndex, out: Buffer
    ) -> int: ...
    @staticmethod
    def resample_linear_to_bytes(
        pcm16: Buffer, in_rate: SupportsIndex, out_rate: SupportsIndex
    ) -> bytes: ...

linear2ulaw = RtpUtils.linear2ulaw
ulaw2linear = RtpUtils.ulaw2linear
linear2alaw = RtpUtils.linear2alaw
alaw2linear = RtpUtils.alaw2linear
resample_linear = RtpUtils.resample_linear
alaw2linear_into = RtpUtils.alaw2linear_into
alaw2linear_to_bytes = RtpUtils.alaw2linear_to_bytes
linear2alaw_into = RtpUtils.linear2alaw_into
linear2ulaw_into = RtpUtils.linear2ulaw_into
resample_linear_into = RtpUtils.resample_linear_into
resample_linear_to_bytes = RtpUtils.resample_linear_to_bytes
ulaw2linear_into = RtpUtils.ulaw2linear_into
ulaw2linear_to_bytes = RtpUtils.ulaw2linear_to_bytes
