"""All of test/cases: runs each and prints what was expected beside what came."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

from case_table import CASES, Outcome
from replay_tools import replay, replay_json

MANY_STREAMS = "03_replay_many_streams_gen.py"
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "cases"
PACKAGE = os.environ.get("RTPSYNTH_PACKAGE")  # CMake sets these to what it builds


def run_replay(case, tmp_path):
    path = str(tmp_path / "o.wav")
    arguments = [path if a == "WAV" else a for a in case.arguments.split()]
    table = replay(*arguments, FOLDER / case.name)
    machine = replay("--json", *arguments, FOLDER / case.name)
    assert table.returncode == machine.returncode
    said = (table.stdout + table.stderr).replace(str(FOLDER / case.name), "FILE")
    return Outcome(said, table.returncode, json.loads(machine.stdout), path)


def run_program(case):
    path = FOLDER / case.name
    arguments = [os.environ[a] for a in case.arguments.split()]
    command = ([os.path.join(os.environ["CASE_PROGRAMS"], path.stem)] if path.suffix == ".cpp"
               else [sys.executable, path])
    environment = dict(os.environ)
    if PACKAGE:
        environment["PYTHONPATH"] = PACKAGE
    run = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=120,
                         env=environment)
    return Outcome(run.stdout + run.stderr, run.returncode)


def test_every_file_has_a_case():
    others = {"README.md", "CMakeLists.txt", MANY_STREAMS}
    assert {path.name for path in FOLDER.iterdir()} == {case.name for case in CASES} | others


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case, tmp_path, capsys):
    if ".pcap" in case.name:
        outcome = run_replay(case, tmp_path)
    elif case.name.endswith(".py") and not case.arguments and not PACKAGE:
        pytest.skip("the Python package is not built")
    else:
        outcome = run_program(case)
    got = {check.what: check.got(outcome) for check in case.checks}
    wrong = [check.what for check in case.checks if not check.right(got[check.what])]
    facts = " ".join(f"{what}={value}" for what, value in got.items())
    line = f"{case.name} {case.arguments}: expected {case.expected}; got {facts}"
    with capsys.disabled():
        print(f"\n{line}: " + ("ok" if not wrong else "WRONG: " + ", ".join(wrong)), end=" ")
    if wrong:
        pytest.fail(line, pytrace=False)


def many_streams(tmp_path, kind, size):
    path = tmp_path / "many.pcap"
    subprocess.run([sys.executable, FOLDER / MANY_STREAMS, kind, path, size], check=True,
                   timeout=300)
    return replay_json(path)


def test_more_streams_than_are_told_are_counted(tmp_path):
    result, status = many_streams(tmp_path, "many", "90e6")  # 4 packets of each
    assert status == 0 and len(result["streams"]) + result["streams_left_out"] == 100_000


def test_packets_that_never_become_a_stream_are_counted(tmp_path):
    result, status = many_streams(tmp_path, "cand", "90e6")  # each of another SSRC
    assert status == 1 and result["streams"] == []
    assert result["unproven_packets"] == result["udp_packets"] == 85_000
