"""Maps and neighbours of a model's embeddings, from the command line."""

import json
import math
from pathlib import Path

import pytest
import torch
from saccadeworld.envs import rotations
from saccadeworld.envs.worlds import make_world
from saccadeworld.scripts.latents import coordinates
from saccadeworld.seqjepa import SeqJEPA
from saccadeworld.seqjepa.baselines import SimCLR

WORLDS = {
    "images": ("size 32 fovea 8 count 40", 2),
    "objects": ("size 12 count 40", 4),
    "augmentations": ("size 32 count 40 latents jitter", 4),
}


def scores(folder: Path) -> dict[str, float]:
    return json.loads((folder / "metrics.json").read_text())["metrics"]


@pytest.fixture
def look(saccadeworld, tmp_path):
    """Runs the command on a baseline, over 40 small pictures; the results lie in the folder "out"."""

    def call(options: str):
        SimCLR(2, "small", encoder_width=2, projector=(4,)).save(tmp_path / "model")
        words = f"--world.options size 32 fovea 8 count 40 {options}"
        return saccadeworld("latents --model", tmp_path / "model", "--out", tmp_path / "out", words)

    return call


@pytest.mark.parametrize("name", WORLDS)
def test_pictures_and_scores(saccadeworld, tmp_path, name):
    options, action_dim = WORLDS[name]
    torch.manual_seed(0)
    model = SeqJEPA(action_dim, "small", encoder_width=2, action_embedding_dim=4, layers=1, predictor_hidden=8)
    model.save(tmp_path / "model")
    looked = f"--world.name {name} --world.options {options} --scenes 24 --views 4 --aggregated 3"
    result = saccadeworld("latents --model", tmp_path / "model", "--out", tmp_path / "out", looked)
    assert (result.code, result.err) == (0, "")
    found = scores(tmp_path / "out")
    assert {"silhouette/z", "silhouette/aggregate", "neighbours/distance/any", "neighbours/class/others"} <= set(found)
    assert found["silhouette/z/chance"] < 0.05
    page = (tmp_path / "out/report.html").read_text()
    assert page.count("<img") == {"images": 5, "objects": 6, "augmentations": 7}[name]
    saccadeworld("latents --model", tmp_path / "model", "--out", tmp_path / "again", looked)
    assert scores(tmp_path / "again") == found


def test_a_baseline_has_no_aggregates(look, tmp_path):
    assert look("--scenes 8 --views 4").code == 0
    assert not any("aggregate" in name for name in scores(tmp_path / "out"))


def test_all_instances_are_looked_at_where_there_are_few(look, tmp_path):
    assert look("--views 4").code == 0
    assert "160 views of 40 instances" in (tmp_path / "out/report.html").read_text()


def test_angles_are_those_that_made_the_rotation():
    world = make_world("objects", count=16, size=8)
    angles = torch.tensor([[0.3, -0.5, 1.2], [0.0, 0.7, -0.4]], dtype=torch.float64)
    poses = rotations.from_euler(angles).float()
    values = torch.stack([c.values for c in coordinates(world, poses)], dim=1)
    assert torch.allclose(values, angles * 180 / math.pi, atol=1e-3)


def test_what_is_too_much_is_refused_before_any_work(look):
    result = look("--scenes 41")
    assert result.code == 2
    assert "scenes=41 is out of range; use 1 to 40" in result.err
