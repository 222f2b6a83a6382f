"""saccadeworld record: write episodes down, in formats that others read."""

from __future__ import annotations

import copy
import math
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
from tqdm import tqdm

from ..agents.agent import Agent
from ..agents.agent_env import task_options
from ..agents.agent_player import record_agent
from ..envs.checks import check_whole
from ..envs.recordings.card import CARD, Card, content_hash
from ..envs.recordings.chunks import Chunk, ChunkFolder
from ..envs.recordings.hdf5 import write_hdf5
from ..envs.recordings.minari import write_minari
from ..envs.recordings.packages import package
from ..envs.recordings.players import PolicyPlayer, act_at_random
from ..envs.recordings.rollouts import record_rollout
from ..envs.recordings.tape import TapedVectorEnv, record_task
from ..envs.recordings.webdataset import write_webdataset
from ..envs.registration import ANY, EPISODE_STEPS
from ..envs.sources.banks import Split
from ..envs.sources.licences import licence_of
from ..envs.spaces import space_bytes
from ..envs.worlds import World
from ..seqjepa import load_model
from ..seqjepa.episode_seeds import first_episode
from ..seqjepa.view_statistics import view_statistics
from .collectors import EXPLORE, make_collector
from .command import run_command
from .options import WorldOptions, parsed_options
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
_CHUNK_BYTES = 64_000_000
_MOST_AT_ONCE = 4096  # episodes


