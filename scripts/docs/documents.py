"""Documents of the repository that are pages of the site too: where they are, and how their links go there."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The root of the repository."""

DOCUMENTS = {
    "agents/RESULTS.md": "results/agents.md",
    "scripts/reproductions/CLAIMS.md": "results/claims.md",
    "scripts/reproductions/TABLES.md": "results/tables.md",
    "scripts/reproductions/RECIPE.md": "results/recipe.md",
    "scripts/benchmarks/FIGURES.md": "performance/figures.md",
    "scripts/benchmarks/SCALING.md": "performance/scaling.md",
    "scripts/SECURITY.md": "security.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Paths in the repository to those on the site."""

PICTURES = {
    "scripts/pictures/glimpses.gif": "pictures/glimpses.gif",
    "scripts/pictures/play.png": "pictures/play.png",
    "scripts/pictures/rotations.gif": "pictures/rotations.gif",
}
"""The same of pictures."""

_LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")
_PLACES = {**DOCUMENTS, **PICTURES, "README.md": "index.md"}


def relink(text: str, document: str, page: str) -> str:
    """A document's Markdown with its relative links to other documents turned into those between pages.

    Args:
        text: of the document.
        document: its path in the repository.
        page: its path on the site.

    Raises:
        ValueError: for a link to a file of the repository that is no page.
    """

    def moved(link: re.Match[str]) -> str:
        start, target, anchor, end = link.groups()
        if re.match(r"[a-z]+:", target):
            return link[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(document), target))
        if path not in _PLACES:
            raise ValueError(
                f"{document} links to {target}, which is no page of the site: see scripts/docs/documents.py"
            )
        place = posixpath.relpath(_PLACES[path], posixpath.dirname(page) or ".")
        return f"{start}{place}{anchor or ''}{end}"

    return _LINK.sub(moved, text)
