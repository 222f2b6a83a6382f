"""Agents: what they are trained with, and that they are the same when they are loaded."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from saccadeworld.agents.agent import Agent
from saccadeworld.agents.agent_config import AgentConfig
from saccadeworld.agents.agent_env import make_agent_env
from saccadeworld.agents.belief import ClassBelief
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.tasks import TASKS
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld, World
from saccadeworld.seqjepa import SeqJEPA

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:You have specified a mini-batch size"),  # of little rollouts
]

SMALL: dict[str, dict[str, Any]] = {
    "ppo": {"n_steps": 4, "batch_size": 8, "n_epochs": 1},
    "sac": {"buffer_size": 60, "learning_starts": 4, "batch_size": 8, "gradient_steps": 1},
    "dqn": {"buffer_size": 60, "learning_starts": 4, "batch_size": 8, "gradient_steps": 1},
}
ABLE = {  # every task that fits an algorithm
    "ppo": list(TASKS),
    "sac": list(TASKS),
    "dqn": ["free-viewing", "recognition", "search"],
}


def config(algorithm: str, task: str = "recognition", **options: Any) -> AgentConfig:
    options = {"memory": 3, "network": (8,), "options": SMALL[algorithm]} | options
    return AgentConfig(task=task, algorithm=algorithm, **options)


def values(agent: Agent) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in agent.learner.policy.state_dict().items()}


@pytest.mark.parametrize(("algorithm", "task"), [(name, task) for name, tasks in ABLE.items() for task in tasks])
def test_every_task_that_fits_an_algorithm_is_learned(
    images_world: ImagesWorld, images_model: SeqJEPA, algorithm: str, task: str
):
    agent = Agent.make(config(algorithm, task), images_world, images_model, 2)
    before = values(agent)
    agent.learner.learn(24)
    after = values(agent)
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert all(value.isfinite().all() for value in after.values())


@pytest.mark.parametrize("seen", ["embeddings", "views"])
@pytest.mark.parametrize("algorithm", SMALL)
def test_it_is_the_same_when_it_is_loaded(
    images_world: ImagesWorld, images_model: SeqJEPA, tmp_path: Path, algorithm: str, seen: str
):
    model = images_model if seen == "embeddings" else None
    agent = Agent.make(config(algorithm), images_world, model, 2)
    agent.learner.learn(16)
    agent.save(tmp_path / "agent")
    again = Agent.load(tmp_path / "agent", images_world, 2)
    assert again.config == agent.config
    assert again.learner.num_timesteps == agent.learner.num_timesteps
    assert values(again).keys() == values(agent).keys()
    assert all(torch.equal(value, values(again)[name]) for name, value in values(agent).items())
    for name, state in agent.learner.get_parameters().items():  # those of optimisers too
        torch.testing.assert_close(again.learner.get_parameters()[name], state, rtol=0, atol=0)
    if algorithm == "sac":
        assert torch.equal(again.learner.log_ent_coef, agent.learner.log_ent_coef)
    env = make_agent_env(agent.config, images_world, model, 2)
    env.seed(3)
    observation = env.reset()
    expected = agent.learner.predict(observation, deterministic=True)[0]
    np.testing.assert_array_equal(again.learner.predict(observation, deterministic=True)[0], expected)
    again.learner.learn(8, reset_num_timesteps=False)
    assert again.learner.num_timesteps > agent.learner.num_timesteps


def test_an_earlier_agent_is_replaced_and_nothing_else(
    images_world: ImagesWorld, images_model: SeqJEPA, tmp_path: Path
):
    agent = Agent.make(config("ppo"), images_world, images_model, 2)
    agent.save(tmp_path / "agent")
    agent.save(tmp_path / "agent")
    assert {path.name for path in (tmp_path / "agent").iterdir()} == {"agent.json", "agent.pt", "model"}
    (tmp_path / "agent" / "diary.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"diary\.txt"):
        agent.save(tmp_path / "agent")


def test_who_learns_from_evidence_can_act_without_a_belief(
    images_world: ImagesWorld, images_model: SeqJEPA, tmp_path: Path
):
    evidence = config("ppo", "free-viewing", reward="evidence", max_steps=2)
    with pytest.raises(ValueError, match="needs a belief"):
        Agent.make(evidence, images_world, images_model, 2)
    with pytest.raises(ValueError, match="measured by a model"):
        Agent.make(evidence, images_world, None, 2)
    belief = ClassBelief.fit(images_model, images_world, 3, episodes=60)
    agent = Agent.make(evidence, images_world, images_model, 2, belief)
    agent.learner.learn(16)
    agent.save(tmp_path / "agent")
    again = Agent.load(tmp_path / "agent", images_world)
    assert again.config.reward == "evidence"
    assert all(torch.equal(value, values(again)[name]) for name, value in values(agent).items())


@pytest.mark.parametrize(
    ("algorithm", "task", "options", "message"),
    [
        ("dqn", "path-integration", {}, r"'dqn' cannot choose the actions .* use 'ppo' or 'sac'"),
        ("dqn", "search", {"actions": "box"}, r"or give the task actions='discrete'"),
        ("sac", "search", {"actions": "discrete"}, r"'sac' cannot choose .* use 'ppo' or 'dqn', or give the task"),
    ],
)
def test_a_task_that_an_algorithm_cannot_handle(
    images_world: ImagesWorld, images_model: SeqJEPA, algorithm: str, task: str, options: dict, message: str
):
    with pytest.raises(ValueError, match=message):
        Agent.make(config(algorithm, task, task_options=options), images_world, images_model, 2)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"task": "chess"}, ValueError, "task='chess' is not known"),
        ({"algorithm": "a3c"}, ValueError, "algorithm='a3c' is not known"),
        ({"reward": "money"}, ValueError, "reward='money' is not known"),
        ({"memory": 0}, ValueError, "memory=0 is out of range"),
        ({"network": (8, 0)}, ValueError, "network=0 is out of range"),
        ({"max_steps": 1.5}, TypeError, r"max_steps=1\.5 must be int or None"),
    ],
)
def test_a_bad_configuration(options: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        AgentConfig(**options)


def test_an_option_that_the_algorithm_does_not_have():
    message = r"the algorithm 'ppo' has no option 'learnin_rate' \(did you mean 'learning_rate'\?\); it takes "
    with pytest.raises(TypeError, match=message):
        AgentConfig(algorithm="ppo", options={"learnin_rate": 3})


@pytest.mark.parametrize("option", ["seed", "device", "policy", "env"])
def test_what_an_agent_is_made_of_is_no_option(option: str):
    with pytest.raises(TypeError, match=f"has no option '{option}'"):
        AgentConfig(algorithm="dqn", options={option: 3})


def test_a_value_that_the_algorithm_refuses(images_world: ImagesWorld):
    with pytest.raises((TypeError, ValueError), match=r"'ppo' with options .*'n_steps': 'many'"):
        Agent.make(config("ppo", options={"n_steps": "many"}), images_world, None, 2)


@pytest.fixture
def saved(images_world: ImagesWorld, images_model: SeqJEPA, tmp_path: Path) -> Path:
    Agent.make(config("ppo"), images_world, images_model, 2).save(tmp_path / "agent")
    return tmp_path / "agent"


def test_another_world_is_refused(saved: Path, pictures: PictureSet, objects_world: ObjectsWorld):
    four = PictureSet(pictures.pictures, torch.arange(6) % 4, ("ant", "bee", "cat", "dog"))
    with pytest.raises(ValueError, match=r"saved with the actions 28 choices, here they are 29 choices"):
        Agent.load(saved, ImagesWorld(four, fovea=12))
    with pytest.raises(ValueError, match=r"actions of 2 numbers, the world 'objects' has 4"):
        Agent.load(saved, objects_world)


def test_another_size_of_view_is_refused_where_views_are_seen(
    pictures: PictureSet, images_world: ImagesWorld, tmp_path: Path
):
    Agent.make(config("ppo"), images_world, None, 2).save(tmp_path / "agent")
    with pytest.raises(ValueError, match=r"observations .*\[3, 3, 12, 12\].* here .*\[3, 3, 14, 14\]"):
        Agent.load(tmp_path / "agent", ImagesWorld(pictures, fovea=14))


class Executed:
    def __reduce__(self) -> tuple[Callable, tuple[str]]:
        return (pytest.fail, ("code in a file of an agent was executed",))


def spoil_description(folder: Path) -> None:
    (folder / "agent.json").write_text("{")


def spoil_format(folder: Path) -> None:
    (folder / "agent.json").write_text(json.dumps({"format": "saccadeworld.agent", "version": 99}))


def spoil_config(folder: Path) -> None:
    content = json.loads((folder / "agent.json").read_text())
    content["config"]["algorithm"] = "a3c"
    (folder / "agent.json").write_text(json.dumps(content))


def spoil_weights(folder: Path) -> None:
    (folder / "agent.pt").write_bytes((folder / "agent.pt").read_bytes()[:500])


def put_code(folder: Path) -> None:
    torch.save(Executed(), folder / "agent.pt")


def put_other_weights(folder: Path) -> None:
    state = torch.load(folder / "agent.pt", weights_only=True)
    name = next(iter(state["parameters"]["policy"]))
    state["parameters"]["policy"][name] = torch.zeros(3, 3)
    torch.save(state, folder / "agent.pt")


def put_width(folder: Path) -> None:
    content = json.loads((folder / "agent.json").read_text())
    content["config"]["network"] = [10**9]
    (folder / "agent.json").write_text(json.dumps(content))


def put_buffer(folder: Path) -> None:
    content = json.loads((folder / "agent.json").read_text())
    content["config"]["options"]["n_steps"] = 10**12
    (folder / "agent.json").write_text(json.dumps(content))


def take_steps(folder: Path) -> None:
    content = json.loads((folder / "agent.json").read_text())
    del content["steps"]
    (folder / "agent.json").write_text(json.dumps(content))


def put_nesting(folder: Path) -> None:
    (folder / "agent.json").write_text("[" * 100_000)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_description, r"agent\.json is not valid JSON"),
        (spoil_format, r"does not describe an agent of version 1"),
        (spoil_config, r"agent\.json is damaged: algorithm='a3c' is not known"),
        (spoil_weights, r"agent\.pt is not a readable PyTorch checkpoint"),
        (put_code, r"agent\.pt was not loaded because .* could run code"),
        (put_width, r"agent\.json: network=\(1000000000,\) does not fit the weights in agent\.pt"),
        (put_buffer, r"'ppo' with options .*Unable to allocate"),
        (take_steps, r"agent\.json is damaged: it lacks steps"),
        (put_nesting, r"agent\.json is not valid JSON: maximum recursion depth"),
        (put_other_weights, r"agent\.pt is damaged, or does not fit.*size mismatch"),
    ],
)
def test_a_damaged_agent(saved: Path, images_world: World, spoil: Callable[[Path], None], message: str):
    spoil(saved)
    with pytest.raises(ValueError, match=message.replace(".*", "[^$]*")):
        Agent.load(saved, images_world)


def test_a_full_disk_leaves_the_earlier_agent(
    saved: Path, images_world: ImagesWorld, files_of_at_most: Callable[[int], AbstractContextManager[None]]
):
    before = {path.name: path.read_bytes() for path in saved.iterdir() if path.is_file()}
    again = Agent.load(saved, images_world, 2)
    with files_of_at_most(len(before["agent.pt"]) - 1), pytest.raises(OSError, match="cannot be written"):
        again.save(saved)
    assert {path.name: path.read_bytes() for path in saved.iterdir() if path.is_file()} == before
    assert [path.name for path in saved.parent.iterdir()] == ["agent"]


@pytest.mark.parametrize("name", ["agent.json", "agent.pt", "model"])
def test_a_file_that_is_missing(saved: Path, images_world: World, name: str):
    (saved / name).rename(saved.parent / name)
    with pytest.raises(FileNotFoundError, match=name.replace(".", r"\.")):
        Agent.load(saved, images_world)
