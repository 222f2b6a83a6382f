"""How the house is built: what imports what, what is packaged, and what an import costs."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import gymnasium
import pytest
import saccadeworld
from saccadeworld.envs.registration import register_envs

ROOT = Path(saccadeworld.__file__).parent
FLOORS = ("saliency", "envs", "seqjepa", "agents", "scripts")  # from the ground up
MODULES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))


def imports(path: Path) -> set[tuple[str, ...]]:
    """Everything a module imports, anywhere in it, as absolute dotted names in parts."""
    package = ("saccadeworld", *path.relative_to(ROOT).parent.parts)
    found: set[tuple[str, ...]] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            found |= {(*base, alias.name) for alias in node.names}
    return found


def test_the_walk_finds_the_modules_and_their_imports():
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(FLOORS)
    assert ("saccadeworld", "saliency", "scanpaths", "FixationSampler") in imports(ROOT / "envs/policies.py")
    assert ("saccadeworld", "envs", "draws") in imports(ROOT / "envs/worlds/world.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down(path: Path):
    floor = FLOORS.index(path.relative_to(ROOT).parts[0])
    for name in imports(path):
        if name[0] == "saccadeworld" and len(name) > 1 and name[1] in FLOORS:
            assert FLOORS.index(name[1]) <= floor, f"imports {'.'.join(name)}, which is on a higher floor"
        if floor < FLOORS.index("agents"):
            assert name[0] != "stable_baselines3", "only agents and scripts know stable-baselines3"


def test_every_folder_is_packaged():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = {path.parent for path in [ROOT / "__init__.py", *(ROOT / f / "__init__.py" for f in FLOORS)]}
    folders |= {path.parent for floor in FLOORS for path in (ROOT / floor).rglob("__init__.py")}
    expected = {".".join(("saccadeworld", *folder.relative_to(ROOT).parts)) for folder in folders}
    assert set(project["tool"]["setuptools"]["packages"]) == expected
    assert {path.parent for path in MODULES} <= folders, "a folder of modules has no __init__.py"


ADDED = """
import sys
import torch, gymnasium
before = set(sys.modules)
from saccadeworld import {names}
print(*{{name.partition(".")[0] for name in sys.modules.keys() - before}} - set(sys.stdlib_module_names))
"""
WITH_PARTS = {"saccadeworld", "PIL", "filelock", "safetensors"}  # a few hundredths of a second each, at most


@pytest.mark.parametrize(("names", "needed"), [("__version__", {"saccadeworld"}), ("*", WITH_PARTS)])
def test_an_import_needs_little_beside_torch_and_gymnasium(names: str, needed: set[str]):
    code = ADDED.format(names=names)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= needed


def test_public_names_are_imported_when_they_are_asked_for():
    code = """
import sys, saccadeworld
assert 'torch' not in sys.modules
print(*(getattr(saccadeworld, name) for name in saccadeworld.__all__))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "saccadeworld.envs.worlds.world.World" in done.stdout


def test_a_name_that_is_not_public_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'SeqJEPB'"):
        saccadeworld.SeqJEPB  # noqa: B018


def test_the_id_is_registered_once(recwarn: pytest.WarningsRecorder):
    register_envs()
    assert "SaccadeWorld-v0" in gymnasium.registry
    assert not recwarn.list
