"""The notebooks: run, stored with small outputs, and shown as pages of the site.

A converter of its own, because nbconvert's templates fetch scripts from the network, and these are notebooks of text,
code, printed lines and small pictures.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from .documents import ROOT

NOTEBOOKS = {
    "scripts/docs/notebooks/first-look.ipynb": "notebooks/first-look.md",
    "scripts/docs/notebooks/where-to-look.ipynb": "notebooks/where-to-look.md",
}
"""Paths in the repository to those of the pages."""

_SECONDS = 300  # for a cell, on machines that are busy


def run_notebook(path: Path) -> Any:
    """The notebook, run from its first cell to its last in the folder it lies in.

    Raises:
        nbclient.exceptions.CellExecutionError: for a cell that fails.
    """
    notebook = nbformat.read(path, as_version=4)
    return NotebookClient(notebook, timeout=_SECONDS, resources={"metadata": {"path": str(path.parent)}}).execute()


def as_page(path: Path) -> str:
    """A notebook as Markdown, with the outputs that are stored in it; its first cell has the title."""
    notebook = nbformat.read(path, as_version=4)
    parts = [_cell(cell) for cell in notebook.cells]
    title, rest = parts[0], parts[1:]
    note = f'!!! note "A notebook"\n    `{path.relative_to(ROOT).as_posix()}`, run by the tests.\n'
    return "\n\n".join([title, note, *rest]) + "\n"


def _cell(cell: Any) -> str:
    if cell.cell_type == "markdown":  # whose links are those of the repository
        return cell.source.replace("](../pages/", "](../").replace(".ipynb)", ".md)")
    return "\n\n".join([f"```python\n{cell.source}\n```", *(_output(output) for output in cell.outputs)])


def _output(output: Any) -> str:
    if output.output_type == "stream":
        return f"```text\n{output.text.rstrip()}\n```"
    png = output.get("data", {}).get("image/png")
    if png:
        return f"![Output](data:image/png;base64,{png.replace(chr(10), '')})"
    return f"```text\n{output.get('data', {}).get('text/plain', '').rstrip()}\n```"


def _store(path: Path) -> None:
    """Run a notebook and write it back, with its outputs and nothing that differs from run to run beside them."""
    notebook = run_notebook(path)
    notebook.metadata.pop("signature", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:] or NOTEBOOKS:
        _store(ROOT / name)
