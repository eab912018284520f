"""The helpers that the package's tests share with those of the C face are in jitter/, the oracle of
the E-model in audio/."""
import gc
import pathlib
import sys

import pytest

for room in ("jitter", "audio"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / room))


def pytest_collection_finish():
    """From here on a collection does not go through all that pytest itself has made."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def server():
    from rtpsynth.RtpServer import RtpServer

    with RtpServer() as s:
        yield s
