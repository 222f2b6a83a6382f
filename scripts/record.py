"""saccadeworld record: write episodes down, in formats that others read."""

from __future__ import annotations

import copy
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import gymnasium as gym
import tyro

from ..envs.checks import check_whole
from ..envs.progress import progress
from ..envs.recordings.card import CARD, README, Card, content_hash
from ..envs.recordings.chunks import CHUNKS, ChunkFolder
from ..envs.recordings.formats import FILES, Format
from ..envs.recordings.hdf5 import write_hdf5
from ..envs.recordings.minari import write_minari
from ..envs.recordings.packages import package
from ..envs.recordings.webdataset import write_webdataset
from ..envs.registration import ANY
from ..envs.sources.banks import Split
from ..envs.sources.licences import licence_of
from ..envs.worlds import World
from ..seqjepa.episode_seeds import first_episode
from ..seqjepa.view_statistics import view_statistics
from .acting import Acting
from .command import run_command
from .options import WorldOptions, parsed_options
from .recorders import Recorder, TaskRecorder
from .results import prepare_folder, versions
from .run_file import RUN, read_run, write_run

PACKAGES: Mapping[Format, tuple[str, ...]] = {
    "hdf5": ("h5py",),
    "minari": ("minari", "h5py"),
    "webdataset": ("webdataset",),
}


