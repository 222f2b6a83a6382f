"""saccadeworld film: watch episodes, as a GIF or a video."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from ..envs.checks import check_number, check_whole
from ..envs.sources.banks import Split
from ..envs.whole_files import whole
from ..envs.worlds import World
from ..seqjepa.episode_seeds import check_seed
from .acting import Acting
from .command import run_command
from .figures import as_gif, film, film_task, write_video
from .figures.task_films import WatchedVectorEnv
from .options import WorldOptions
from .recorders import Recorder, RolloutRecorder, TaskRecorder
from .results import prepare_folder


@dataclass(frozen=True)
class Film:
    """Watch how somebody looks around, or does a task: episodes as a GIF, a video, or both.

    In pictures the scanpath grows beside what the retina sees and the picture as far as it is known; objects turn, with
    their axes and the angle of each rotation. A task adds what it shows, such as the goal of a search or the place that
    is reported, and below what was done and earned. The same seed makes the same film.

    For example: saccadeworld film --task search --gif out.gif

    Attributes:
        gif: the file to write, ending in .gif.
        video: the file to write, ending in .mp4; its codec is VP9, which browsers play.
        world: which world.
        split: of its source: "train" or "test".
        acting: who acts, and in which task.
        views: of each episode, of rollouts.
        episodes: one after the other.
        fps: views in a second.
        seed: of the first episode.
        device: "cpu" or "cuda".
    """

    gif: Path | None = None
    video: Path | None = None
    world: WorldOptions = field(default_factory=WorldOptions)
    split: Split = "test"
    acting: Annotated[Acting, tyro.conf.arg(name="")] = field(default_factory=Acting)
    views: int = 6
    episodes: int = 1
    fps: float = 1.5
    seed: int = 0
    device: str = "cpu"

    def run(self) -> None:
        self._check()
        frames = self._film(self._recorder(self.world.make(self.split, self.device, self._recorder)))
        if self.gif is not None:
            with whole(self.gif) as new:
                new.write_bytes(as_gif(frames, self.fps))
        if self.video is not None:
            with whole(self.video) as new:
                write_video(new, frames, self.fps)
        print(f"{len(frames)} frames: {' and '.join(str(path) for path in (self.gif, self.video) if path)}")

    def _check(self) -> None:
        """Refuse what cannot work, before any work."""
        check_seed(self.seed)
        check_whole("--views", self.views, 1)
        check_whole("--episodes", self.episodes, 1)
        check_number("--fps", self.fps, 0.1, 50)
        if self.gif is None and self.video is None:
            raise ValueError("there is nothing to write: give --gif FILE.gif, --video FILE.mp4, or both")
        for option, path, ending in (("--gif", self.gif, ".gif"), ("--video", self.video, ".mp4")):
            if path is None:
                continue
            if path.suffix.lower() != ending:
                raise ValueError(f"{option} {path}: give a file that ends in {ending}")
            prepare_folder(path.parent, option)
        self.acting.check()

    def _recorder(self, world: World) -> Recorder:
        return self.acting.recorder(world, self.views, self.seed, partial(self.world.make, "train", self.device))

    def _film(self, recorder: Recorder) -> list[np.ndarray]:
        if isinstance(recorder, TaskRecorder):
            env = WatchedVectorEnv(self.episodes, world=recorder.world, **recorder.task)
            return film_task(env, recorder.play(env, 0))
        assert isinstance(recorder, RolloutRecorder)
        world = recorder.world
        return film(world, world.rollout(self.episodes, self.views, recorder.policy, self.seed))


def main() -> None:
    run_command(Film)


if __name__ == "__main__":
    main()
