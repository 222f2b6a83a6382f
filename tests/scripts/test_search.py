import json
from pathlib import Path

import pytest
from saccadeworld.agents.agent import Agent
from saccadeworld.agents.agent_config import AgentConfig
from saccadeworld.agents.search_scores import search_scores
from saccadeworld.envs.worlds import World, make_world
from saccadeworld.seqjepa import SeqJEPA
from saccadeworld.seqjepa.episode_seeds import first_episode

WORLD = "--world.options count 16 size 32 fovea 8"
TINY = (
    f"{WORLD} --episodes 12 --limit 3 --tolerance 0.2 --planner.candidates 8 --planner.elites 2 --seeds 0 1 "
    "--horizon.episodes 20 --horizon.horizon 2"
)


def world(split: str) -> World:
    return make_world("images", split=split, count=16, size=32, fovea=8)


def save_agent(folder: Path, model: Path, **options) -> Path:
    config = AgentConfig(**{"task": "search", "network": (4,), "memory": 2, **options})
    Agent.make(config, world("train"), SeqJEPA.load(model), 16).save(folder)
    return folder


def test_planner_agents_and_levels_side_by_side(saccadeworld, tmp_path, model):
    agents = [
        save_agent(tmp_path / "ppo", model, seed=1),
        save_agent(tmp_path / "sac", model, algorithm="sac", options={"buffer_size": 50}),
    ]
    out = tmp_path / "run"
    result = saccadeworld("search --model", model, "--out", out, TINY, "--agents", *agents)
    assert (result.code, result.err) == (0, "")
    assert {path.name for path in out.iterdir()} == {"metrics.json", "report.html"}
    metrics = json.loads((out / "metrics.json").read_text())["metrics"]
    assert metrics["search/oracle/success"] == metrics["search/oracle/steps"] == 1.0
    for who in ("planner", "planner, untrained model", "chance", "oracle", "ppo, search", "sac, search"):
        assert who in result.out
        assert 0 <= metrics[f"search/{who}/success"] <= 1
    assert metrics["horizon/imagined/1"] == pytest.approx(metrics["horizon/told/1"], abs=1e-5)
    agent = Agent.load(agents[0], world("train"))
    assert agent.model is not None
    options = {"episodes": 12, "limit": 3, "memory": 2, "tolerance": 0.2, "actions": "discrete"}
    again = search_scores(agent.model, world("test"), lambda _: agent.act, seed=first_episode("testing", 1), **options)
    assert metrics["search/ppo, search/success"] == again.success
    assert (out / "report.html").read_text().count("<figure>") == 2


def test_what_does_not_fit_is_told_before_any_work(saccadeworld, tmp_path, model):
    out = tmp_path / "run"
    looking = save_agent(tmp_path / "looking", model, task="free-viewing")
    result = saccadeworld("search --model", model, "--out", out, TINY, "--agents", looking)
    assert result.code == 2
    assert "--agents takes agents that search through a model, not 'ppo, free-viewing'" in result.err
    result = saccadeworld("search --model", model, "--out", out, TINY, "--limit 0")
    assert result.code == 2
    assert "--limit=0 is out of range" in result.err
    assert not out.exists()
