"""The numbers of the seq-JEPA paper, with where each comes from: they lie in paper.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from .. import reproductions


class Published(NamedTuple):
    """A number of the paper: a mean and, where it is given, the standard deviation over seeds."""

    mean: float
    spread: float | None = None


@dataclass(frozen=True)
class PublishedPart:
    """One table or curve of the paper.

    Attributes:
        rows: numbers by row and column; accuracies are in per cent.
        provenance: where it stands and how it was read, as one sentence; empty for what is not in the paper.
    """

    rows: Mapping[str, Mapping[str, Published]] = field(default_factory=dict)
    provenance: str = ""

    def get(self, row: str, column: str) -> Published | None:
        """The number there, if there is one."""
        return self.rows.get(row, {}).get(column)


def published(part: str) -> PublishedPart:
    """What the paper has for a part such as "table1/rotations"; nothing where it has nothing."""
    content = _document()["parts"].get(part)
    if content is None:
        return PublishedPart()
    rows = {
        row: {column: Published(*(value if isinstance(value, list) else [value])) for column, value in cells.items()}
        for row, cells in content["rows"].items()
    }
    details = [content["how"], content["runs"], *([content["note"]] if "note" in content else [])]
    return PublishedPart(rows, f"Paper: {content['where']}, {'; '.join(details)}.")


@cache
def _document() -> dict[str, Any]:
    return json.loads(files(reproductions).joinpath("paper.json").read_text(encoding="utf-8"))
