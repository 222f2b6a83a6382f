"""Reading JSON that may be damaged, or written by anyone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        OSError: when it cannot be read.
        ValueError: naming the file, when it is not JSON in UTF-8, or nested too deeply.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not valid JSON: {error}") from error


def fault(error: Exception) -> str:
    """In words what is wrong with content that was read from a file, by the error that it led to."""
    return f"it lacks {error}" if isinstance(error, KeyError) else str(error)
