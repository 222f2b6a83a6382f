import copy

import numpy as np
import pytest
from saccadeworld.agents.agent import Agent
from saccadeworld.agents.agent_config import AgentConfig
from saccadeworld.agents.agent_env import make_agent_env, task_options
from saccadeworld.agents.agent_player import seen_by
from saccadeworld.envs.recordings.tape import TapedVectorEnv, record_task
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.seqjepa import SeqJEPA

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("seen", ["embeddings", "views"])
@pytest.mark.parametrize("task", ["recognition", "search"])
def test_an_agent_does_as_in_the_environment_it_learned_in(
    images_world: ImagesWorld, images_model: SeqJEPA, task: str, seen: str
):
    """Which hands it rows of stable-baselines3; the first episode of each row is compared, action by action."""
    model = images_model if seen == "embeddings" else None
    config = AgentConfig(task=task, memory=3, network=(8,), max_steps=5, seed=1)
    agent = Agent.make(config, images_world, model, 4)
    tape = TapedVectorEnv(4, world=images_world, **task_options(config))
    chunk = record_task(tape, agent.act, 2, 50, seen_by(agent, tape))
    columns = chunk.columns
    assert columns["episode_idx"][0] == 2
    env = make_agent_env(config, images_world, model, 4)
    env.seed(52)
    observation = env.reset()
    slices = chunk.episode_slices()
    assert [int(columns["seed"][rows.start]) for rows in slices] == [52, 53, 54, 55]
    for step in range(int(chunk.lengths.max()) - 1):
        actions, _ = agent.learner.predict(copy.deepcopy(observation), deterministic=True)
        observation, rewards, dones, _ = env.step(actions)
        for row, rows in enumerate(slices):
            if step < rows.stop - rows.start - 1:
                place = rows.start + step
                assert np.array_equal(columns["action"][place], actions[row])
                assert columns["reward"][place + 1] == pytest.approx(rewards[row])
                assert (columns["terminated"] | columns["truncated"])[place + 1] == dones[row]