@dataclass(frozen=True)
class Record:
    """Record episodes: rollouts, as training makes them, or a task of the Gymnasium environments with its rewards.

    Leaves in the folder `out` what each format says, README.md and card.json (what it holds, how it was made, whose the
    scenes are) and run.json (the options). While it records, finished chunks of episodes lie in chunks/; they are put
    together at the end, for which the disk must hold them twice. Killed at any time, `--resume` goes on with the chunks
    that are finished, to the same content.

    Attributes:
        out: the folder of the results.
        episodes: how many. The episode of number i has the seed of the i-th episode of a training with the same `seed`.
        formats: "hdf5", the flat columns of stable-worldmodel, which `train --data` learns from; "minari", which needs a
            task; "webdataset", shards with a sample for every episode.
        world: which world.
        split: of its source.
        length: views per episode, of rollouts.
        task: a task, whose episodes are recorded as its environment makes them; None for rollouts.
        task_options: more options of the task, as pairs of name and value: for instance actions discrete.
        max_steps: actions after which an episode of the task is truncated; None for the usual number of the task.
        policy: who moves, by its name in the world; None for the world's default in rollouts, and for actions drawn from
            the action space in a task.
        collector: who looks around in place of the policy: "explore", a planner that looks where `model` expects what is
            least like all it has seen; or the folder of an agent that `train-agent` left: in rollouts it makes movements
            alone, its own task it does as it learned to.
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
        elif (self.out / RUN).exists():
            raise ValueError(f"--out {self.out} holds a recording: add --resume to go on with it, or choose another")
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
        """Refuse options that cannot be, before any work."""
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
            print(f"the recording in {self.out} is complete")
            return shutil.rmtree(self.out / CHUNKS, ignore_errors=True)
        world = self.world.make(self.split, self.device)
        make, task, mover = self._maker(world)
        chunks = ChunkFolder(self.out / CHUNKS, self.episodes, self._at_once(world, task), world.data_hash)
        self._check_disk(world)
        if not (self.out / RUN).exists():
            write_run(self.out, self)
        try:
            with tqdm(total=self.episodes, desc="recording", unit=" episodes", disable=None) as bar:
                missing = chunks.missing()
                bar.update(self.episodes - sum(count for _, count in missing))
                for first, count in missing:
                    chunks.write(first, make(first, count))
                    bar.update(count)
            self._finish(chunks, world, task, mover)
        except KeyboardInterrupt:
            print(f"\nstopped; to go on: saccadeworld record --out {shlex.quote(str(self.out))} --resume")
            raise

    def _maker(self, world: World) -> tuple[Callable[[int, int], Chunk], dict[str, Any] | None, str]:
        """What makes the chunk of a first episode and a number of episodes; the options of the task; who moves."""
        seed = first_episode("training", self.seed)
        if self.task is None:
            policy, mover = self._policy(world)
            return lambda first, count: record_rollout(world, policy, self.length, first, count, seed), None, mover
        if self.collector not in (None, EXPLORE):
            agent = self._agent(world)
            return (
                lambda first, count: record_agent(agent, world, first, count, seed),
                task_options(agent.config),
                f"the agent in {self.collector}, trained by {agent.config.algorithm}",
            )
        steps = EPISODE_STEPS[self.task] if self.max_steps is None else self.max_steps
        options = {"task": self.task, "max_episode_steps": steps, **parsed_options(self.task_options)}
        TapedVectorEnv(1, world=world, **options)  # refuses what cannot be
        if self.policy is None and self.collector is None:
            player, mover = (lambda _: act_at_random), "actions drawn uniformly from the action space"
        else:
            policy, mover = self._policy(world)
            player = partial(PolicyPlayer, policy)

        def make(first: int, count: int) -> Chunk:
            tape = TapedVectorEnv(count, world=world, **options)
            return record_task(tape, player(tape), first, seed)

        return make, options, mover

    def _policy(self, world: World) -> tuple[Any, str]:
        """Who moves in place of an agent in its task, and its name in words."""
        if self.collector is None:
            name = next(iter(world.policies)) if self.policy is None else self.policy
            return world.policy(name), f"the policy {name!r}"
        model = None if self.model is None else load_model(self.model, device=self.device)
        words = f"a planner that explores with the model {self.model}"
        return make_collector(
            self.collector, model, world
        ), words if self.collector == EXPLORE else f"the agent in {self.collector}"

    def _agent(self, world: World) -> Agent:
        assert self.collector is not None
        if self.task_options or self.max_steps is not None:
            raise ValueError("--task-options and --max-steps are those that the agent was trained with: leave them out")
        agent = Agent.load(self.collector, world)
        if agent.config.task != self.task:
            raise ValueError(f"the agent in {self.collector} was trained on {agent.config.task!r}: use it as --task")
        return agent

    def _at_once(self, world: World, task: dict[str, Any] | None) -> int:
        """Episodes of a chunk."""
        if task is None:
            size = self.length * math.prod(world.view_shape)
        else:
            env = TapedVectorEnv(1, world=world, **task)
            steps = min(env.max_episode_steps, env.task.length or env.max_episode_steps)
            size = (int(steps) + 1) * space_bytes(env.single_observation_space)
        return max(1, min(_MOST_AT_ONCE, _CHUNK_BYTES // size))

    def _check_disk(self, world: World) -> None:
        """Refuse what the disk cannot hold, as far as that is known: an episode of a task has two views at least."""
        views = self.episodes * (self.length if self.task is None else 2)
        needed = views * math.prod(world.view_shape) * (1 + len(self.formats))
        nearest = next(place for place in (self.out, *self.out.absolute().parents) if place.exists())
        free = shutil.disk_usage(nearest).free
        if needed > free:
            raise OSError(
                f"{self.episodes} episodes take {needed / 1e9:.1f} GB while they are put together, and {nearest} has "
                f"{free / 1e9:.1f} GB left: make room, choose another folder, or fewer episodes"
            )

    def _finish(self, chunks: ChunkFolder, world: World, task: dict[str, Any] | None, mover: str) -> None:
        """Put the chunks together."""
        rows = chunks.count_rows()
        for format in tqdm(self.formats, desc="putting together", disable=None):
            place = self.out / FILES[format]
            if place.exists():
                continue
            if format == "hdf5":
                write_hdf5(place, chunks, self.episodes, rows)
            elif format == "webdataset":
                write_webdataset(place, chunks, self.shard_megabytes * 1_000_000)
            else:
                assert task is not None
                self._write_minari(place, chunks, world, task, mover)
        self._card(chunks, world, task, mover, rows).write(self.out)
        shutil.rmtree(chunks.folder)
        print(f"{self.episodes} episodes, {rows} views; the recording is in {self.out}")

    def _write_minari(self, root: Path, chunks: ChunkFolder, world: World, task: dict[str, Any], mover: str) -> None:
        env = TapedVectorEnv(1, world=world, **task)
        spec = copy.deepcopy(gym.spec(ANY))
        source = {} if self.world.source is None else {"source": self.world.source}
        of_task = {name: value for name, value in task.items() if name != "max_episode_steps"}
        spec.kwargs = {
            "world": world.name,
            "split": self.split,
            **source,
            **parsed_options(self.world.options),
            **of_task,
        }
        spec.max_episode_steps = task["max_episode_steps"]
        about = {"algorithm_name": mover, "description": f"{self.task} in {world.optics}, recorded by SaccadeWorld"}
        name = f"saccadeworld/{world.name}-{self.task}-v0"
        space = env.single_observation_space
        assert isinstance(space, gym.spaces.Dict)
        write_minari(root, chunks, name, spec, space, env.single_action_space, about)

    def _card(self, chunks: ChunkFolder, world: World, task: dict[str, Any] | None, mover: str, rows: int) -> Card:
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
            task=task,
            policy=mover,
            seed=first_episode("training", self.seed),
            episodes=self.episodes,
            views=rows,
            actions=rows - self.episodes,
            mean=mean,
            std=std,
            content_hash=content_hash(chunks),
            licence=licence_of(self.world.source),
            versions=versions(),
            files={format: FILES[format] for format in self.formats},
        )


def main() -> None:
    run_command(Record)


if __name__ == "__main__":
    main()
