"""Notebooks: run from the first cell to the last, stored with outputs, and shown with them."""

import nbformat
import pytest
from saccadeworld.scripts.docs.documents import ROOT
from saccadeworld.scripts.docs.notebooks import NOTEBOOKS, as_page, run_notebook


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(name):
    notebook = run_notebook(ROOT / name)
    printed = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert {"stream", "display_data"} <= {output.output_type for output in printed}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_stored_as_it_was_run_and_is_small(name):
    notebook = nbformat.read(ROOT / name, as_version=4)
    nbformat.validate(notebook)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert (ROOT / name).stat().st_size < 200_000


def test_a_page_shows_text_code_and_outputs(tmp_path, monkeypatch):
    cell = nbformat.v4.new_code_cell("print(6 * 7)")
    cell.outputs = [
        nbformat.v4.new_output("stream", text="42\n"),
        nbformat.v4.new_output("display_data", {"image/png": "aGk=\n", "text/plain": "<Figure>"}),
        nbformat.v4.new_output("execute_result", {"text/plain": "'six'"}),
    ]
    title = nbformat.v4.new_markdown_cell("# Sums\n\nSee [results](../pages/results/index.md), [more](other.ipynb).")
    monkeypatch.setattr("saccadeworld.scripts.docs.notebooks.ROOT", tmp_path)
    nbformat.write(nbformat.v4.new_notebook(cells=[title, cell]), tmp_path / "sums.ipynb")
    page = as_page(tmp_path / "sums.ipynb")
    assert page.startswith("# Sums\n\nSee [results](../results/index.md), [more](other.md).\n\n")
    assert "```python\nprint(6 * 7)\n```\n\n```text\n42\n```" in page
    assert "![Output](data:image/png;base64,aGk=)" in page
    assert "```text\n'six'\n```" in page
