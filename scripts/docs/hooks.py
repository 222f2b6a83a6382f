"""What MkDocs does for the site beside turning its pages into HTML; see `mkdocs.yml`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from saccadeworld.scripts.docs.commands import commands_page
from saccadeworld.scripts.docs.documents import DOCUMENTS, PICTURES, ROOT, relink
from saccadeworld.scripts.docs.network import fetched
from saccadeworld.scripts.docs.notebooks import NOTEBOOKS, as_page

_links: list[tempfile.TemporaryDirectory[str]] = []  # which end with the process


@event_priority(100)  # before mkdocstrings reads its part
def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Docstrings are read from this checkout, whatever its folder is called; snippets too."""
    config.mdx_configs["pymdownx.snippets"]["base_path"] = [str(ROOT)]
    folder = tempfile.TemporaryDirectory()
    _links.append(folder)
    Path(folder.name, "saccadeworld").symlink_to(ROOT, target_is_directory=True)
    config.plugins["mkdocstrings"].config.handlers["python"]["paths"] = [folder.name]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Pages of what lies elsewhere or is made: documents of the repository, notebooks, options of the commands."""
    for document, page in DOCUMENTS.items():
        text = (ROOT / document).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=relink(text, document, page)))
    for path, page in PICTURES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / path)))
    for notebook, page in NOTEBOOKS.items():
        files.append(File.generated(config, page, content=as_page(ROOT / notebook)))
    files.append(File.generated(config, "commands.md", content=commands_page()))
    return files


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Refuse a page with which a reader's browser would fetch something from the network.

    Raises:
        PluginError: naming the page and the addresses.
    """
    addresses = fetched(output)
    if addresses:
        raise PluginError(f"{page.file.src_uri} would fetch {', '.join(addresses)}: keep it in the repository")
    return output
