import json
from pathlib import Path

import pytest
from saccadeworld.agents.agent import Agent
from saccadeworld.agents.agent_config import AgentConfig
from saccadeworld.agents.agent_policy import AgentPolicy
from saccadeworld.agents.glimpses import GlimpsesConfig, accuracy_by_glimpses
from saccadeworld.envs.worlds import World, make_world
from saccadeworld.scripts.glimpses import label_of
from saccadeworld.seqjepa import SeqJEPA

WORLD = "--world.options count 32 size 32 fovea 8"
TINY = f"{WORLD} --glimpses.views 2 --glimpses.train-episodes 64 --glimpses.test-episodes 40 --seeds 0 1"


def world(split: str) -> World:
    return make_world("images", split=split, count=32, size=32, fovea=8)


@pytest.fixture
def agents(tmp_path, model) -> list[Path]:
    """Two that differ in their seed alone."""
    folders = [tmp_path / f"agent-{seed}" for seed in (0, 1)]
    for seed, folder in enumerate(folders):
        config = AgentConfig(task="free-viewing", task_options={"actions": "discrete"}, network=(4,), seed=seed)
        Agent.make(config, world("train"), SeqJEPA.load(model), 16).save(folder)
    return folders


def test_policies_agents_and_the_planner_side_by_side(saccadeworld, tmp_path, model, agents):
    out = tmp_path / "run"
    planning = "--plan --planner.candidates 3 --evidence.episodes 64 --evidence.views 2 --memory 2"
    options = f"{TINY} --policies uniform object {planning}"
    result = saccadeworld("glimpses --model", model, "--out", out, options, "--agents", *agents)
    assert (result.code, result.err) == (0, "")
    assert {path.name for path in out.iterdir()} == {"metrics.json", "report.html"}
    content = json.loads((out / "metrics.json").read_text())
    rows = {"uniform", "object", "planner", "uniform, untrained model", "ppo, free-viewing"}
    assert set(content["accuracies"]) == rows
    assert all(len(runs) == 2 and all(len(run) == 2 for run in runs) for runs in content["accuracies"].values())
    for row in (*rows, "commonest class"):
        assert row in result.out
    agent = Agent.load(agents[1], world("train"))
    config = GlimpsesConfig(views=2, train_episodes=64, test_episodes=40, seed=1)
    loaded = SeqJEPA.load(model)
    again = accuracy_by_glimpses(loaded, world("train"), world("test"), lambda _: AgentPolicy(agent), config)
    assert content["accuracies"]["ppo, free-viewing"][1] == again
    mean = sum(run[1] for run in content["accuracies"]["object"]) / 2
    assert content["metrics"]["glimpses/object/2"] == pytest.approx(mean)
    labels = world("test").labels
    assert content["metrics"]["glimpses/chance"] == labels.bincount().max().item() / 32
    assert "<figure>" in (out / "report.html").read_text()


def test_a_policy_or_agent_that_does_not_fit_is_told_before_any_work(saccadeworld, tmp_path, model):
    out = tmp_path / "run"
    result = saccadeworld("glimpses --model", model, "--out", out, TINY, "--policies human")
    assert result.code == 2
    assert "--policies='human' is not known; use one of 'saliency'" in result.err
    result = saccadeworld("glimpses --model", model, "--out", out, TINY, "--agents", tmp_path / "nowhere")
    assert result.code == 2
    assert f"no folder of an agent at {tmp_path / 'nowhere'}" in result.err
    assert not out.exists()


def test_agents_that_see_otherwise_make_other_rows(agent, model):
    labels = [label_of(Agent.load(agent("recognition", seen), world("train"))) for seen in (model, None)]
    assert labels == ["ppo, recognition", "ppo, recognition from views"]
