from array import array
from typing import SupportsIndex, overload

from typing_extensions import Buffer

__all__ = [
    "RtpUtils",
    "alaw2linear",
    "linear2alaw",
    "linear2ulaw",
    "resample_linear",
    "ulaw2linear",
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

linear2ulaw = RtpUtils.linear2ulaw
ulaw2linear = RtpUtils.ulaw2linear
linear2alaw = RtpUtils.linear2alaw
alaw2linear = RtpUtils.alaw2linear
resample_linear = RtpUtils.resample_linear
