import gymnasium as gym
import numpy as np
import pytest
from PIL import Image, ImageSequence
from saccadeworld.agents.planning.expected_evidence import EvidenceConfig
from saccadeworld.envs.recordings.players import PolicyPlayer
from saccadeworld.envs.recordings.tape import TapedVectorEnv, record_task
from saccadeworld.envs.worlds import make_world
from saccadeworld.scripts import acting
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


def test_a_planner_and_an_agent(saccadeworld, tmp_path, model, agent):
    for collector in (("explore", "--model", model), (agent("free-viewing", model),)):
        result = saccadeworld("film --views 3 --gif", tmp_path / "a.gif", IMAGES, "--collector", *collector)
        assert (result.code, result.err) == (0, "")
        assert len(frames(tmp_path / "a.gif")) == 3


def test_a_task_of_a_planner_and_of_agents(saccadeworld, tmp_path, model, agent):
    for collector in (
        ("--max-steps 2 --task-options tolerance 0 --collector search --model", model),
        ("--collector", agent("search", model)),
        ("--collector", agent("search", None)),
    ):
        result = saccadeworld("film --task search --gif", tmp_path / "a.gif", IMAGES, *collector)
        assert (result.code, result.err) == (0, ""), result.err
        assert result.out.startswith("4 frames"), "of two actions, as many as these agents learned with"
    options = "film --task search --max-steps 3 --gif"
    result = saccadeworld(options, tmp_path / "a.gif", IMAGES, "--collector", agent("search", None))
    assert (result.code, "are those that the agent was trained with: leave them out" in result.err) == (2, True)
    result = saccadeworld("film --task homing --gif", tmp_path / "a.gif", IMAGES, "--collector", agent("search", None))
    assert (result.code, result.out) == (2, "")
    assert "--task homing: the agent in" in result.err


def test_a_planner_that_recognises_names_the_class_at_the_end(saccadeworld, tmp_path, model, monkeypatch):
    monkeypatch.setattr(acting, "_EVIDENCE", EvidenceConfig(views=2, episodes=64))
    options = f"--task recognition --max-steps 3 {IMAGES} --collector recognise"
    result = saccadeworld("film --gif", tmp_path / "a.gif", options, "--model", model)
    assert (result.code, result.err) == (0, ""), result.err
    assert result.out.startswith("4 frames"), "of two actions, as it is not sure before it has seen two views"


def test_a_film_of_a_task_is_that_of_its_environment(saccadeworld, tmp_path):
    """The line below apart, whose words `figures` tests."""
    options = "--task path-integration --policy uniform --task-options movements 2 --seed 7 --gif"
    assert saccadeworld("film", options, tmp_path / "a.gif", IMAGES).code == 0
    world = make_world("images", split="test", count=20, size=32, fovea=8)
    task = {"world": world, "task": "path-integration", "movements": 2}
    tape = TapedVectorEnv(1, **task)
    actions = record_task(tape, PolicyPlayer(world.policy("uniform"), tape), 0, 7).columns["action"][:-1]
    env = gym.make("SaccadeWorld-v0", render_mode="rgb_array", **task)
    env.reset(seed=7)
    shown = [env.render()]
    for action in actions:
        env.step(action)
        shown.append(env.render())
    for frame, rendered in zip(frames(tmp_path / "a.gif"), shown, strict=True):
        height, width = rendered.shape[:2]
        below = frame[30 : 30 + height, :width]
        assert np.abs(below - rendered).mean() < 4, "but for the 256 colours of a GIF"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "there is nothing to write: give --gif FILE.gif, --video FILE.mp4, or both"),
        ("--gif a.mp4", "--gif a.mp4: give a file that ends in .gif"),
        ("--video a.gif", "--video a.gif: give a file that ends in .mp4"),
        ("--gif a.gif --policy best", "policy='best' is not known"),
        ("--gif a.gif --policy uniform --collector explore", "--policy uniform and --collector explore: only one of"),
        ("--gif a.gif --collector nowhere", "--collector nowhere is neither 'explore' nor the folder of an agent"),
        ("--gif a.gif --collector search --model m", "--collector search looks for a goal: add --task search"),
        ("--gif a.gif --collector recognise --model m", "--collector recognise names a class: add --task recognition"),
        ("--gif a.gif --task recognition --collector recognise", "--collector recognise plans with seq-JEPA: give"),
        ("--gif a.gif --task search --collector search", "--collector search plans with seq-JEPA: give the folder"),
        ("--gif a.gif --max-steps 3", "--task-options and --max-steps are for a task"),
        ("--gif a.gif --task homing --max-steps 0", "--max-steps=0 is out of range"),
        (
            "--gif a.gif --task search --task-options speed 3",
            "has no option 'speed'; it takes 'actions'",
        ),
        ("--gif a.gif --task search --task-options actions discrete --policy uniform", "use actions='box'"),
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
