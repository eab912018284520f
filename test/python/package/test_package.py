"""The package as a whole: its modules, names, types and version, and what its documents print."""

import importlib
import inspect
import re
import shutil
import subprocess
import sys
import textwrap
import types
import typing
import wave
from pathlib import Path

import pytest

import rtpsynth
from rtpsynth import _rtpsynth

ROOT = Path(__file__).resolve().parents[3]
MODULES = ("RtpJBuf", "RtpProc", "RtpServer", "RtpSynth", "RtpUtils", "media", "metrics", "relay",
           "rtcp", "rtp", "sdp")


def blocks(document):
    """The Python programs of a document, with the lines they begin at."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for found in re.finditer(r"^( *)```python\n(.*?)^\1```$", text, re.DOTALL | re.MULTILINE):
        yield text.count("\n", 0, found.start()) + 2, textwrap.dedent(found[2])


def programs():
    for document in ("README.md", "docs/python.md", "docs/coming-from-rtpsynth-1.3.md"):
        for line, program in blocks(document):
            if "rtpsynth.voice" in program:
                continue  # waits for a phone: voice/test_voice_examples.py
            yield pytest.param(document, line, program, id=f"{document}:{line}")


@pytest.fixture
def run(tmp_path):
    """Runs a program where it finds a capture, call.pcap."""
    shutil.copyfile(ROOT / "test/captures/ffmpeg_pcmu_loss.pcap", tmp_path / "call.pcap")
    return lambda program: subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True, text=True, timeout=60, cwd=tmp_path,
    )


@pytest.mark.parametrize("document, line, program", programs())
def test_programs_of_the_documents_run(run, document, line, program):
    result = run("\n" * (line - 1) + program)
    assert (result.returncode, result.stderr) == (0, "")


def test_readme_says_what_its_program_prints(run):
    (_, program), *_ = blocks("README.md")
    assert run(program).stdout.split() == ["play", "conceal", "play", "play"]


def test_readme_conceals_what_a_capture_lacks(run, tmp_path):
    _, (_, program), *_ = blocks("README.md")
    played, _, concealed, *_ = run(program).stdout.split()
    assert int(played) > 350 and 0 < int(concealed) < 60
    with wave.open(str(tmp_path / "heard.wav")) as heard:
        assert heard.getframerate() == 8000 and heard.getnframes() > 7 * 8000


def test_version_is_that_of_the_headers():
    header = (ROOT / "lib/include/rtpsynth/base/version.h").read_text(encoding="utf-8")
    numbers = re.findall(r"^#define RTPSYNTH_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", header, re.M)
    assert rtpsynth.__version__ == ".".join(numbers)
    assert tuple(map(int, numbers)) > (1, 3, 3)


@pytest.mark.parametrize("name", MODULES)
def test_module_has_its_class_documents_and_types(name):
    module = importlib.import_module(f"rtpsynth.{name}")
    assert name in rtpsynth.__all__ and (name in module.__all__ or name.islower())
    assert getattr(rtpsynth, name) is module
    for public in module.__all__:
        thing = getattr(module, public)
        if isinstance(thing, type):
            assert thing.__module__ == f"rtpsynth.{name}" and thing.__name__ == public
        if callable(thing):
            assert thing.__doc__
        for field in getattr(thing, "_fields", ()):
            assert f"\n{field}  " in inspect.getdoc(thing)
    assert module.__doc__
    source = Path(module.__file__)
    stub = source.with_suffix(".pyi")  # none where the module itself has the types
    typed = stub if stub.exists() else source
    declared = re.search(r"^__all__ = \[(.*?)\]", typed.read_text(encoding="utf-8"), re.S | re.M)
    assert sorted(re.findall(r'"(\w+)"', declared[1])) == sorted(module.__all__)


@pytest.mark.parametrize("name", ["rtcp", "rtp", "sdp"])
def test_type_hints_can_be_read_at_run_time(name):
    module = importlib.import_module(f"rtpsynth.{name}")
    for public in map(module.__dict__.get, module.__all__):
        if not hasattr(_rtpsynth, getattr(public, "__name__", "")):  # whose hints are in a stub
            assert isinstance(public, types.UnionType) or typing.get_type_hints(public)


def test_package_is_marked_as_typed():
    assert (Path(rtpsynth.__file__).parent / "py.typed").exists()


def test_import_starts_no_thread(run):
    program = f"""
import os
before = len(os.listdir("/proc/self/task"))
for name in {MODULES}:
    __import__("rtpsynth." + name)
print(len(os.listdir("/proc/self/task")) - before)
"""
    assert run(program).stdout == "0\n"


def test_threads_are_those_the_documents_name(run):
    program = """
import os
from pathlib import Path
from rtpsynth.RtpProc import RtpProc
from rtpsynth.RtpServer import RtpServer

before = set(os.listdir("/proc/self/task"))
server, other, proc = RtpServer(), RtpServer(None), RtpProc()
channels = [server.create_channel(print, bind_host="127.0.0.1") for _ in range(50)]
timers = [proc.create_channel(lambda now, deadline: now + 10**7) for _ in range(50)]
for thread in set(os.listdir("/proc/self/task")) - before:
    print(Path(f"/proc/self/task/{thread}/comm").read_text().strip())
"""
    result = run(program)
    names = ["rtpsynth", "rtpsynth", "rtpsynth-proc", "rtpsynth-py", "rtpsynth-py"]
    assert sorted(result.stdout.split()) == names
