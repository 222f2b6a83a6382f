"""The `saccadeworld` command: one subcommand per file of this folder."""

from __future__ import annotations

import tyro

from .benchmark import Benchmark
from .command import run
from .demo import Demo
from .environments import Environments
from .evaluate import Evaluate
from .glimpses import Glimpses
from .latents import Latents
from .path_integration import PathIntegration
from .reproduce import Reproduce
from .saliency import Saliency
from .search import Search
from .train import Train
from .train_agent import TrainAgent


def main() -> None:
    """Parse a subcommand and its options, and run it."""
    commands = {
        "demo": Demo,
        "train": Train,
        "train-agent": TrainAgent,
        "evaluate": Evaluate,
        "latents": Latents,
        "glimpses": Glimpses,
        "search": Search,
        "path-integration": PathIntegration,
        "reproduce": Reproduce,
        "saliency": Saliency,
        "benchmark": Benchmark,
        "environments": Environments,
    }
    run(tyro.extras.subcommand_cli_from_dict(commands, prog="saccadeworld"))


if __name__ == "__main__":
    main()
