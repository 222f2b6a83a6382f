import copy

import gymnasium as gym
import numpy as np
import pytest
from reading import KINDS, assert_reads, count_refusals
from saccadeworld.envs.recordings.minari import MinariReader, write_minari
from saccadeworld.envs.recordings.players import act_at_random
from saccadeworld.envs.recordings.tape import TapedVectorEnv, record_task

h5py = pytest.importorskip("h5py")
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


# --- read again ------------------------------------------------------------------------------------------------------


@pytest.fixture
def recorded(tmp_path, images_world, searches):
    """The root folder of a data set of the searches."""
    env = TapedVectorEnv(1, world=images_world, task="search")
    write_minari(tmp_path / "minari", searches, NAME, gym.spec("SaccadeWorld-v0"), env, {})
    return tmp_path / "minari"


@pytest.fixture
def path(recorded):
    return recorded / NAME / "data" / "main_data.hdf5"


def refused(root, match: str, error: type[Exception] = ValueError) -> None:
    with pytest.raises(error, match=match):
        MinariReader(root, KINDS)


def test_rows_are_read_again(recorded, searches):
    assert_reads(MinariReader(recorded, KINDS), searches)


def test_views_are_stored_as_they_are(tmp_path):
    """Also of a size at which Minari makes JPEG of pictures."""
    options = WORLD | {"size": 96, "fovea": 40, "task": "free-viewing"}
    chunk = record_task(TapedVectorEnv(3, max_episode_steps=4, **options), act_at_random, 0, 8)
    env = TapedVectorEnv(1, **options)
    write_minari(tmp_path / "minari", [chunk], NAME, gym.spec("SaccadeWorld-v0"), env, {})
    assert not minari.MinariDataset(tmp_path / "minari" / NAME / "data").storage.jpeg_encoding
    reader = MinariReader(tmp_path / "minari", KINDS | {"pixels": (np.uint8, (40, 40, 3))})
    rows = reader.read(np.arange(3), np.zeros(3, np.int64), 5)
    assert np.array_equal(rows["pixels"].reshape(-1, 40, 40, 3), chunk.columns["pixels"])


def test_a_folder_with_no_data_set_or_several_is_refused(recorded, path):
    refused(path.parent, "holds 0 data sets of Minari, and a recording is one", FileNotFoundError)
    other = recorded / "saccadeworld" / "other-v0" / "data"
    other.mkdir(parents=True)
    (other / "main_data.hdf5").touch()
    refused(recorded, "holds 2 data sets of Minari", FileNotFoundError)


def test_a_file_that_is_no_hdf5_or_was_cut_short_is_named(recorded, path):
    content = path.read_bytes()
    for damaged in (b"", b"\x80\x04N.", content[:3000], content[: len(content) // 2], content[:-1]):
        path.write_bytes(damaged)
        refused(recorded, r"main_data\.hdf5 is damaged, or no recording")


GLIMPSES = "episode_1/observations/glimpse"


@pytest.mark.parametrize(
    ("place", "made", "match"),
    [
        (GLIMPSES, {"shape": (10**9, 3, 12, 12), "dtype": np.uint8, "chunks": (1, 3, 12, 12)}, "are not in it"),
        (GLIMPSES, {"shape": (5, 3, 12, 12), "dtype": np.uint8}, "are not in it"),
        (GLIMPSES, {"data": np.zeros((5, 3, 12, 12), np.uint8), "compression": "gzip"}, "are not in it"),
        (GLIMPSES, {"data": np.zeros((4, 3, 12, 12), np.uint8), "chunks": True}, r"have \[4, 5\] rows in episode 1"),
        (GLIMPSES, {"shape": (0, 3, 12, 12), "dtype": "u1", "maxshape": (None, 3, 12, 12)}, r"have \[0, 5\] rows"),
        (GLIMPSES, {"data": np.zeros((5, 12, 12, 3), np.uint8), "chunks": True}, "must be uint8 of shape"),
        (GLIMPSES, {"data": np.zeros((5, 800), np.uint8), "chunks": True}, "must be uint8 of shape"),
        (GLIMPSES, {"shape": (5,), "dtype": h5py.special_dtype(vlen=np.uint8), "chunks": True}, "is object of shape"),
        (GLIMPSES, {"data": 3}, "must be uint8 of shape"),
        ("episode_1/infos/movement", {"data": np.zeros((5, 2)), "chunks": True}, "is float64 of shape"),
        ("episode_1/infos/label", {"shape": (5,), "dtype": h5py.ref_dtype, "chunks": True}, "is object of shape"),
        ("episode_3", {"data": 3}, "damaged, or no recording"),
        ("episode_2", None, "damaged, or no recording"),
        ("episode_1/infos/label", None, "damaged, or no recording"),
    ],
)
def test_columns_that_are_none_are_refused(recorded, path, place, made, match):
    """JPEG, as Minari stores it in rows of bytes, among them."""
    with h5py.File(path, "a") as file:
        del file[place]
        if made is not None:
            file.create_dataset(place, **made)
    refused(recorded, match)


@pytest.mark.parametrize("place", ["episode_1", "episode_1/observations", "episode_1/infos/label"])
@pytest.mark.parametrize("kind", ["external", "soft"])
def test_links_are_refused(recorded, path, tmp_path, place, kind):
    with h5py.File(path) as file, h5py.File(tmp_path / "other.h5", "w") as other:
        file.copy("episode_1", other)
    with h5py.File(path, "a") as file:
        del file[place]
        other = place.replace("episode_1", "episode_0")
        file[place] = h5py.SoftLink(f"/{other}") if kind == "soft" else h5py.ExternalLink(tmp_path / "other.h5", place)
    refused(recorded, f"{place.removeprefix('episode_1/')!r} leads out of it")


def test_numbers_in_other_files_are_refused(recorded, path, tmp_path):
    with h5py.File(path, "a") as file, h5py.File(tmp_path / "other.h5", "w") as other:
        file.copy("episode_1", other)
        layout = h5py.VirtualLayout((5, 3, 12, 12), np.uint8)
        layout[:] = h5py.VirtualSource(tmp_path / "other.h5", GLIMPSES, (5, 3, 12, 12))
        del file[GLIMPSES]
        file.create_virtual_dataset(GLIMPSES, layout)
    refused(recorded, "are not in it")
    with h5py.File(path, "a") as file:
        del file[GLIMPSES]
        outside = [(str(tmp_path / "other.h5"), 0, 5 * 3 * 12 * 12)]
        file.create_dataset(GLIMPSES, (5, 3, 12, 12), np.uint8, external=outside)
    refused(recorded, "are not in it")


def test_any_bytes_are_read_or_refused(recorded, path):
    """Of the file's first part, in which it tells what it holds of the first episodes."""

    def read() -> None:
        MinariReader(recorded, KINDS).read(np.array([0, 1]), np.array([0, 0]), 2)

    assert 0 < count_refusals(path, 20_000, 40, read) < 60
