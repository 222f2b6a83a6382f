"""The `saccadeworld` command: one subcommand per file of this folder."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import tyro

from .command import Command, run

COMMANDS = {
    "demo": "Demo",
    "train": "Train",
    "train-agent": "TrainAgent",
    "evaluate": "Evaluate",
    "latents": "Latents",
    "glimpses": "Glimpses",
    "search": "Search",
    "path-integration": "PathIntegration",
    "reproduce": "Reproduce",
    "saliency": "Saliency",
    "benchmark": "Benchmark",
    "environments": "Environments",
}
"""The name of each subcommand, which names its module too, and its class there."""


def main() -> None:
    """Parse a subcommand and its options, and run it."""
    chosen = sys.argv[1] if len(sys.argv) > 1 else ""
    names = [chosen] if chosen in COMMANDS else COMMANDS  # to import the others would take seconds
    commands: dict[str, Any] = {name: load(name) for name in names}
    run(tyro.extras.subcommand_cli_from_dict(commands, prog="saccadeworld"))


def load(name: str) -> type[Command]:
    """The class of a subcommand."""
    return getattr(importlib.import_module(f".{name.replace('-', '_')}", __package__), COMMANDS[name])


if __name__ == "__main__":
    main()
