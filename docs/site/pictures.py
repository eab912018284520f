"""Directive `picture`: an SVG within the page, so that it takes the page's colours, light or dark.

    ```{picture} pictures/rooms.svg
    What it shows, for those who do not see it.
    ```
"""
from __future__ import annotations

import html
import pathlib
import re

from docutils import nodes
from sphinx.util.docutils import SphinxDirective


class Picture(SphinxDirective):
    required_arguments = 1
    has_content = True

    def run(self):
        if not self.content:
            raise self.error("a picture needs a description")
        _, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(path)
        label = html.escape(" ".join(self.content), quote=True)
        try:
            svg = pathlib.Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise self.error(f"{path}: {error.strerror}") from None
        svg = re.sub(r"<svg ", f'<svg role="img" aria-label="{label}" ', svg, count=1)
        return [nodes.raw("", f'<figure class="picture">{svg}</figure>', format="html")]


def setup(app):
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
