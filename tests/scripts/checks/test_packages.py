import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from saccadeworld.scripts.checks.finding import Finding
from saccadeworld.scripts.checks.packages import examine_packages


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """Versions to pretend, by name; None for what is not installed."""
    pretended: dict[str, str | None] = {}
    real = metadata.version

    def version(name: str) -> str:
        found = pretended.get(name, real(name) if name not in pretended else None)
        if found is None:
            raise metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(metadata, "version", version)
    return pretended


def found() -> dict[str, Finding]:
    return {finding.about: finding for finding in examine_packages()}


def test_all_that_pyproject_asks_for_is_looked_at():
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    findings = found()
    for requirement in map(Requirement, project["dependencies"]):
        text = f"{metadata.version(requirement.name)} is {requirement.specifier}"
        assert findings[requirement.name] == Finding(requirement.name, "ok", text)
    assert {f"extra {extra}" for extra in project["optional-dependencies"]} <= findings.keys()
    assert findings["python"].state == "ok"


def test_a_version_out_of_range_is_broken(installed: dict[str, str | None]):
    installed["trimesh"] = "3.9"
    finding = found()["trimesh"]
    assert finding.state == "broken"
    wanted = next(text for text in metadata.requires("saccadeworld") or () if text.startswith("trimesh"))
    assert finding.text == f"3.9 is not {wanted.removeprefix('trimesh')}"
    assert finding.remedy == f"pip install '{wanted}'"


def test_a_module_from_elsewhere_is_a_warning(installed: dict[str, str | None]):
    installed["opencv-python"] = None  # as where opencv-python-headless is
    assert found()["opencv-python"].state == "warning"


def test_a_module_that_cannot_be_imported_is_broken(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    finding = found()["opencv-python"]
    assert finding.state == "broken"
    assert "cv2" in finding.text


def test_what_an_extra_lacks_is_told_with_how_to_get_it(installed: dict[str, str | None]):
    installed["scikit-learn"] = None
    finding = found()["extra dev"]
    assert finding.state == "missing"
    assert finding.text.startswith("without scikit-learn")
    assert finding.remedy == "pip install 'saccadeworld[dev]'"


def test_what_is_optional_is_never_imported(installed: dict[str, str | None], monkeypatch: pytest.MonkeyPatch):
    installed["torchvision"] = "0.20"
    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert found()["torchvision"].state == "ok"
    installed["torchvision"] = None
    assert found()["torchvision"].remedy == "pip install torchvision"
