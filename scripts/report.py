"""report.html: one self-contained file that opens anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

from .figures import as_data_uri
from .results import write_atomically

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
img {{ max-width: 100%; height: auto; }}
figure {{ margin: 1rem 0; }}
figcaption {{ color: #555; font-size: 0.9rem; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ padding: 0.25rem 0.8rem; border-bottom: 1px solid #ccc; text-align: right; }}
th:first-child, td:first-child {{ text-align: left; }}
pre {{ background: #f4f4f4; padding: 0.7rem; overflow-x: auto; font-size: 0.85rem; }}
.row {{ display: flex; flex-wrap: wrap; gap: 1rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


class Report:
    """Collects headings, text, tables and figures, and writes them as one HTML file."""

    def __init__(self, title: str):
        self.title = title
        self._parts: list[str] = []

    def heading(self, text: str) -> None:
        self._parts.append(f"<h2>{escape(text)}</h2>")

    def text(self, text: str) -> None:
        self._parts.append(f"<p>{escape(text)}</p>")

    def items(self, texts: Iterable[str]) -> None:
        self._parts.append("<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>")

    def code(self, text: str) -> None:
        self._parts.append(f"<pre>{escape(text)}</pre>")

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        self._parts.append("<table>" + _row("th", header) + "".join(_row("td", row) for row in rows) + "</table>")

    def figures(self, caption: str, *figures: Figure) -> None:
        """Figures side by side, where there is room, under one caption."""
        images = "".join(f'<img src="{as_data_uri(figure)}" alt="{escape(caption)}">' for figure in figures)
        self._parts.append(
            f'<figure><div class="row">{images}</div><figcaption>{escape(caption)}</figcaption></figure>'
        )

    def write(self, path: Path) -> None:
        write_atomically(path, _PAGE.format(title=escape(self.title), body="\n".join(self._parts)))


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
