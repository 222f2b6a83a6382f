"""What two real processes found that trained together."""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from saccadeworld.seqjepa.training import Interrupted
from safetensors.torch import load_file
from torch import Tensor

sys.path.append(str(Path(__file__).parent))
from trainings import exact_trainer, stop_half_way


class Found(NamedTuple):
    """By one rank."""

    outcomes: dict[str, dict[str, Tensor]]
    notes: dict[str, Any]


class Ranks(NamedTuple):
    folder: Path
    both: list[Found]


def read(folder: Path, rank: int) -> Found:
    outcomes: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for key, tensor in load_file(folder / f"{rank}.safetensors").items():
        name, part = key.split("/", 1)
        outcomes[name][part] = tensor
    return Found(outcomes, json.loads((folder / f"{rank}.json").read_text()))


@pytest.fixture(scope="session")
def two_ranks(tmp_path_factory) -> Ranks:
    folder = tmp_path_factory.mktemp("ranks")
    with pytest.raises(Interrupted):
        exact_trainer("variance-covariance").run(folder / "one", stop_half_way)
    script = str(Path(__file__).with_name("two_ranks.py"))
    processes = [subprocess.Popen([sys.executable, script, str(rank), str(folder)]) for rank in (0, 1)]
    try:
        assert [process.wait(timeout=300) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    return Ranks(folder, [read(folder, rank) for rank in (0, 1)])
