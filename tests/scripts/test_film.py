import numpy as np
import pytest
from PIL import Image, ImageSequence
from saccadeworld.envs.worlds import make_world
from saccadeworld.scripts.figures import film

IMAGES = "--world.options count 20 size 32 fovea 8"


def frames(path) -> list[np.ndarray]:
    return [np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(Image.open(path))]


def test_a_policy_in_a_gif_and_a_video(saccadeworld, tmp_path):
    gif, video = tmp_path / "new" / "a.gif", tmp_path / "a.mp4"
    options = "--policy nearby --views 3 --episodes 2 --seed 7 --split train"
    result = saccadeworld("film --gif", gif, "--video", video, IMAGES, options)
    assert (result.code, result.err) == (0, "")
    assert result.out == f"8 frames: {gif} and {video}\n"
    world = make_world("images", split="train", count=20, size=32, fovea=8)
    expected = film(world, world.rollout(2, 3, "nearby", 7))
    different = [expected[i] for i in (0, 1, 2, 4, 5, 6)]
    for shown, frame in zip(frames(gif), different, strict=True):
        assert np.abs(shown - frame).mean() < 3, "but for the 256 colours of a GIF"
    assert video.stat().st_size > 1000
    assert {path.name for path in tmp_path.iterdir()} == {"new", "a.mp4"}
    assert [path.name for path in gif.parent.iterdir()] == ["a.gif"]


def test_the_seed_decides(saccadeworld, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        saccadeworld("film --views 2 --seed", str(seed), "--gif", tmp_path / f"{name}.gif", IMAGES)
    a, b, c = ((tmp_path / f"{name}.gif").read_bytes() for name in "abc")
    assert a == b != c


def test_a_planner_and_an_agent(saccadeworld, tmp_path, model):
    agent = (
        f"--steps 16 --rows 4 --options n_steps 4 batch_size 16 --evaluation-episodes 4 --task free-viewing {IMAGES}"
    )
    assert saccadeworld("train-agent --model", model, "--out", tmp_path / "agent", agent).code == 0
    for collector in (("explore", "--model", model), (tmp_path / "agent" / "agent",)):
        result = saccadeworld("film --views 3 --gif", tmp_path / "a.gif", IMAGES, "--collector", *collector)
        assert (result.code, result.err) == (0, "")
        assert len(frames(tmp_path / "a.gif")) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "there is nothing to write: give --gif FILE.gif, --video FILE.mp4, or both"),
        ("--gif a.mp4", "--gif a.mp4: give a file that ends in .gif"),
        ("--video a.gif", "--video a.gif: give a file that ends in .mp4"),
        ("--gif a.gif --policy best", "policy='best' is not known"),
        ("--gif a.gif --policy uniform --collector explore", "--policy and --collector both name who looks around"),
        ("--gif a.gif --collector explore", "give the folder of a checkpoint by --model"),
        ("--gif a.gif --views 0", "--views=0 is out of range"),
        ("--gif a.gif --fps 0", "--fps=0.0 is out of range"),
        ("--gif a.gif --seed -1", "seed=-1 is out of range"),
        ("--gif file/a.gif", "--gif file cannot be written"),
    ],
)
def test_mistakes_are_told_in_one_line(saccadeworld, tmp_path, monkeypatch, options: str, message: str):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    result = saccadeworld(f"film {IMAGES} {options}")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1), result.err
    assert message in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
