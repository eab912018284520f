"""The tables of options in the extension module, and what is written elsewhere about them: the stubs,
rtpsynth.aio and docs/python-options.md. As a program, writes that page to standard output."""

import ast
import contextlib
import os
import re
from pathlib import Path

import pytest

from rtpsynth import RtpServer, _rtpsynth
from rtpsynth.RtpJBuf import RtpJBuf

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = Path(RtpServer.__file__).parent
TABLES = _rtpsynth._options
CALLBACKS = {"pkt_in", "batch", "frames_in", "jitter_buffer", "other_in"}  # whose types overloads tell

TITLES = {
    "create_channel": "RtpServer.create_channel",
    "create_call": "RtpServer.create_call",
    "RtpServer": "RtpServer",
    "RtpJBuf": "RtpJBuf, and jitter_buffer as a dict",
}


def page():
    lines = [
        "# Options of the Python package",
        "",
        "Written from the tables that the extension module parses arguments by:",
        "`PYTHONPATH=build/test/python /usr/bin/python3 test/python/package/test_options.py`",
        "prints this page, and a test compares it. `rtpsynth.aio.open_channel` takes the options of",
        "`create_channel` too, but for the callbacks and `batch`, and `rtpsynth.voice.open_call` those of",
        "`create_call` but for `on_event`, with `bind` in place of `bind_host` and `bind_port`.",
    ]
    for function, title in TITLES.items():
        lines += ["", f"## {title}", "", "| option | default | range | meaning |"]
        lines += ["| --- | --- | --- | --- |"]
        for name, kind, default, limits, doc, positional in TABLES[function]:
            shown = "required" if default is None else f"`{default}`"
            lines.append(f"| `{name}` | {shown} | {limits.replace('..', ' to ')} | {doc} |")
        if not all(row[-1] for row in TABLES[function]):
            first = next(row[0] for row in TABLES[function] if not row[-1])
            lines += ["", f"`{first}` and those after it are given by keyword only."]
    return "\n".join(lines) + "\n"


