import copy

import gymnasium as gym
import numpy as np
import pytest
from saccadeworld.envs.recordings.minari import write_minari
from saccadeworld.envs.recordings.players import act_at_random
from saccadeworld.envs.recordings.tape import TapedVectorEnv, record_task

minari = pytest.importorskip("minari")

NAME = "saccadeworld/images-search-v0"
WORLD = {"world": "images", "count": 4, "size": 32, "fovea": 8}
TASKS = {
    "search": {"task": "search", "tolerance": 0.3},
    "choices": {"task": "recognition", "actions": "discrete"},
    "journey": {"task": "homing"},
}


@pytest.fixture(params=TASKS)
def root(request, tmp_path):
    """A data set of five episodes of a task, in two chunks."""
    options = WORLD | TASKS[request.param]
    spec = copy.deepcopy(gym.spec("SaccadeWorld-v0"))
    spec.kwargs, spec.max_episode_steps = options, 6
    chunks = [
        record_task(TapedVectorEnv(n, max_episode_steps=6, **options), act_at_random, first, 8)
        for first, n in ((0, 3), (3, 2))
    ]
    env = TapedVectorEnv(1, **options)
    write_minari(tmp_path / "minari", chunks, NAME, spec, env, {"algorithm_name": "chance", "description": "a test"})
    return tmp_path / "minari"


@pytest.fixture
def data_set(root, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(root))
    return minari.load_dataset(NAME)


def test_minari_finds_it_by_its_name_and_by_its_path(root, data_set):
    assert list(minari.list_local_datasets()) == [NAME]
    by_path = minari.MinariDataset(root / NAME / "data")
    assert by_path.total_episodes == data_set.total_episodes == 5
    assert by_path.total_steps == sum(len(episode) for episode in data_set)
    assert data_set.storage.metadata["algorithm_name"] == "chance"


def test_its_environment_makes_the_same_episodes_again(data_set):
    """The environment that Minari recovers, reset with the recorded seeds and given the recorded actions."""
    env = data_set.recover_environment()
    assert env.observation_space == data_set.observation_space
    assert env.action_space == data_set.action_space
    seeds = [entry["seed"] for entry in data_set.storage.get_episode_metadata(range(5))]
    assert seeds == [8, 9, 10, 11, 12]
    for seed, episode in zip(seeds, data_set, strict=True):
        seen, info = env.reset(seed=seed)
        for step in range(len(episode) + 1):
            for key, value in seen.items():
                assert np.array_equal(value, episode.observations[key][step]), key
                assert value.dtype == episode.observations[key].dtype
            for key, value in info.items():
                assert np.array_equal(value, episode.infos[key][step]), key
            if step < len(episode):
                seen, reward, *ended, info = env.step(episode.actions[step])
                assert reward == episode.rewards[step]
                assert ended == [episode.terminations[step], episode.truncations[step]]
        assert any(ended)


def test_what_it_holds_beside_is_in_the_infos(data_set):
    episode = data_set[0]
    assert {"pose", "label", "scene", "movement"} <= episode.infos.keys()
    assert episode.infos["movement"].shape == (len(episode) + 1, 2)
    assert np.isnan(episode.infos["movement"][-1]).all()


def test_a_disk_that_is_full_is_named_and_nothing_is_left(tmp_path, searches, images_world, files_of_at_most):
    def fill() -> None:
        with files_of_at_most(8000):
            env = TapedVectorEnv(1, world=images_world, task="search")
            write_minari(tmp_path / "minari", searches, NAME, gym.spec("SaccadeWorld-v0"), env, {})

    with pytest.raises(OSError, match="minari cannot be written"):
        fill()
    assert list(tmp_path.iterdir()) == []
