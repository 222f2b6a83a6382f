"""report.html: one self-contained file that opens anywhere, on screens light and dark and on paper, without scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

from .command import Command, command_line
from .figures import as_data_uri
from .results import versions, write_atomically

_PIXELS = 120  # of the page, for an inch of a figure
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ --ink: #222; --paper: #fff; --quiet: #555; --line: #ccc; --shade: #f4f4f4; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #ddd; --paper: #181818; --quiet: #aaa; --line: #555; --shade: #262626; }}
}}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: var(--ink); background: var(--paper); }}
img {{ max-width: 100%; height: auto; background: #fff; padding: 0.4rem; box-sizing: border-box; }}
figure {{ margin: 1rem 0; }}
figcaption {{ color: var(--quiet); font-size: 0.9rem; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ padding: 0.25rem 0.8rem; border-bottom: 1px solid var(--line); text-align: right; }}
th:first-child, td:first-child {{ text-align: left; }}
pre {{ background: var(--shade); padding: 0.7rem; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.85rem; }}
.row {{ display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }}
@media print {{
  :root {{ --ink: #000; --paper: #fff; --quiet: #333; --line: #999; --shade: #fff; }}
  body {{ font-size: 10pt; max-width: none; margin: 0; }}
  figure, tr, pre {{ break-inside: avoid; }}
  h2 {{ break-after: avoid; }}
  .wide {{ overflow: visible; }}
}}
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
        body = "".join(_row("td", row) for row in rows)
        self._parts.append(f'<div class="wide"><table>{_row("th", header)}{body}</table></div>')

    def figures(self, caption: str, *figures: Figure) -> None:
        """Figures side by side, where there is room, under one caption.

        The label of a figure, or the caption where it has none, tells what is seen to those who cannot see it.
        """
        images = "".join(_image(figure, caption) for figure in figures)
        self._parts.append(
            f'<figure><div class="row">{images}</div><figcaption>{escape(caption)}</figcaption></figure>'
        )

    def write(self, path: Path, command: Command, seeds: Sequence[int], data: Mapping[str, str]) -> None:
        """Write the file, whole or not at all, with how to repeat the run at its end.

        Args:
            path: of the file.
            command: that made it, as it was typed or called.
            seeds: that it used.
            data: hashes of the pictures or meshes, by what they were used for.
        """
        self.heading("How to repeat this")
        self.code(command_line(command))
        used = {"seed" if len(seeds) == 1 else "seeds": ", ".join(map(str, seeds))}
        used |= {f"data, {use}": content for use, content in data.items()} | versions()
        self.table(["with", ""], list(used.items()))
        write_atomically(path, _PAGE.format(title=escape(self.title), body="\n".join(self._parts)))


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _image(figure: Figure, caption: str) -> str:
    width = round(_PIXELS * figure.get_tightbbox().width)
    told = str(figure.get_label() or caption)
    return f'<img src="{as_data_uri(figure)}" width="{width}" alt="{escape(told)}">'
