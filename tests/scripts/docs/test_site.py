"""The site as MkDocs builds it: strictly, whatever the folder of the checkout is called, without the network."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from saccadeworld.scripts.docs.documents import DOCUMENTS, ROOT
from saccadeworld.scripts.docs.hooks import on_post_page
from saccadeworld.scripts.docs.network import fetched
from saccadeworld.scripts.docs.notebooks import NOTEBOOKS


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "checkout").symlink_to(ROOT, target_is_directory=True)
    build = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "-f",
        "scripts/docs/mkdocs.yml",
        "-d",
        folder / "html",
    ]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "https_proxy": "http://127.0.0.1:9"}
    subprocess.run([*build, "-d", folder / "html"], cwd=folder / "checkout", env=environment, check=True)
    return folder / "html"


def test_a_page_that_would_fetch_something_is_refused():
    page = SimpleNamespace(file=SimpleNamespace(src_uri="a.md"))
    local = '<img src="a.png"><a href="https://example.org/">there</a>'
    assert on_post_page(local, page, MkDocsConfig()) == local
    with pytest.raises(PluginError, match=r"a\.md would fetch https://example\.org/a\.png: keep it in the repository"):
        on_post_page('<img src="https://example.org/a.png">', page, MkDocsConfig())


@pytest.mark.slow
def test_every_page_is_there_and_fetches_nothing(site: Path):
    pages = {path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    made = [*DOCUMENTS.values(), *NOTEBOOKS.values(), "commands.md", "index.md", "reference/worlds.md"]
    assert {page.replace(".md", ".html") for page in made} <= pages.keys()
    assert all(fetched(text) == [] for text in pages.values())
    assert not any("url(http" in sheet.read_text() for sheet in site.rglob("*.css"))


@pytest.mark.slow
def test_the_reference_is_made_of_docstrings(site: Path):
    text = (site / "reference/worlds.html").read_text(encoding="utf-8")
    assert 'id="saccadeworld.envs.worlds.ImagesWorld"' in text
    assert "standard deviation of where a saccade lands, as a share of its length, 0 to 1." in text
