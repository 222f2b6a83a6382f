import tracemalloc

import numpy as np
import pytest
import torch
from saccadeworld.envs.recordings.formats import FILES, READERS
from saccadeworld.envs.recordings.players import act_at_random
from saccadeworld.envs.recordings.recording import Recording
from saccadeworld.envs.recordings.rollouts import record_rollout
from saccadeworld.envs.recordings.tape import TapedVectorEnv, record_task
from saccadeworld.envs.rollout import Rollout

for name in ("h5py", "minari", "webdataset"):
    pytest.importorskip(name)

SEED = 30  # of the recorded episodes
FIELDS = ("views", "poses", "actions", "labels", "scenes")


def assert_same(batch: Rollout, other: Rollout) -> None:
    for field in FIELDS:
        ours, theirs = getattr(batch, field), getattr(other, field)
        assert ours.dtype == theirs.dtype
        assert torch.equal(ours, theirs), field


def episodes_of(batch: Rollout) -> list[bytes]:
    return [views.contiguous().numpy().tobytes() for views in batch.views]


@pytest.mark.parametrize("format", ["hdf5", "webdataset"])
def test_it_gives_the_rollouts_of_its_world(images_world, rollouts, make_recording, format):
    recording = Recording(make_recording(rollouts, format))
    for count, seed in ((10, SEED), (3, SEED + 4)):
        assert_same(recording.rollout(count, 3, None, seed), images_world.rollout(count, 3, "uniform", seed))
    part = Recording(recording.folder / FILES[format])
    assert_same(recording.rollout(2, 2, None, SEED), part.rollout(2, 2, None, SEED))
    for name in ("name", "action_dim", "optics", "data_hash", "device"):
        assert getattr(recording, name) == getattr(images_world, name)


@pytest.mark.parametrize("format", READERS)
def test_every_format_gives_the_episodes_of_a_task(searches, make_recording, format):
    """Two views of each, which are rows that follow each other in the chunks."""
    batch = Recording(make_recording(searches, format)).rollout(7, 2, None, SEED)
    columns = {name: np.concatenate([chunk.columns[name] for chunk in searches]) for name in searches[0].columns}
    given = {"pixels": batch.views.permute(0, 1, 3, 4, 2), "pose": batch.poses, "movement": batch.actions}
    given |= {"label": batch.labels[:, None], "scene": batch.scenes[:, None]}
    for i in range(7):
        fits = [
            all(np.array_equal(values[i], columns[name][row : row + values.shape[1]]) for name, values in given.items())
            for row in np.flatnonzero(columns["episode_idx"] == i)[:-1]
        ]
        assert any(fits)


@pytest.mark.parametrize("format", READERS)
def test_it_holds_no_views_but_those_it_is_asked_for(images_world, make_recording, format):
    """What is taken while it is opened and gives thirty batches is a part of what it holds."""
    tape = TapedVectorEnv(40, world=images_world, task="search", tolerance=1e-3, max_episode_steps=99)
    chunk = record_task(tape, act_at_random, 0, SEED)
    folder = make_recording([chunk], format)
    tracemalloc.start()
    recording = Recording(folder)
    for i in range(30):
        recording.rollout(4, 3, None, SEED + 4 * i)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < chunk.columns["pixels"].nbytes / 8


def test_every_later_pass_has_all_episodes_in_an_order_of_its_own(rollouts, make_recording):
    recording = Recording(make_recording(rollouts))
    passes = [episodes_of(recording.rollout(10, 3, None, SEED + 10 * turn)) for turn in (0, 1, 2, 10**15, -1)]
    assert len({tuple(order) for order in passes}) == 5
    assert {frozenset(order) for order in passes} == {frozenset(passes[0])}
    assert len(set(passes[0])) == 10
    across = episodes_of(recording.rollout(20, 3, None, SEED + 5))
    assert across[:5] == passes[0][5:]
    assert across[5:15] == passes[1]
    assert across[15:] == passes[2][:5]


def test_of_longer_episodes_it_gives_parts(images_world, make_recording):
    """Rows that follow each other, beginning anywhere."""
    recording = Recording(make_recording([record_rollout(images_world, "uniform", 6, 0, 50, SEED)]))
    whole = images_world.rollout(50, 6, "uniform", SEED)
    part = recording.rollout(50, 3, None, SEED)
    starts = []
    for row in range(50):
        fits = [s for s in range(4) if torch.equal(part.poses[row], whole.poses[row, s : s + 3])]
        assert len(fits) == 1
        assert torch.equal(part.views[row], whole.views[row, fits[0] : fits[0] + 3])
        assert torch.equal(part.actions[row], whole.actions[row, fits[0] : fits[0] + 2])
        starts += fits
    assert set(starts) == {0, 1, 2, 3}


def test_shorter_episodes_are_left_out_and_counted(searches, make_recording):
    recording = Recording(make_recording(searches))
    lengths = np.concatenate([chunk.lengths for chunk in searches])
    left = int((lengths < 5).sum())
    assert 0 < left < len(lengths)
    with pytest.warns(UserWarning, match=f"{left} episodes of .* have fewer than 5 views and are left out"):
        batch = recording.rollout(20, 5, None, SEED)
    assert len(set(episodes_of(batch))) == len(lengths) - left
    with pytest.raises(ValueError, match=r"length=6: the longest episode of .* has 5 views"):
        recording.rollout(2, 6)


def test_what_it_cannot_do_is_refused(rollouts, make_recording):
    recording = Recording(make_recording(rollouts))
    with pytest.raises(ValueError, match="policy='uniform': in this recording it is the policy 'uniform' who moves"):
        recording.rollout(2, 3, "uniform")
    with pytest.raises(ValueError, match="batch_size=0"):
        recording.rollout(0, 3)
    with pytest.raises(ValueError, match=r"batch_size=1000000000000 and length=3 takes .* GB"):
        recording.rollout(10**12, 3)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"action_dim": 4}, r"the column 'movement' is float32 of shape \(30, 2\); it must be .* 4\)"),
        ({"view_shape": (16, 16, 3)}, "the column 'pixels' is"),
        ({"episodes": 9}, "does not hold the 9 episodes and 30 views of its card"),
        ({"views": 29}, "does not hold the 10 episodes and 29 views of its card"),
        (
            {"files": {"minari": "minari"}},
            r"card\.json tells of minari \(minari\), and this is not among it, or is gone",
        ),
        (
            {"files": {"hdf5": "../../data.h5"}},
            r"card\.json tells of \.\./\.\./data\.h5 \(hdf5\), and this is not among it",
        ),
    ],
)
def test_a_card_that_does_not_fit_is_refused(rollouts, make_recording, changes, match):
    folder = make_recording(rollouts, **changes)
    with pytest.raises((ValueError, FileNotFoundError), match=match):
        Recording(folder)


def test_numbers_that_are_none_are_refused(rollouts, make_recording):
    h5py = pytest.importorskip("h5py")
    folder = make_recording(rollouts)
    with h5py.File(folder / "data.h5", "a") as file:
        file["movement"][1] = np.nan
    with pytest.raises(ValueError, match="a movement between two views is not finite"):
        Recording(folder).rollout(10, 3, None, SEED)
