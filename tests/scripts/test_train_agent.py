import json
import math
import signal
from pathlib import Path

import pytest
import torch
from saccadeworld.agents import training
from saccadeworld.agents.agent import Agent
from saccadeworld.agents.agent_env import make_agent_env
from saccadeworld.envs.worlds import make_world
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

WORLD = "--world.options count 8 size 32 fovea 8"
AGENT = "--rows 4 --memory 3 --network 8 --options n_steps 4 batch_size 16 n_epochs 1"
TINY = f"{WORLD} {AGENT} --evaluate-every 32 --evaluation-episodes 6 --steps 64"


def read(path: Path):
    return json.loads(path.read_text())


def world(split: str):
    return make_world("images", split=split, count=8, size=32, fovea=8)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return Agent.load(folder, world("train")).learner.policy.state_dict()


def test_it_leaves_agents_scores_options_and_a_log(saccadeworld, tmp_path, model):
    out = tmp_path / "run"
    result = saccadeworld("train-agent --task recognition --algo ppo --model", model, "--out", out, TINY, "--seed 3")
    assert (result.code, result.err) == (0, "")
    assert "after 64 steps: return" in result.out
    expected = {"agent", "best", "metrics.json", "scores.json", "run.json", "tensorboard"}
    assert {path.name for path in out.iterdir()} == expected
    scores, content = read(out / "scores.json"), read(out / "metrics.json")
    assert [score["steps"] for score in scores] == [32, 64]
    assert content["metrics"]["agent/return"] == scores[-1]["mean"]
    assert 0 <= content["metrics"]["agent/success"] <= 1
    assert all(math.isfinite(value) for value in content["metrics"].values())
    assert content["seed"] == 3
    best = max(scores, key=lambda score: score["mean"])["steps"]
    assert read(out / "best" / "agent.json")["steps"] == best
    assert read(out / "agent" / "agent.json")["steps"] == 64
    folders = list((out / "tensorboard").iterdir())
    log = EventAccumulator(str(folders[0]))
    log.Reload()
    assert [event.step for event in log.Scalars("evaluation/return")] == [32, 64]


def test_scores_are_those_of_the_agent_on_the_test_split(saccadeworld, tmp_path, model):
    out = tmp_path / "run"
    saccadeworld("train-agent --model", model, "--out", out, TINY)
    agent = Agent.load(out / "agent", world("train"))
    env = training_env(agent)
    env.seed(0)
    observation, returns, done = env.reset(), [], 0
    totals = torch.zeros(4)
    while done < 200:
        observation, rewards, dones, infos = env.step(agent.learner.predict(observation, deterministic=True)[0])
        totals += torch.from_numpy(rewards)
        for row in dones.nonzero()[0].tolist():
            returns.append(float(totals[row]))
            assert infos[row]["episode"]["r"] == pytest.approx(returns[-1], abs=1e-5)
            totals[row] = 0
            done += 1
    mean = read(out / "metrics.json")["metrics"]["agent/return"]
    assert min(returns) - 1e-6 <= mean <= max(returns) + 1e-6
    assert training.evaluate_agent(agent, env, 6).mean == pytest.approx(mean)


def training_env(agent: Agent):
    return make_agent_env(agent.config, world("test"), agent.model, 4)


@pytest.mark.parametrize(
    "options",
    [
        "--task path-integration --algo sac --options buffer_size 100 learning_starts 8 batch_size 8 gradient_steps 1",
        "--task search --algo dqn --options buffer_size 100 learning_starts 8 batch_size 8 gradient_steps 1",
        "--task free-viewing --max-steps 3 --reward evidence",
    ],
)
def test_tasks_algorithms_and_rewards(saccadeworld, tmp_path, model, options):
    result = saccadeworld("train-agent --model", model, "--out", tmp_path / "run", TINY, options)
    assert (result.code, result.err) == (0, "")
    assert "agent/return" in read(tmp_path / "run" / "metrics.json")["metrics"]


def test_without_a_model_it_learns_from_views(saccadeworld, tmp_path):
    result = saccadeworld("train-agent --out", tmp_path / "run", TINY)
    assert (result.code, result.err) == (0, "")
    assert read(tmp_path / "run" / "agent" / "agent.json")["sees"] == "views"


