"""Gives autodoc the signatures of the package's stubs and the types of its attributes: the extension
module has none."""
from __future__ import annotations

import ast
import copy
import os
import pathlib
import re

from sphinx.ext.autodoc import AttributeDocumenter

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
    arguments = copy.deepcopy(function.args)
    if method and not any(ast.unparse(d) == "staticmethod" for d in function.decorator_list):
        for kind in (arguments.posonlyargs, arguments.args):
            if kind:
                del kind[0]
                break
    returns = function.returns and ast.unparse(function.returns)
    return f"({ast.unparse(arguments)})", returns


def union(types: list[ast.expr]) -> ast.expr:
    def parts(node: ast.expr) -> list[str]:
        if isinstance(node, ast.BinOp):
            return parts(node.left) + parts(node.right)
        return [ast.unparse(node)]

    found = list(dict.fromkeys(part for node in types for part in parts(node)))
    truths = {"Literal[False]", "Literal[True]"}
    if truths <= set(found):
        found[found.index("Literal[False]")] = "bool"
        found = [part for part in found if part not in truths]
    found.sort(key=lambda part: part == "None")
    return ast.parse(" | ".join(found), mode="eval").body


def merged(overloads: list[Function]) -> Function:
    """One function that takes what each of them takes: they have the same parameters."""
    first, *others = overloads
    for parameters in zip(*(f.args.args + f.args.kwonlyargs for f in overloads), strict=True):
        if len({p.arg for p in parameters}) != 1:
            raise ValueError(f"overloads of {first.name} differ in their parameters")
        if parameters[0].annotation:
            parameters[0].annotation = union([p.annotation for p in parameters])
    for other in others:
        if len(other.args.defaults) > len(first.args.defaults):
            first.args.defaults = other.args.defaults
        first.args.kw_defaults = [a or b for a, b in zip(first.args.kw_defaults, other.args.kw_defaults)]
    first.returns = union([f.returns for f in overloads])
    return first


class Stubs:
    def __init__(self) -> None:
        package = pathlib.Path(os.environ["RTPSYNTH_PACKAGE"]) / "rtpsynth"
        self.of = {path.stem: {name: merged(overloads) for name, overloads in signatures(path).items()}
                   for path in package.glob("*.pyi")}
        self.aliases = {path.stem: aliases(path) for path in package.glob("*.pyi")}

    def find(self, name: str) -> tuple[Function, dict[str, str]] | None:
        """What a stub says of a full name, and that stub's aliases."""
        package, _, inside = name.partition(".")
        module, _, inside = inside.partition(".")
        if module not in self.of:  # a module with types in its code; what is of C++ is there
            module = "_rtpsynth"
        function = self.of[module].get(inside) if package == "rtpsynth" else None
        return (function, self.aliases[module]) if function else None

    def signature(self, app, what, name, obj, options, signature, returns):
        found = self.find(f"{name}.__init__" if what == "class" else name)
        if found is None or what == "attribute":
            return None
        text, result = written(found[0], method=name.count(".") > 2 or what == "class")
        result = None if what == "class" or result is None else expanded(result, found[1])
        return expanded(text, found[1]), result


STUBS = Stubs()


class TypedAttribute(AttributeDocumenter):
    def add_directive_header(self, signature: str) -> None:
        super().add_directive_header(signature)
        found = STUBS.find(self.fullname)
        if found and found[0].returns:
            text = expanded(ast.unparse(found[0].returns), found[1])
            self.add_line(f"   :type: {text}", self.get_sourcename())


def skip_field(app, what, name, obj, skip, options):
    """A named tuple's fields are described by its class."""
    return True if (getattr(obj, "__doc__", None) or "").startswith("Alias for field number") else None


def setup(app):
    app.connect("autodoc-skip-member", skip_field)
    app.connect("autodoc-process-signature", STUBS.signature)
    app.add_autodocumenter(TypedAttribute, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
