import json
import subprocess
import sys
from pathlib import Path


def test_all_is_well_where_the_tests_run(saccadeworld, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = saccadeworld("doctor --out found")
    assert result.code == 0, result.out
    lines = result.out.splitlines()
    left = json.loads((tmp_path / "found" / "metrics.json").read_text())
    assert [line.split()[0] for line in lines] == [finding["state"] for finding in left["findings"]]
    assert left["metrics"]["broken"] == 0
    assert sum(left["metrics"].values()) == len(lines)
    states = {finding["about"]: finding["state"] for finding in left["findings"]}
    assert states["torch"] == states["images on cpu"] == states["objects on cpu"] == states["results"] == "ok"


def test_without_a_folder_nothing_is_written(saccadeworld, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert saccadeworld("doctor").code == 0
    assert list(tmp_path.iterdir()) == []


def test_a_broken_torch_is_told_and_what_hangs_on_it(tmp_path: Path):
    (tmp_path / "torch.py").write_text("raise OSError('libcudart.so.12: cannot open shared object file')\n")
    (tmp_path / "run.py").write_text("from saccadeworld.scripts.main import main; main()\n")  # its folder comes first
    done = subprocess.run([sys.executable, tmp_path / "run.py", "doctor"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    found = dict(line.split(maxsplit=1)[::-1] for line in done.stdout.splitlines())
    (torch,) = (line for line in found if line.startswith("torch "))
    assert found[torch] == "broken"
    assert "libcudart.so.12" in torch
    assert "pip install 'torch>=" in torch
    assert [state for line, state in found.items() if line.startswith(("images on cpu", "objects on cpu"))] == [
        "broken",
        "broken",
    ]
