"""Commands as a person types them, run in this process."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld.agents.agent import Agent
from saccadeworld.agents.agent_config import AgentConfig
from saccadeworld.envs.worlds import make_world
from saccadeworld.scripts import reproduce
from saccadeworld.scripts.main import main
from saccadeworld.scripts.reproductions.laptop_scale import LAPTOP
from saccadeworld.scripts.reproductions.measurements import Settings
from saccadeworld.scripts.reproductions.scale import Family, Scale
from saccadeworld.seqjepa import SeqJEPA


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def commands_use_one_thread(one_thread):
    """In every test of this folder."""


@pytest.fixture
def saccadeworld(monkeypatch, capsys) -> Callable[..., Result]:
    """Runs `saccadeworld ARGUMENTS`; strings are split at blanks, paths are not."""

    def call(*arguments: str | Path) -> Result:
        words = [word for a in arguments for word in ([str(a)] if isinstance(a, Path) else a.split())]
        monkeypatch.setattr(sys, "argv", ["saccadeworld", *words])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def model(tmp_path) -> Path:
    """The folder of an untrained seq-JEPA for saccades, small."""
    torch.manual_seed(0)
    options = {"encoder_width": 4, "action_embedding_dim": 8, "layers": 1, "heads": 2}
    SeqJEPA(2, "small", **options).eval().save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def agent(tmp_path) -> Callable[[str, Path | None], Path]:
    """Makes the folder of an agent that has learned nothing of a task, in pictures of 32 pixels with a fovea of 8."""

    def make(task: str, model: Path | None) -> Path:
        world = make_world("images", count=4, size=32, fovea=8)
        options = {"tolerance": 0.0} if task == "search" else {}
        config = AgentConfig(
            task, max_steps=2, task_options=options, network=(4,), memory=2, options={"batch_size": 16}
        )
        folder = tmp_path / f"{task}-{'views' if model is None else 'model'}"
        Agent.make(config, world, None if model is None else SeqJEPA.load(model), 1).save(folder)
        return folder

    return make


@pytest.fixture
def picture_folder(tmp_path) -> Callable[[str], Path]:
    """Makes a folder of noise pictures named such as "cat/1 cat/2 dog/1"."""

    def make(names: str) -> Path:
        folder = tmp_path / "pictures"
        for i, name in enumerate(names.split()):
            path = folder / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng(i).integers(0, 256, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(noise).save(path)
        return folder

    return make


_TINY_BASELINES = {
    "projector": (8, 6),
    "predictor_hidden": 8,
    "action_embedding_dim": 4,
    "width": 8,
    "heads": 2,
    "projection": 6,
    "regressor": (6,),
}


def _tiny(family: Family) -> Family:
    few = {"train_episodes": 40, "test_episodes": 24, "hidden": 8, "epochs": 1}
    settings = Settings(
        probes=replace(family.settings.probes, **few),
        paths=replace(family.settings.paths, **few),
        retrieval=replace(family.settings.retrieval, scenes=3, views=6),
    )
    size = {"images": 32, "objects": 12, "augmentations": 32}[family.world]
    return replace(
        family,
        built_in={split: {**own, "count": 20} for split, own in (family.built_in or {}).items()},
        options={**family.options, "size": size, **({"fovea": 8} if family.world == "images" else {})},
        side={"images": 8, "objects": 12, "augmentations": 32}[family.world],
        encoder={"encoder": "small", "encoder_width": 2},
        model={**family.model, "action_embedding_dim": 4, "layers": 1, "heads": 2, "predictor_hidden": 8},
        training=replace(family.training, steps=4, batch_size=6, log_every=1, save_every=2),
        settings=settings,
    )


@pytest.fixture
def tiny_scale(monkeypatch) -> Scale:
    """Takes the place of the laptop's."""
    baselines = {
        method: {name: _TINY_BASELINES.get(name, value) for name, value in options.items()}
        for method, options in LAPTOP.baselines.items()
    }
    families = {name: _tiny(family) for name, family in LAPTOP.families.items()}
    scale = replace(LAPTOP, families=families, baselines=baselines, milestones=(0.5,))
    monkeypatch.setitem(reproduce.SCALES, "laptop", scale)
    return scale
