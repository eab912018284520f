"""Programs that a page of docs/ includes print what the page says behind them.

Behind each program stands a block of `text`, its output. Times differ from run to run and are not
compared: numbers of microseconds, the jitter, and what follows from the delay of a call.
"""
import os
import pathlib
import re
import subprocess
import sys

import pytest

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
PROGRAMS = pathlib.Path(os.environ.get("DOCS_PROGRAMS", "."))  # CMake sets it
PACKAGE = os.environ.get("RTPSYNTH_PACKAGE")  # unset where the package cannot be imported

# A program, and the output behind it.
SHOWN = re.compile(r"^```\{(?:step|literalinclude)\} snippets/(\S+)\n.*?^```text\n(.*?)^```$",
                   re.MULTILINE | re.DOTALL)


def shown():
    for page in ("getting-started.md", "cookbook.md", "softphone.md", "latency.md"):
        yield from SHOWN.findall((DOCS / page).read_text())


def without_times(text):
    return re.sub(r"\b\d+(?:\.\d+(?:e-\d+)?)? us\b|jitter\w*_seconds\S* \S+|MOS of the call: \S+", "TIME",
                  text).splitlines()


def test_every_program_is_shown():
    files = {str(path.relative_to(DOCS / "snippets"))
             for path in (DOCS / "snippets").rglob("*.*") if path.suffix in (".c", ".cpp", ".py")}
    assert {name for name, _ in shown()} == files


@pytest.mark.parametrize("name, output", shown())
def test_program(name, output, tmp_path):
    if name in os.environ.get("DOCS_LEFT_OUT", "").split():
        pytest.skip("built without a component that it uses")
    environment = dict(os.environ)
    if name.endswith(".py"):
        if PACKAGE is None:
            pytest.skip("this interpreter cannot import the package")
        environment["PYTHONPATH"] = PACKAGE
        command = [sys.executable, "-W", "error", DOCS / "snippets" / name]
    else:
        command = [PROGRAMS / f"docs_{os.path.splitext(name)[0].replace('/', '_')}"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True,
                         timeout=60)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert without_times(run.stdout) == without_times(output)
