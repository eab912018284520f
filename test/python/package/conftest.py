"""The helpers that the package's tests share with those of the other faces lie one folder up."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))


@pytest.fixture
def server():
    from rtpsynth.RtpServer import RtpServer

    with RtpServer() as s:
        yield s