def test_ctrl_c_saves_and_the_run_goes_on(saccadeworld, tmp_path, model, monkeypatch):
    out, evaluate = tmp_path / "run", training.evaluate_agent

    def interrupted(*arguments):
        signal.raise_signal(signal.SIGINT)
        return evaluate(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(training, "evaluate_agent", interrupted)
        result = saccadeworld("train-agent --model", model, "--out", out, TINY)
    assert result.code == 130
    assert f"saved after 32 steps; to go on: saccadeworld train-agent --out {out} --resume" in result.out
    assert not (out / "metrics.json").exists()
    result = saccadeworld("train-agent --out", out, "--resume")
    assert (result.code, result.err) == (0, "")
    assert [score["steps"] for score in read(out / "scores.json")] == [32, 64]
    assert read(out / "metrics.json")["config"]["steps"] == 64


def test_a_finished_run_can_be_resumed_to_no_effect(saccadeworld, tmp_path, model):
    out = tmp_path / "run"
    saccadeworld("train-agent --model", model, "--out", out, TINY)
    before, scores = weights(out / "agent"), read(out / "scores.json")
    assert saccadeworld("train-agent --out", out, "--resume").code == 0
    assert read(out / "scores.json") == scores
    assert all(torch.equal(value, before[name]) for name, value in weights(out / "agent").items())
    (out / "scores.json").write_text('[{"speed": 3}]')
    result = saccadeworld("train-agent --out", out, "--resume")
    assert result.code == 2
    assert f"{out / 'scores.json'} does not hold scores: " in result.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--algo sac --task-options actions discrete", "'sac' cannot choose the actions of the task 'recognition'"),
        ("--algo dqn --task homing", "'dqn' cannot choose the actions of the task 'homing'"),
        ("--reward evidence", "reward='evidence' is measured by a model"),
        ("--task-options foo 3", "foo"),
        ("--memory 0", "memory=0 is out of range"),
        ("--steps 0", "--steps=0 is out of range"),
        ("--options buffer_size 7", "the algorithm 'ppo' has no option 'buffer_size'"),
        ("--model nowhere", "no checkpoint folder at nowhere"),
        ("--resume --seed 1", "give only --out with it"),
    ],
)
def test_what_does_not_fit_is_told_before_any_work(saccadeworld, tmp_path, options, message):
    out = tmp_path / "run"
    result = saccadeworld("train-agent --out", out, WORLD, options)
    assert result.code == 2
    assert message in result.err
    assert result.err.count("\n") == 1
    assert not out.is_dir() or not any(out.iterdir())


def test_a_second_run_into_one_folder_is_refused(saccadeworld, tmp_path, model):
    out = tmp_path / "run"
    saccadeworld("train-agent --model", model, "--out", out, TINY)
    result = saccadeworld("train-agent --model", model, "--out", out, TINY)
    assert result.code == 2
    assert "add --resume to go on with it" in result.err


def test_a_model_for_another_world_is_refused(saccadeworld, tmp_path, model):
    options = "--world.name objects --world.options count 3 size 12"
    result = saccadeworld("train-agent --model", model, "--out", tmp_path / "run", options)
    assert result.code == 2
    assert "the model takes actions of 2 numbers, the world 'objects' has 4" in result.err


def test_what_stable_baselines3_warns_of_is_told_once(saccadeworld, tmp_path):
    """When the agent is made, not when it is loaded."""
    options = "--steps 4 --rows 2 --max-steps 2 --network 4 --evaluation-episodes 2 --options n_steps 2 batch_size 64"
    made = saccadeworld("train-agent --task free-viewing --out", tmp_path / "run", WORLD, options)
    assert (made.code, made.err.count("mini-batch size of 64")) == (0, 1)
    loaded = saccadeworld("film --views 2 --gif", tmp_path / "a.gif", WORLD, "--collector", tmp_path / "run" / "agent")
    assert (loaded.code, loaded.err.count("mini-batch")) == (0, 0)
