"""The package as others install it: its version, its wheel, the versions it is tested with."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from itertools import chain
from pathlib import Path

import pytest
import saccadeworld
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LEFT_OUT = ("tests", "build", "site", "runs")  # folders that are no part of the package


def module_files() -> list[Path]:
    """Every Python file of the package, relative to the root."""
    tops = [top for top in ROOT.iterdir() if top.is_dir() and top.name not in LEFT_OUT and not top.name.startswith(".")]
    files = [*ROOT.glob("*.py"), *(file for top in tops for file in top.rglob("*.py"))]
    return [file.relative_to(ROOT) for file in files]


def test_version_is_the_same_everywhere():
    assert saccadeworld.__version__ == PYPROJECT["project"]["version"] == metadata.version("saccadeworld")


def test_constraints_pin_every_requirement_within_its_range():
    lines = (ROOT / "scripts" / "constraints.txt").read_text().splitlines()
    pins = dict(line.lower().replace("_", "-").split("==") for line in lines if line and not line.startswith("#"))
    project = PYPROJECT["project"]
    requirements = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    misfits = [
        requirement
        for requirement in map(Requirement, requirements)
        if not requirement.specifier.contains(pins.get(requirement.name, "0"))
    ]
    assert misfits == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built without network from a copy of the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", *LEFT_OUT)
    shutil.copytree(ROOT, folder / "sources", ignore=ignored)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", folder, folder / "sources"], check=True)
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_holds_every_module_and_nothing_else(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    data = {
        "saccadeworld/py.typed",
        "saccadeworld/scripts/playing/page.css",
        "saccadeworld/scripts/reproductions/paper.json",
    }
    assert names == {f"saccadeworld/{file.as_posix()}" for file in module_files()} | data


def test_wheel_names_its_command_and_its_licence(wheel):
    archive = zipfile.ZipFile(wheel)
    (information,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
    assert "saccadeworld = saccadeworld.scripts.main:main" in archive.read(f"{information}/entry_points.txt").decode()
    assert "MIT License" in archive.read(f"{information}/licenses/LICENSE").decode()
