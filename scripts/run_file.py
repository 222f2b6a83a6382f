"""run.json: the options that a run was started with, so that it can go on with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..envs.json_files import fault, read_json
from .results import write_atomically

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

RUN = "run.json"
Parsed = TypeVar("Parsed")


def write_run(out: Path, command: DataclassInstance) -> dict[str, Any]:
    """Write the options of a command into its folder; they are returned as they will be read."""
    options = run_options(command)
    write_atomically(out / RUN, json.dumps(options, indent=1) + "\n")
    return options


def run_options(command: DataclassInstance) -> dict[str, Any]:
    """The options of a command as `read_run` reads them."""
    return json.loads(json.dumps(asdict(command), default=str))


def read_run(out: Path, parse: Callable[[dict[str, Any]], Parsed]) -> Parsed:
    """What `parse` makes of the options of the run in a folder.

    Raises:
        FileNotFoundError: where there is no run.
        ValueError: for a file that is damaged, or whose options cannot be parsed.
    """
    path = out / RUN
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: there is no run to resume in {out}")
    try:
        return parse(read_json(path))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} does not hold the options of a run: {fault(error)}") from error