@dataclass(frozen=True)
class Record:
    """Record episodes: rollouts, as training makes them, or a task of the Gymnasium environments with its rewards.

    Leaves in the folder `out` what each format says, README.md and card.json (what it holds, how it was made, whose the
    scenes are) and run.json (the options). While it records, finished chunks of episodes lie in chunks/; they are put
    together at the end, until when the disk must hold them twice. Killed at any time, `--resume` goes on after the last
    finished chunk, to the same content.

    For example: saccadeworld record --out runs/searches --task search --policy uniform --formats minari

    Attributes:
        out: the folder of the results.
        episodes: how many. They have the seeds of the first episodes of a training with the same `seed`.
        formats: "hdf5", the flat columns of stable-worldmodel; "minari", for tasks; "webdataset", shards with a sample
            for every episode. `train --data` learns from each, and reads hdf5 the fastest.
        world: which world.
        split: of its source.
        length: views per episode, of rollouts.
        acting: who acts, and in which task.
        shard_megabytes: size that a shard of WebDataset has at most.
        seed: of the episodes.
        device: "cpu" or "cuda".
        resume: go on with the recording in `out`.
    """

    out: Path
    episodes: int = 10_000
    formats: tuple[Format, ...] = ("hdf5",)
    world: WorldOptions = field(default_factory=WorldOptions)
    split: Split = "train"
    length: int = 4
    acting: Annotated[Acting, tyro.conf.arg(name="")] = field(default_factory=Acting)
    shard_megabytes: int = 256
    seed: int = 0
    device: str = "cpu"
    resume: bool = False

    def run(self) -> None:
        if self.resume:
            if self != Record(out=self.out, resume=True):
                raise ValueError("--resume goes on with the options that it was started with: give only --out with it")
            read_run(self.out, self._parsed)._record()
        else:
            self._check()
            prepare_folder(self.out)
            self._record()

    def _parsed(self, run: dict[str, Any]) -> Record:
        acting = run["acting"]
        model = None if acting["model"] is None else Path(acting["model"])
        parsed = {
            "out": self.out,
            "acting": Acting(**acting | {"model": model}),
            "world": WorldOptions(**run["world"]),
            "formats": tuple(run["formats"]),
        }
        return Record(**run | parsed)

    def _check(self) -> None:
        """Refuse options that cannot be, before any work, and a folder in which something would be lost."""
        for name in (RUN, CARD, README, CHUNKS, *FILES.values()):
            if (self.out / name).exists():
                raise ValueError(f"--out {self.out} holds {name}: add --resume to go on with it, or choose another")
        for option, low in (("episodes", 1), ("length", 2), ("shard_megabytes", 1)):
            check_whole(f"--{option.replace('_', '-')}", getattr(self, option), low)
        first_episode("training", self.seed)
        if not self.formats:
            raise ValueError("--formats names none: choose hdf5, minari, webdataset, or several")
        for name in (name for format in self.formats for name in PACKAGES[format]):
            package(name)
        if self.acting.task is None and "minari" in self.formats:
            raise ValueError("--formats minari is for the episodes of an environment: name its --task, or leave it out")
        self.acting.check()

    def _record(self) -> None:
        if (self.out / CARD).exists():
            shutil.rmtree(self.out / CHUNKS, ignore_errors=True)
            print(f"the recording in {self.out} is complete")
            return
        recorder = self._recorder(self.world.make(self.split, self.device, self._recorder))
        self._check_disk(recorder)
        chunks = ChunkFolder(self.out / CHUNKS, self.episodes, recorder.at_once, recorder.world.data_hash)
        if not (self.out / RUN).exists():
            write_run(self.out, self)
        try:
            self._make_missing(chunks, recorder)
            self._put_together(chunks, recorder)
        except KeyboardInterrupt:
            print(f"\nstopped; to go on: saccadeworld record --out {shlex.quote(str(self.out))} --resume")
            raise
        shutil.rmtree(chunks.folder)

    def _recorder(self, world: World) -> Recorder:
        seed, train = first_episode("training", self.seed), partial(self.world.make, "train", self.device)
        return self.acting.recorder(world, self.length, seed, train)

    def _check_disk(self, recorder: Recorder) -> None:
        """Refuse what the disk cannot hold, as far as that is known."""
        needed = self.episodes * recorder.least_bytes * (1 + len(self.formats))
        nearest = next(place for place in (self.out, *self.out.absolute().parents) if place.exists())
        free = shutil.disk_usage(nearest).free
        if needed > free and not (self.out / CHUNKS).exists():
            raise OSError(
                f"{self.episodes} episodes take {needed / 1e9:.1f} GB until they are put together, and {nearest} has "
                f"{free / 1e9:.1f} GB left: make room, choose another folder, or fewer episodes"
            )

    def _make_missing(self, chunks: ChunkFolder, recorder: Recorder) -> None:
        missing = chunks.missing()
        there = self.episodes - sum(count for _, count in missing)
        with progress(activity="recording", total=self.episodes, initial=there, unit=" episodes") as bar:
            for first, count in missing:
                chunks.write(first, recorder.make(first, count))
                bar.update(count)

    def _put_together(self, chunks: ChunkFolder, recorder: Recorder) -> None:
        """Write the formats that are not there, and then the card."""
        rows = chunks.count_rows()
        for name in progress(self.formats, "putting together"):
            place = self.out / FILES[name]
            if place.exists():
                continue
            if name == "hdf5":
                write_hdf5(place, chunks, self.episodes, rows)
            elif name == "webdataset":
                write_webdataset(place, chunks, self.shard_megabytes * 1_000_000)
            else:
                self._write_minari(place, chunks, recorder)
        self._card(chunks, recorder, rows).write(self.out)
        print(f"{self.episodes} episodes, {rows} views; the recording is in {self.out}")

    def _write_minari(self, root: Path, chunks: ChunkFolder, recorder: Recorder) -> None:
        assert isinstance(recorder, TaskRecorder)
        task = dict(recorder.task)
        spec = copy.deepcopy(gym.spec(ANY))
        spec.max_episode_steps = task.pop("max_episode_steps")
        source = {} if self.world.source is None else {"source": self.world.source}
        spec.kwargs = {
            "world": self.world.name,
            "split": self.split,
            **source,
            **parsed_options(self.world.options),
            **task,
        }
        about = {"algorithm_name": recorder.mover, "description": f"{task['task']}: {recorder.world.optics}"}
        name = f"saccadeworld/{self.world.name}-{task['task']}-v0"
        write_minari(root, chunks, name, spec, recorder.env(), about)

    def _card(self, chunks: ChunkFolder, recorder: Recorder, rows: int) -> Card:
        world = recorder.world
        channels, height, width = world.view_shape
        mean, std = view_statistics(world, self.acting.policy)
        return Card(
            world=world.name,
            source=self.world.source or "built in",
            split=self.split,
            options=parsed_options(self.world.options),
            optics=world.optics,
            data_hash=world.data_hash,
            classes=tuple(world.classes),
            pose_name=world.pose_name,
            action_dim=world.action_dim,
            view_shape=(height, width, channels),
            task=recorder.task if isinstance(recorder, TaskRecorder) else None,
            policy=recorder.mover,
            seed=recorder.seed,
            episodes=self.episodes,
            views=rows,
            actions=rows - self.episodes,
            mean=mean,
            std=std,
            content_hash=content_hash(chunks),
            licence=licence_of(self.world.source),
            versions=versions(),
            files={name: FILES[name] for name in self.formats},
        )


def main() -> None:
    run_command(Record)


if __name__ == "__main__":
    main()
