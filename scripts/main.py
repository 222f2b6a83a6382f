"""The `saccadeworld` command: one subcommand per file of this folder."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import tyro

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
}
"""The name of each subcommand, which names its module too, and its class there."""


def main() -> None:
    """Parse a subcommand and its options, and run it."""
    chosen, *options = sys.argv[1:] or [""]
    if chosen in COMMANDS:  # to import the others would take seconds
        run(tyro.cli(load(chosen), prog=f"saccadeworld {chosen}", args=options), [chosen, *options])
    else:
        commands: dict[str, Any] = {name: load(name) for name in COMMANDS}
        run(tyro.extras.subcommand_cli_from_dict(commands, prog="saccadeworld"))


def load(name: str) -> type[Command]:
    """The class of a subcommand."""
    return getattr(importlib.import_module(f".{name.replace('-', '_')}", __package__), COMMANDS[name])


if __name__ == "__main__":
    main()
