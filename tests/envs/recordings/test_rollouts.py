import numpy as np
from saccadeworld.envs.recordings.rollouts import record_rollout
from saccadeworld.envs.worlds import World


def test_a_row_is_a_view_and_what_was_done_there(world: World):
    chunk = record_rollout(world, None, 3, first=5, count=2, seed=70)
    batch = world.rollout(2, 3, seed=75)
    columns = chunk.columns
    assert chunk.lengths.tolist() == [3, 3]
    assert np.array_equal(columns["pixels"], batch.views.flatten(0, 1).permute(0, 2, 3, 1))
    assert np.array_equal(columns["pose"], batch.poses.flatten(0, 1))
    for name in ("action", "movement"):
        by_episode = columns[name].reshape(2, 3, -1)
        assert np.array_equal(by_episode[:, :2], batch.actions)
        assert np.isnan(by_episode[:, 2]).all(), "nothing was done after the last view"
    assert columns["step_idx"].tolist() == [0, 1, 2, 0, 1, 2]
    assert columns["episode_idx"].tolist() == [5, 5, 5, 6, 6, 6]
    assert columns["seed"].tolist() == [75, 75, 75, 76, 76, 76]
    assert columns["scene"].tolist() == batch.scenes.repeat_interleave(3).tolist()
    assert columns["label"].tolist() == batch.labels.repeat_interleave(3).tolist()


def test_episodes_do_not_depend_on_their_chunks(images_world: World, rollouts):
    whole = record_rollout(images_world, "uniform", 3, 0, 10, 30)
    for name, column in whole.columns.items():
        parts = np.concatenate([chunk.columns[name] for chunk in rollouts])
        assert np.array_equal(column, parts, equal_nan=column.dtype.kind == "f")
