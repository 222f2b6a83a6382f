"""The card of a recording: what it holds, how it was made, and whose the scenes are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..checks import check_number, check_whole
from ..episode_numbers import SEED_BOUND
from ..json_files import read_json
from ..sources.content_hash import ContentHash
from ..sources.moments import Channels
from ..whole_files import whole
from .chunks import Chunk

CARD, README = "card.json", "README.md"
VERSION = 1


@dataclass(frozen=True)
class Card:
    """What is to be known of a recording.

    Attributes:
        world: the name of the world.
        source: where its scenes come from, in words.
        split: of the source.
        options: of the world, and of its source.
        optics: what its views are, as `World.optics` tells it.
        data_hash: of the scenes, as `World.data_hash`.
        classes: names of the classes that labels stand for.
        pose_name: what a pose is in this world.
        action_dim: A, numbers in a movement.
        view_shape: (H, W, 3) of the views.
        task: the task and its options, None for rollouts.
        policy: who moves, in words.
        seed: of the first episode; the next ones follow.
        episodes: how many.
        views: of all episodes together: the rows of its table.
        actions: of all episodes together.
        mean: of each channel of the world's views under the policy, in [0, 1], by which models normalise views.
        std: the standard deviation of each channel, likewise.
        content_hash: of all columns.
        licence: of the scenes.
        versions: of the programs it was made with.
        files: where each format lies, relative to the card.
    """

    world: str
    source: str
    split: str
    options: Mapping[str, Any]
    optics: str
    data_hash: str
    classes: tuple[str, ...]
    pose_name: str
    action_dim: int
    view_shape: tuple[int, ...]
    task: Mapping[str, Any] | None
    policy: str
    seed: int
    episodes: int
    views: int
    actions: int
    mean: Channels
    std: Channels
    content_hash: str
    licence: str
    versions: Mapping[str, str]
    files: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """Leave README.md and then card.json in a folder: a recording that has its card is complete.

        Raises:
            OSError: when they cannot be written.
        """
        content = json.dumps({"version": VERSION, **asdict(self)}, indent=1, default=str) + "\n"
        for name, text in ((README, self.readme()), (CARD, content)):
            with whole(folder / name) as new:
                new.write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Card:
        """The card in a folder.

        Raises:
            FileNotFoundError: when there is none, as in the folder of a recording that is not complete.
            ValueError: for one that is damaged, or of another version.
        """
        path = folder / CARD
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: {folder} holds no recording that is complete")
        values: Any = read_json(path)
        if not isinstance(values, dict) or values.pop("version", None) != VERSION:
            raise ValueError(f"{path} is not the card of a recording of version {VERSION}")
        try:
            cls(**values)._check()
            values |= {name: tuple(values[name]) for name in ("view_shape", "classes", "mean", "std")}
            return cls(**values)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path} is damaged: {error}") from error

    def _check(self) -> None:
        """What readers build upon; the rest is for people."""
        for name in ("world", "optics", "data_hash", "content_hash", "policy"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name}={getattr(self, name)!r} is no text")
        for name in ("action_dim", "episodes", "views"):
            check_whole(name, getattr(self, name), 1)
        check_whole("seed", self.seed, 0, SEED_BOUND - 1)
        for name in ("view_shape", "mean", "std"):
            values = getattr(self, name)
            if not isinstance(values, list) or len(values) != 3:
                raise TypeError(f"{name}={values!r} is not three numbers")
        for side in self.view_shape:
            check_whole("view_shape", side, 1)
        for number in (*self.mean, *self.std):
            check_number("mean and std", number, 0, 1)
        if not isinstance(self.files, dict) or not all(isinstance(file, str) for file in self.files.values()):
            raise TypeError(f"files={self.files!r} are no paths by format")

    def readme(self) -> str:
        """The card for people, as Markdown."""
        height, width, _ = self.view_shape
        files = "\n".join(f"- `{file}`: {FORMATS[name]}" for name, file in self.files.items())
        task = "none: rollouts, in which the policy also chooses where they begin"
        if self.task is not None:
            task = _listed(self.task).removeprefix("task ")
        return f"""# A recording of the world {self.world!r}

Made by SaccadeWorld {self.versions.get("saccadeworld", "")}, `saccadeworld record`; {CARD} is for programs.

| | |
|---|---|
| episodes, views, actions | {self.episodes:,}, {self.views:,}, {self.actions:,} |
| views | {height} x {width} pixels, uint8 sRGB: {self.optics} |
| scenes | {self.source}, split {self.split!r}, {len(self.classes)} classes |
| world | {_listed(self.options) or "as it is by default"} |
| task | {task} |
| who moves | {self.policy} |
| seeds of the episodes | {self.seed} to {self.seed + self.episodes - 1}, one after the other |
| mean and deviation of the channels | {_numbers(self.mean)}; {_numbers(self.std)} |
| hash of the content | {self.content_hash} |
| hash of the scenes | {self.data_hash} |
| versions | {_listed(self.versions)} |

## Licence of the scenes

{self.licence}

## Files

{files}

Each view is a row: `pixels` is the view, `pose` ({self.pose_name}) from where. `action` is what was done there and
`movement` what that sent out, {self.action_dim} numbers: both lead to the next row, and in the last row of an episode
there is none (NaN; -1 where actions are whole numbers). `label` is the class, `scene` the number of the scene and
`seed` that of the episode. In a task `reward`, `terminated` and `truncated` are those of the action that led there.
"""


FORMATS = {
    "hdf5": "HDF5 with an array per column, the episodes one after the other (`ep_len`, `ep_offset`), as "
    "stable-worldmodel reads it",
    "minari": "a root folder of Minari: `MINARI_DATASETS_PATH` for `minari.load_dataset`, or the folder `data` in it "
    "for `minari.MinariDataset`",
    "webdataset": "shards of WebDataset, an episode each sample: columns as npy, the class as cls, the rest as json",
}
"""What each format is."""


def content_hash(chunks: Iterable[Chunk]) -> str:
    """Of all columns and lengths of episodes, however they are divided into chunks."""
    hashes: dict[str, Any] = {}
    kinds: dict[str, str] = {}
    for chunk in chunks:
        for name, values in {**chunk.columns, "rows": chunk.lengths}.items():
            kinds[name] = f"{name} {values.dtype.str} {values.shape[1:]}"
            hashes.setdefault(name, hashlib.sha256()).update(np.ascontiguousarray(values).data)
    content = ContentHash()
    content.add_texts([f"{kinds[name]} {hashes[name].hexdigest()}" for name in sorted(hashes)])
    return content.text


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items() if value is not None)


def _numbers(values: Channels) -> str:
    return ", ".join(f"{value:.4f}" for value in values)
