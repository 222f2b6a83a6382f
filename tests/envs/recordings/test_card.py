import json
import re

import numpy as np
import pytest
from saccadeworld.envs.recordings.card import Card, content_hash
from saccadeworld.envs.recordings.chunks import Chunk

pytest.importorskip("h5py")


def test_it_is_read_as_it_was_written(rollouts, make_recording):
    folder = make_recording(rollouts)
    card = Card.read(folder)
    assert card.std == (0.25, 0.2, 0.3)
    assert card.mean == (0.5, 0.4, 0.1 + 0.2), "to the last bit"
    card.write(folder / "again")
    assert Card.read(folder / "again") == card
    for name in ("card.json", "README.md"):
        assert (folder / "again" / name).read_text() == (folder / name).read_text()


def test_it_tells_people_too(rollouts, make_recording):
    folder = make_recording(rollouts, licence="CC0 1.0", task={"task": "search", "max_episode_steps": 9})
    text = (folder / "README.md").read_text()
    for told in (
        "10, 30, 20",
        "12 x 12 pixels",
        "search, max_episode_steps 9",
        "30 to 39",
        "CC0 1.0",
        "`data.h5`: HDF5",
    ):
        assert told in text
    assert re.search(r"hash of the content \| sha256:[0-9a-f]{64}", text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", 2),
        ("world", 3),
        ("action_dim", "2"),
        ("action_dim", 0),
        ("episodes", 1.5),
        ("seed", -1),
        ("view_shape", [12, 12]),
        ("view_shape", [12, 12, "3"]),
        ("mean", [0.1, 0.2, None]),
        ("mean", [0.1, 0.2, float("nan")]),
        ("std", 0.3),
        ("classes", None),
        ("files", ["data.h5"]),
        ("files", {"hdf5": 3}),
        ("more", 1),
    ],
)
def test_a_damaged_card_is_named(rollouts, make_recording, name, value):
    folder = make_recording(rollouts)
    values = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(values | {name: value}))
    with pytest.raises(ValueError, match=r"card\.json (is damaged|is not the card of a recording of version 1)"):
        Card.read(folder)


@pytest.mark.parametrize("content", ["", "[]", "{", "null", "[" * 10**5, '{"version": 1}'])
def test_what_is_no_card_is_named(tmp_path, content):
    (tmp_path / "card.json").write_text(content)
    with pytest.raises(ValueError, match=r"card\.json"):
        Card.read(tmp_path)


def test_the_content_has_one_hash_however_it_is_divided(rollouts):
    joined = Chunk(
        np.concatenate([chunk.lengths for chunk in rollouts]),
        {name: np.concatenate([chunk.columns[name] for chunk in rollouts]) for name in rollouts[0].columns},
    )
    assert content_hash([joined]) == content_hash(rollouts)
    assert content_hash(reversed(rollouts)) != content_hash(rollouts)
    for name, column in joined.columns.items():
        other = column.copy()
        other.flat[0] = not other.flat[0] if other.dtype == bool else other.flat[0] + 1
        assert content_hash([Chunk(joined.lengths, {**joined.columns, name: other})]) != content_hash(rollouts), name
    lengths = joined.lengths.copy()
    lengths[:2] += [1, -1]
    assert content_hash([Chunk(lengths, joined.columns)]) != content_hash(rollouts)
