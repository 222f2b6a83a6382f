"""The package as others install it: its version, its wheel, the versions it is tested with."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
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


def test_the_oldest_versions_are_the_lower_bounds():
    script = ROOT / ".ci" / "oldest_versions.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    oldest = {requirement.name: str(requirement.specifier) for requirement in map(Requirement, done.stdout.split())}
    project = PYPROJECT["project"]
    allowed = map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["dev"]])
    bounds = {r.name: f"=={bound.version}" for r in allowed for bound in r.specifier if bound.operator == ">="}
    assert oldest == bounds


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, Path]:
    """The source distribution and the wheel of it, built without network from a copy of the sources."""
    folder = tmp_path_factory.mktemp("built")
    ignored = shutil.ignore_patterns("*.egg-info", "__pycache__", ".venv", ".git", ".*_cache", "build", "runs")
    shutil.copytree(ROOT, folder / "sources", ignore=ignored)
    build = f"from setuptools.build_meta import build_sdist; build_sdist({str(folder)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=folder / "sources", check=True, capture_output=True)
    (sdist,) = folder.glob("*.tar.gz")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", folder, sdist], check=True)
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


@pytest.fixture
def wheel(built: tuple[Path, Path]) -> Path:
    return built[1]


def test_wheel_holds_the_modules_and_what_they_read_and_nothing_else(wheel):
    modules = module_files()
    code = "".join((ROOT / module).read_text() for module in modules)
    folders = {module.parent for module in modules} - {Path()}
    beside = [file for folder in folders for file in (ROOT / folder).iterdir() if file.is_file()]
    read = {file.relative_to(ROOT) for file in beside if file.suffix != ".py" and f'"{file.name}"' in code}
    assert Path("scripts/reproductions/paper.json") in read
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == {f"saccadeworld/{file.as_posix()}" for file in [*modules, *read, Path("py.typed")]}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="git knows which files are the project's in a checkout")
def test_source_distribution_holds_what_the_checkout_does(built: tuple[Path, Path]):
    git = ["git", "-C", str(ROOT), "ls-files"]
    files = subprocess.run(git, capture_output=True, text=True, check=True).stdout.splitlines()
    with tarfile.open(built[0]) as archive:
        assert set(files) <= {name.partition("/")[2] for name in archive.getnames()}


def test_wheel_names_its_command_and_its_licence(wheel):
    archive = zipfile.ZipFile(wheel)
    (information,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
    assert "saccadeworld = saccadeworld.scripts.main:main" in archive.read(f"{information}/entry_points.txt").decode()
    assert "MIT License" in archive.read(f"{information}/licenses/LICENSE").decode()
