"""The package's docstrings are plain text, as help() shows it. Makes reStructuredText of them:

- a paragraph of `name  description` lines becomes a list of definitions, and so does one of lines
  that begin with `name: `;
- an indented paragraph is code;
- names with an underscore or parentheses, and what stands between backquotes, are set as code;
- everything else is text, whatever characters are in it.
"""
from __future__ import annotations

import re

COLUMNS = re.compile(r"(\w+(?:, \w+)*)  +(\S.*)")
COLON = re.compile(r"([a-z_]\w*(?:, [a-z_]\w*)*): (.*)")
CODE = re.compile(r"`([^`]+)`|(?<![\w.])((?:[A-Za-z]\w*\.)*(?:[a-z]\w*_\w*|\w+(?=\(\)))(?:\((?:[^()]|\([^()]*\))*\))?(?:=[\w'\"]+)?)")


def inline(text: str) -> str:
    out, end = "", 0
    for found in CODE.finditer(text):
        out += escape(text[end:found.start()])
        out += f"\\ ``{found[1] or found[2]}``\\ "
        end = found.end()
    return out + escape(text[end:])


def escape(text: str) -> str:
    return re.sub(r"([\\*_`|<>])", r"\\\1", text)


def definitions(lines: list[str], pattern: re.Pattern[str]) -> list[str] | None:
    items: list[tuple[str, list[str]]] = []
    for line in lines:
        found = pattern.fullmatch(line)
        if found:
            items.append((found[1], [found[2]]))
        elif items and (line.startswith("  ") or pattern is COLON):
            items[-1][1].append(line.strip())
        else:
            return None
    out: list[str] = []
    for names, text in items:
        out += [", ".join(f"``{name}``" for name in names.split(", ")), "   " + inline(" ".join(text)), ""]
    return out


def paragraph(lines: list[str]) -> list[str]:
    if all(line.startswith("    ") for line in lines):
        return [".. code-block:: python", "", *("   " + line[4:] for line in lines), ""]
    for pattern in (COLUMNS, COLON):
        if pattern.fullmatch(lines[0]):
            items = definitions(lines, pattern)
            if items is not None:
                return items
    return [inline(" ".join(line.strip() for line in lines)), ""]


def convert(lines: list[str]) -> list[str]:
    out: list[str] = []
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line.rstrip())
        elif block:
            out += paragraph(block)
            block = []
    return out


def process(app, what, name, obj, options, lines):
    lines[:] = convert(lines)


def setup(app):
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
