"""saccadeworld record: write episodes down, in formats that others read."""

from __future__ import annotations

import copy
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym

from ..agents.agent import Agent
from ..envs.checks import check_whole
from ..envs.progress import progress
from ..envs.recordings.card import CARD, README, Card, content_hash
from ..envs.recordings.chunks import ChunkFolder
from ..envs.recordings.hdf5 import write_hdf5
from ..envs.recordings.minari import write_minari
from ..envs.recordings.packages import package
from ..envs.recordings.webdataset import write_webdataset
from ..envs.registration import ANY, EPISODE_STEPS
from ..envs.rollout import Policy
from ..envs.sources.banks import Split
from ..envs.sources.licences import licence_of
from ..envs.worlds import World
from ..seqjepa import load_model
from ..seqjepa.episode_seeds import first_episode
from ..seqjepa.view_statistics import view_statistics
from .collectors import EXPLORE, make_collector
from .command import run_command
from .options import WorldOptions, parsed_options
from .recorders import Recorder, agent_recorder, rollout_recorder, task_recorder
from .results import prepare_folder, versions
from .run_file import RUN, read_run, write_run

Format = Literal["hdf5", "minari", "webdataset"]
TaskName = Literal["free-viewing", "path-integration", "homing", "recognition", "search"]
FILES: Mapping[Format, str] = {"hdf5": "data.h5", "minari": "minari", "webdataset": "shards"}
"""Where each format lies in the folder of the results."""
PACKAGES: Mapping[Format, tuple[str, ...]] = {
    "hdf5": ("h5py",),
    "minari": ("minari", "h5py"),
    "webdataset": ("webdataset",),
}
CHUNKS = "chunks"


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
        formats: "hdf5", the flat columns of stable-worldmodel, which `train --data` learns from; "minari", for tasks;
            "webdataset", shards with a sample for every episode.
        world: which world.
        split: of its source.
        length: views per episode, of rollouts.
        task: a task, whose episodes are recorded as its environment makes them; None for rollouts.
        task_options: more options of the task, as pairs of name and value: for instance actions discrete.
        max_steps: actions after which an episode of the task is truncated; None for the usual number of the task.
        policy: who moves, by its name in the world. Without one it is the world's default in rollouts; in a task
            actions are drawn from the action space.
        collector: who looks around in place of the policy: "explore", a planner that looks where `model` expects what
            is least like all it has seen; or the folder of an agent that `train-agent` left: in rollouts it makes
            movements alone, in its own task it does as it learned to.
        model: the folder of the checkpoint that "explore" plans with.
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
    task: TaskName | None = None
    task_options: Mapping[str, str] = field(default_factory=dict)
    max_steps: int | None = None
    policy: str | None = None
    collector: str | None = None
    model: Path | None = None
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
        model = None if run["model"] is None else Path(run["model"])
        parsed = {
            "out": self.out,
            "model": model,
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
        if self.task is None and "minari" in self.formats:
            raise ValueError("--formats minari is for the episodes of an environment: name its --task, or leave it out")
        if self.task is None and (self.task_options or self.max_steps is not None):
            raise ValueError("--task-options and --max-steps are for a task: name it by --task, or leave them out")
        if self.policy is not None and self.collector is not None:
            raise ValueError(f"--policy {self.policy} and --collector {self.collector}: only one of them can move")
        if self.collector != EXPLORE and self.model is not None:
            raise ValueError(f"--model {self.model} is for --collector {EXPLORE}: leave it out, or add that")

    def _record(self) -> None:
        if (self.out / CARD).exists():
            shutil.rmtree(self.out / CHUNKS, ignore_errors=True)
            print(f"the recording in {self.out} is complete")
            return
        recorder = self._recorder(self.world.make(self.split, self.device))
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
        seed = first_episode("training", self.seed)
        if self.task is not None and self.collector not in (None, EXPLORE):
            return agent_recorder(world, self._agent(world), f"the agent in {self.collector}", seed)
        if self.task is None:
            return rollout_recorder(world, *self._policy(world), self.length, seed)
        steps = EPISODE_STEPS[self.task] if self.max_steps is None else self.max_steps
        task = {"task": self.task, "max_episode_steps": steps, **parsed_options(self.task_options)}
        if self.policy is None and self.collector is None:
            return task_recorder(world, task, None, "nobody: actions are drawn from the action space", seed)
        return task_recorder(world, task, *self._policy(world), seed)

    def _policy(self, world: World) -> tuple[Policy, str]:
        """Who moves, and in words."""
        model = None if self.model is None else load_model(self.model, device=self.device)
        collector = make_collector(self.collector, model, world)
        if collector is None:
            name = self.policy or next(iter(world.policies))
            return world.policy(name), f"the policy {name!r}"
        planner = f"a planner that explores with the model in {self.model}"
        return collector, planner if self.collector == EXPLORE else f"the agent in {self.collector}"

    def _agent(self, world: World) -> Agent:
        """That does its own task."""
        if self.task_options or self.max_steps is not None:
            raise ValueError("--task-options and --max-steps are those that the agent was trained with: leave them out")
        agent = Agent.load(str(self.collector), world)
        if agent.config.task != self.task:
            raise ValueError(f"--task {self.task}: the agent in {self.collector} was trained on {agent.config.task!r}")
        return agent

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
        assert recorder.task is not None
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
        about = {"algorithm_name": recorder.mover, "description": f"{self.task}: {recorder.world.optics}"}
        name = f"saccadeworld/{self.world.name}-{self.task}-v0"
        write_minari(root, chunks, name, spec, recorder.env, about)

    def _card(self, chunks: ChunkFolder, recorder: Recorder, rows: int) -> Card:
        world = recorder.world
        channels, height, width = world.view_shape
        mean, std = view_statistics(world, self.policy)
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
            task=recorder.task,
            policy=recorder.mover,
            seed=first_episode("training", self.seed),
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
