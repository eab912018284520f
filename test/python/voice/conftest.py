"""The helpers that are shared with the tests of the rest of the package are in package/."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "package"))


@pytest.fixture
def server():
    from rtpsynth.RtpServer import RtpServer

    with RtpServer(tick_hz=None) as s:
        yield s
