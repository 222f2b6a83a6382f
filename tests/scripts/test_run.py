"""scripts/run.sh, on a machine with a pretended Python that notes what it is asked for instead of installing it."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "run.sh"

# `-m venv` makes a folder with a copy of itself, `-m pip install` may be told to fail; the real Python does the rest.
PYTHON = """#!/bin/sh
case "$*" in
    --version) echo "Python ${PRETENDED_VERSION:-3.11.2}" ;;
    *version_info*) [ "${PRETENDED_VERSION:-3.11.2}" != 3.9.1 ] ;;
    "-m venv "*) for folder; do :; done; mkdir -p "$folder/bin" && cp "$0" "$folder/bin/python" && echo venv >>"$LOG" ;;
    "-m pip --version") ;;
    "-m pip install "*--constraint*scripts/constraints.txt*)
        for last; do :; done; echo "$last" >>"$LOG"; [ -z "${PRETENDED_FAILURE:-}" ] ;;
    *) exec REAL "$@" ;;
esac
"""


class Machine:
    """A clone with nothing in it but what the script reads."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a clone"
        self.venv = self.root / ".venv"
        self.state = self.venv / "saccadeworld-state"
        self.elsewhere = folder / "elsewhere"
        self.log = folder / "log"
        self.python = folder / "python"
        (self.root / "scripts").mkdir(parents=True)
        self.elsewhere.mkdir()
        shutil.copy(SCRIPT, self.root / "scripts")
        (self.root / "scripts" / "constraints.txt").write_text("torch==1\n")
        (self.root / "pyproject.toml").write_text("[project]\n")
        self.python.write_text(PYTHON.replace("REAL", shlex.quote(sys.executable)))
        self.python.chmod(0o755)

    def start(self, *command: str, **variables: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHON": str(self.python), "LOG": str(self.log), **variables}
        script = ["sh", str(self.root / "scripts" / "run.sh"), *command]
        pipe = subprocess.PIPE
        return subprocess.Popen(script, cwd=self.elsewhere, env=environment, stdout=pipe, stderr=pipe, text=True)

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*command, **variables)
        output, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def asked_for(self) -> list[str]:
        """What Python was asked for since the last call: "venv", and what it was to install under the constraints."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_says_how_it_is_used(machine: Machine):
    result = machine.run()
    assert result.returncode == 2
    assert "sh scripts/run.sh saccadeworld demo" in result.stderr


def test_first_run_installs_and_later_runs_do_not(machine: Machine):
    first = machine.run("sh", "-c", "pwd; command -v python; echo $VIRTUAL_ENV; exit 7")
    assert first.returncode == 7
    assert first.stdout.splitlines() == [str(machine.elsewhere), str(machine.venv / "bin/python"), str(machine.venv)]
    assert "the first time takes a few minutes" in first.stderr
    assert machine.asked_for() == ["venv", "setuptools", f"{machine.root}[dev]"]

    second = machine.run("echo", "one  argument", "another")
    assert (second.returncode, second.stdout, second.stderr) == (0, "one  argument another\n", "")
    assert machine.asked_for() == []


@pytest.mark.parametrize("changed", ["pyproject.toml", "scripts/constraints.txt", "python", "place"])
def test_installs_again_when_something_changed(machine: Machine, changed: str):
    machine.run("true")
    machine.asked_for()
    variables = {}
    if changed == "python":
        variables["PRETENDED_VERSION"] = "3.12.0"
    elif changed == "place":
        machine.root = machine.root.rename(machine.root.with_name("moved"))
    else:
        (machine.root / changed).write_text("torch==2\n")
    assert "up to date" in machine.run("true", **variables).stderr
    assert machine.asked_for() == ["setuptools", f"{machine.root}[dev]"]
    assert machine.run("true", **variables).stderr == ""


def test_an_installation_that_failed_is_made_anew(machine: Machine):
    failed = machine.run("echo", "ran", PRETENDED_FAILURE="yes")
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert machine.state.read_text() == "unfinished\n"
    machine.asked_for()
    assert "never finished" in machine.run("true").stderr
    assert machine.asked_for()[0] == "venv"


def test_an_update_that_failed_is_tried_again_even_for_the_old_requirements(machine: Machine):
    machine.run("true")
    project = machine.root / "pyproject.toml"
    old = project.read_text()
    project.write_text("changed\n")
    assert machine.run("true", PRETENDED_FAILURE="yes").returncode == 1
    machine.asked_for()
    project.write_text(old)
    assert "up to date" in machine.run("true").stderr
    assert machine.asked_for() == ["setuptools", f"{machine.root}[dev]"]


def test_somebodys_own_environment_is_kept(machine: Machine):
    (machine.venv / "bin").mkdir(parents=True)
    shutil.copy(machine.python, machine.venv / "bin" / "python")
    (machine.venv / "own").touch()
    assert machine.run("true").returncode == 0
    assert (machine.venv / "own").exists()
    assert machine.asked_for() == ["setuptools", f"{machine.root}[dev]"]


def test_an_environment_whose_python_is_gone_is_made_anew(machine: Machine):
    machine.run("true")
    (machine.venv / "bin" / "python").unlink()
    machine.asked_for()
    assert "broken" in machine.run("true").stderr
    assert machine.asked_for()[0] == "venv"


def test_an_old_python_is_refused(machine: Machine):
    result = machine.run("true", PRETENDED_VERSION="3.9.1")
    assert result.returncode == 1
    assert "Python 3.9.1 is too old: install Python 3.11" in result.stderr
    assert not machine.venv.exists()


def test_a_missing_python_is_named(machine: Machine):
    result = machine.run("true", PYTHON="/no/such/python")
    assert result.returncode == 1
    assert "/no/such/python is not installed" in result.stderr


def test_two_runs_install_once(machine: Machine):
    with (machine.root / "pyproject.toml").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        runs = [machine.start("true") for _ in range(2)]
        for run in runs:
            assert run.stderr is not None
            assert "waiting for another installation" in run.stderr.readline()
        assert machine.asked_for() == []
    ends = time.monotonic() + 60
    while any(run.poll() is None for run in runs) and time.monotonic() < ends:
        time.sleep(0.01)
    assert [run.communicate()[1].count("few minutes") + run.returncode for run in runs] in ([0, 1], [1, 0])
    assert machine.asked_for() == ["venv", "setuptools", f"{machine.root}[dev]"]
