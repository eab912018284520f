"""Directive `step`: a whole program out of a file, what is new since the step before highlighted.

    ```{step} snippets/getting_started/2_reorder.cpp
    :since: snippets/getting_started/1_packet.cpp
    ```

A first line `/// \\file` with the comment around it is for readers of the file, and left out.
"""
from __future__ import annotations

import difflib
import pathlib

from docutils.parsers.rst import directives
from sphinx.directives.code import LiteralInclude


def program(path: str) -> tuple[int, list[str]]:
    """The number of lines that are left out, and the others."""
    lines = pathlib.Path(path).read_text().splitlines()
    skipped = 0
    while skipped < len(lines) and (lines[skipped].startswith("///") or not lines[skipped]):
        skipped += 1
    return skipped, lines[skipped:]


class Step(LiteralInclude):
    option_spec = {**LiteralInclude.option_spec, "since": directives.unchanged}

    def run(self):
        _, path = self.env.relfn2path(self.arguments[0])
        skipped, lines = program(path)
        self.options["lines"] = f"{skipped + 1}-"
        since = self.options.pop("since", None)
        if since is not None:
            _, before_path = self.env.relfn2path(since)
            self.env.note_dependency(before_path)
            _, before = program(before_path)
            new = [
                line + 1
                for tag, _, _, begin, end in difflib.SequenceMatcher(
                    None, before, lines, autojunk=False).get_opcodes()
                if tag in ("replace", "insert")
                for line in range(begin, end) if lines[line]
            ]
            if new:
                self.options["emphasize-lines"] = ",".join(map(str, new))
        return super().run()


def setup(app):
    app.add_directive("step", Step)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
