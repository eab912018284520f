"""Fails if a page of the built site refers to a page, an anchor or a file that is not there.

    check_links.py SITE_DIRECTORY
"""
from __future__ import annotations

import functools
import html.parser
import pathlib
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    def __init__(self, path: pathlib.Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.references: list[tuple[int, str]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if not value:
                continue
            if name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value)
            elif name in ("href", "src"):
                self.references.append((self.getpos()[0], value))


page = functools.lru_cache(maxsize=None)(Page)


def faults(root: pathlib.Path) -> list[str]:
    found = []
    for path in sorted(root.rglob("*.html")):
        for line, reference in page(path).references:
            target = urllib.parse.urlsplit(reference)
            if target.scheme or target.netloc:
                continue
            to = (path.parent / urllib.parse.unquote(target.path)).resolve() if target.path else path
            if to.is_dir():
                to = to / "index.html"
            what = f"{path.relative_to(root)}:{line}: {reference}: "
            if not to.is_file():
                found.append(what + "no such file")
            elif target.fragment and to.suffix == ".html":
                if urllib.parse.unquote(target.fragment) not in page(to).anchors:
                    found.append(what + "no such anchor")
    return found


def main() -> None:
    root = pathlib.Path(sys.argv[1]).resolve()
    pages = len(list(root.rglob("*.html")))
    found = faults(root)
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{pages} pages, {len(found)} broken links")
    sys.exit(1 if found or not pages else 0)


if __name__ == "__main__":
    main()
