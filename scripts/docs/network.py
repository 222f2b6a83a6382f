"""What a browser fetches by itself when it shows a page: scripts, styles, fonts, pictures, frames."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_ATTRIBUTES = {"src", "srcset", "poster", "data"}
_LINKS = {"stylesheet", "preconnect", "preload", "prefetch", "dns-prefetch", "icon", "shortcut", "modulepreload"}
_ADDRESS = re.compile(r"^\s*(https?:)?//", re.IGNORECASE)
_STYLE = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)


class _Fetched(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        candidates = [values[name] for name in _ATTRIBUTES & values.keys()]
        if tag == "link" and _LINKS & set(values.get("rel", "").lower().split()):
            candidates.append(values.get("href", ""))
        self.addresses += [value for value in candidates if _ADDRESS.match(value)]
        self.addresses += _STYLE.findall(values.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.addresses += _STYLE.findall(data)


def fetched(page: str) -> list[str]:
    """Addresses on other machines that a browser asks for by itself when it shows an HTML page; links are none."""
    parser = _Fetched()
    parser.feed(page)
    return parser.addresses
