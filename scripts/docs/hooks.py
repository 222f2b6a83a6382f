"""What MkDocs does for the site beside turning its pages into HTML; see `mkdocs.yml`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

# MkDocs loads this file by its path, so that it belongs to no package from which imports could be relative.
from saccadeworld.scripts.docs import commands, documents, network, notebooks  # pyright: ignore[reportMissingImports]

_links: list[tempfile.TemporaryDirectory[str]] = []  # which end with the process


@event_priority(100)  # before mkdocstrings reads its part
def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Docstrings are read from this checkout, whatever its folder is called; snippets too."""
    config.mdx_configs["pymdownx.snippets"]["base_path"] = [str(documents.ROOT)]
    folder = tempfile.TemporaryDirectory()
    _links.append(folder)
    Path(folder.name, "saccadeworld").symlink_to(documents.ROOT, target_is_directory=True)
    config.plugins["mkdocstrings"].config.handlers["python"]["paths"] = [folder.name]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Pages of what lies elsewhere or is made: documents of the repository, notebooks, options of the commands."""
    for document, page in documents.DOCUMENTS.items():
        text = (documents.ROOT / document).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=documents.relink(text, document, page)))
    for path, page in documents.PICTURES.items():
        files.append(File.generated(config, page, abs_src_path=str(documents.ROOT / path)))
    for notebook, page in notebooks.NOTEBOOKS.items():
        files.append(File.generated(config, page, content=notebooks.as_page(documents.ROOT / notebook)))
    files.append(File.generated(config, "commands.md", content=commands.commands_page()))
    return files


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Refuse a page with which a reader's browser would fetch something from the network.

    Raises:
        PluginError: naming the page and the addresses.
    """
    addresses = network.fetched(output)
    if addresses:
        raise PluginError(f"{page.file.src_uri} would fetch {', '.join(addresses)}: keep it in the repository")
    return output
