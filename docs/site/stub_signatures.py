"""Gives autodoc the signatures of the package's stubs: they have the types, the extension has not."""
from __future__ import annotations

import ast
import os
import pathlib
import re

Function = ast.FunctionDef | ast.AsyncFunctionDef


def signatures(path: pathlib.Path) -> dict[str, list[Function]]:
    found: dict[str, list[Function]] = {}

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, Function):
                found.setdefault(prefix + node.name, []).append(node)

    visit(ast.parse(path.read_text()).body, "")
    return found


def aliases(path: pathlib.Path) -> dict[str, str]:
    """A stub's private names for types, written out."""
    found: dict[str, str] = {}
    for node in ast.parse(path.read_text()).body:
        if (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value
                and ast.unparse(node.annotation).endswith("TypeAlias")):
            found[node.target.id] = expanded(ast.unparse(node.value), found)
    return found


def expanded(text: str, names: dict[str, str]) -> str:
    return re.sub(r"\b_[A-Z]\w*", lambda found: names.get(found[0], found[0]), text)


def written(function: Function, method: bool) -> tuple[str, str | None]:
    arguments = function.args
    if method and not any(ast.unparse(d) == "staticmethod" for d in function.decorator_list):
        for kind in (arguments.posonlyargs, arguments.args):
            if kind:
                del kind[0]
                break
    returns = function.returns and ast.unparse(function.returns)
    return f"({ast.unparse(arguments)})", returns


class Stubs:
    def __init__(self) -> None:
        package = pathlib.Path(os.environ["RTPSYNTH_PACKAGE"]) / "rtpsynth"
        self.of = {path.stem: signatures(path) for path in package.glob("*.pyi")}
        self.aliases = {path.stem: aliases(path) for path in package.glob("*.pyi")}

    def __call__(self, app, what, name, obj, options, signature, returns):
        if not name.startswith("rtpsynth."):
            return None
        _, module, *rest = name.split(".")
        stubs = self.of.get(module)
        if stubs is None or not rest:
            return None
        name = ".".join(rest)
        functions = stubs.get(f"{name}.__init__" if what == "class" else name)
        if not functions or len(functions) > 1:  # overloads: the extension's own says all of them
            return None
        text, result = written(functions[0], method="." in name or what == "class")
        result = None if what == "class" or result is None else expanded(result, self.aliases[module])
        return expanded(text, self.aliases[module]), result


def setup(app):
    app.connect("autodoc-process-signature", Stubs())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
