"""The `saccadeworld` command: one subcommand per file of this folder."""

from __future__ import annotations

import ast
import difflib
import importlib
import sys
from pathlib import Path
from typing import Any

import tyro

from ..envs.progress import VARIABLE
from .command import Command, run

COMMANDS = {
    "demo": "Demo",
    "play": "Play",
    "record": "Record",
    "train": "Train",
    "train-agent": "TrainAgent",
    "evaluate": "Evaluate",
    "latents": "Latents",
    "glimpses": "Glimpses",
    "search": "Search",
    "path-integration": "PathIntegration",
    "reproduce": "Reproduce",
    "saliency": "Saliency",
    "film": "Film",
    "benchmark": "Benchmark",
    "environments": "Environments",
    "doctor": "Doctor",
}
"""The name of each subcommand, which names its module too, and its class there."""


def main() -> None:
    """Parse a subcommand and its options, and run it."""
    chosen, *options = sys.argv[1:] or [""]
    if chosen in COMMANDS:  # to import the others would take seconds
        run(tyro.cli(load(chosen), prog=f"saccadeworld {chosen}", args=options), [chosen, *options])
    elif chosen in ("-h", "--help"):
        print(overview())
    elif chosen.startswith("--tyro-"):  # completion, which needs the options of all
        commands: dict[str, Any] = {name: load(name) for name in COMMANDS}
        tyro.extras.subcommand_cli_from_dict(commands, prog="saccadeworld")
    else:
        print(overview() + _correction(chosen), file=sys.stderr)
        sys.exit(2)


def load(name: str) -> type[Command]:
    """The class of a subcommand."""
    return getattr(importlib.import_module(f".{_module(name)}", __package__), COMMANDS[name])


def overview() -> str:
    """How the command is used, and a line about each subcommand."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {_summary(name)}" for name in COMMANDS]
    about = "saccadeworld COMMAND --help tells the options of a command, with an example."
    logs = f"{VARIABLE}=json tells progress, warnings and errors as JSON lines on stderr, for logs."
    return "\n".join(["usage: saccadeworld COMMAND [OPTION...]", "", *lines, "", about, logs])


def _correction(chosen: str) -> str:
    """What to say of a command that there is not."""
    if not chosen:
        return ""
    meant = difflib.get_close_matches(chosen, COMMANDS, n=1)
    return f"\n\nsaccadeworld: there is no command {chosen!r}" + (f"; did you mean {meant[0]}?" if meant else "")


def _summary(name: str) -> str:
    """What a module says about itself, read without importing it, which would take seconds."""
    source = Path(__file__).with_name(f"{_module(name)}.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(source)) or ""
    return docstring.partition("\n")[0].removeprefix(f"saccadeworld {name}: ").removesuffix(".")


def _module(name: str) -> str:
    return name.replace("-", "_")


if __name__ == "__main__":
    main()