class Source:
    """A module or stub, as the parser sees it."""

    def __init__(self, file):
        self.body = ast.parse((PACKAGE / file).read_text(encoding="utf-8")).body
        self.aliases = {
            node.target.id: node.value
            for node in self.body
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias"
        }

    def functions(self, name, within=None):
        body = self.body
        if within is not None:
            body = next(n for n in body if isinstance(n, ast.ClassDef) and n.name == within).body
        found = [n for n in body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
        return [n for n in found if n.name == name]

    def text(self, annotation):
        """A type without aliases, and an int where a stub takes what stands for one as well."""
        text = ast.unparse(annotation)
        while (names := [a for a in self.aliases if re.search(rf"\b{a}\b", text)]):
            for name in names:
                text = re.sub(rf"\b{name}\b", ast.unparse(self.aliases[name]), text)
        return text.replace("SupportsIndex", "int")

    def parameters(self, function):
        """(name, type, default or None, whether by position) of each but self."""
        a = function.args
        defaults = [None] * (len(a.args) - len(a.defaults)) + a.defaults
        listed = [(*pair, True) for pair in zip(a.args, defaults)]
        listed += [(*pair, False) for pair in zip(a.kwonlyargs, a.kw_defaults)]
        return [
            (p.arg, self.text(p.annotation), None if d is None else ast.unparse(d), positional)
            for p, d, positional in listed
            if p.arg != "self"
        ]


def rows(table, leave_out=()):
    return [
        (name, kind, default, positional)
        for name, kind, default, _, _, positional in TABLES[table]
        if name not in leave_out
    ]


def test_every_table_is_known_here():
    assert set(TABLES) == set(TITLES)


@pytest.mark.parametrize("overload", range(3))
def test_the_stub_of_create_channel(overload):
    stub = Source("RtpServer.pyi")
    function = stub.functions("create_channel", "RtpServer")[overload]
    theirs = stub.parameters(function)
    assert [p[0] for p in theirs] == [row[0] for row in TABLES["create_channel"]]
    assert [p[3] for p in theirs] == [row[5] for row in TABLES["create_channel"]]
    assert [p for p in theirs if p[0] not in CALLBACKS] == rows("create_channel", CALLBACKS)


def test_the_overloads_of_create_channel_take_every_callback():
    stub = Source("RtpServer.pyi")
    overloads = [dict((p[0], p[1]) for p in stub.parameters(f))
                 for f in stub.functions("create_channel", "RtpServer")]
    for name, kind, *_ in rows("create_channel"):
        if name in CALLBACKS:
            kinds = {k for o in overloads for k in re.sub(r"Literal\[\w+\]", "bool", o[name]).split(" | ")}
            assert kinds == set(kind.split(" | ")), name


def test_the_stubs_of_constructors():
    for file, name in ("RtpServer.pyi", "RtpServer"), ("RtpJBuf.pyi", "RtpJBuf"):
        stub = Source(file)
        (function,) = stub.functions("__init__", name)
        assert stub.parameters(function) == rows(name)


def test_the_dict_of_a_jitter_buffer():
    module = Source("_options.py")
    classes = [n for n in module.body if isinstance(n, ast.ClassDef)]
    required, optional = (
        [(n.target.id, ast.unparse(n.annotation)) for n in c.body if isinstance(n, ast.AnnAssign)]
        for c in classes
    )
    assert required == [(n, k) for n, k, default, _ in rows("RtpJBuf") if default is None]
    assert optional == [(n, k) for n, k, default, _ in rows("RtpJBuf") if default is not None]


def test_open_channel_of_aio():
    module = Source("aio.py")
    functions = module.functions("open_channel")
    assert len(functions) == 3  # two overloads and what they stand for
    shared = {row[:3] for row in rows("create_channel", CALLBACKS)}
    for function in functions:
        theirs = {p[:3] for p in module.parameters(function)}
        own = {"jitter_buffer", "on_packet", "server", "recv_queue", "threaded"}
        assert {p for p in theirs if p[0] not in own} == shared


def test_the_stub_of_create_call():
    stub = Source("RtpServer.pyi")
    (function,) = stub.functions("create_call", "RtpServer")
    assert stub.parameters(function) == rows("create_call")


def test_open_call_of_voice():
    (function,) = Source("voice.py").functions("open_call")
    own = {"bind", "peer"}
    theirs = [p for p in Source("voice.py").parameters(function) if p[0] not in own]
    assert theirs == rows("create_call", {"on_event", "bind_host", "bind_port", "peer"})


def test_the_page_of_the_docs():
    assert (ROOT / "docs/python-options.md").read_text(encoding="utf-8") == page()


LINUX = pytest.mark.skipif(os.environ.get("RTPSYNTH_IO") == "portable",
                           reason='the I/O backend "portable" has no such option')


def ranges():
    for function, table in TABLES.items():
        for name, kind, _, limits, *_ in table:
            if limits:
                yield pytest.param(function, name, limits, id=f"{function}-{name}",
                                   marks=LINUX if name == "dscp" else ())


@contextlib.contextmanager
def caller(function):
    """What calls that function with options, its required ones given."""
    with RtpServer.RtpServer() as server:

        def create_channel(**options):
            callback = {} if options.get("frames_in") else {"pkt_in": print}
            server.create_channel(**{**callback, "bind_host": "127.0.0.1", **options}).close()

        def create_call(**options):
            own = {"bind_host": "127.0.0.1", "codec": ("L16/8000", 50, "")}
            server.create_call(**{**own, **options}).close()

        yield {
            "create_call": create_call,
            "create_channel": create_channel,
            "RtpServer": lambda **o: RtpServer.RtpServer(**o).shutdown(),
            "RtpJBuf": lambda **o: RtpJBuf(**{"capacity": 1, **o}),
        }[function]


@pytest.mark.parametrize(
    "function, name, kind", [(f, row[0], row[1]) for f in TABLES for row in TABLES[f]]
)
def test_none_is_taken_where_the_type_says_so(function, name, kind):
    options = {name: None}
    if name == "pkt_in":
        options |= {"frames_in": print, "jitter_buffer": 1}
    with caller(function) as call:
        if kind.endswith("| None"):
            call(**options)
        else:
            with pytest.raises(TypeError, match=f"^{name} must not be None$"):
                call(**options)


@pytest.mark.parametrize("function, name, limits", ranges())
def test_errors_tell_the_range(function, name, limits):
    kind = float if "." in limits.replace("..", "") else int
    least, most = map(kind, limits.split(".."))
    step = kind(1)
    with caller(function) as call:
        with pytest.raises(ValueError, match=rf"{name} must be .*{re.escape(limits)}.*, not"):
            call(**{name: least - step})
        with pytest.raises(MemoryError if name == "queue_size" else ValueError):
            call(**{name: 2 * most})
        call(**{name: least if name != "bind_port" else 0})
        if name != "bind_port":  # somebody else may have the last one
            call(**{name: most})


if __name__ == "__main__":
    print(page(), end="")
