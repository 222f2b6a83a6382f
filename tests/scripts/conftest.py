"""Commands as a person types them, run in this process."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image
from saccadeworld.scripts.main import main


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
