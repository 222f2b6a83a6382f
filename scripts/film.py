"""saccadeworld film: watch episodes, as a GIF or a video."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..envs.checks import check_number, check_whole
from ..envs.rollout import Policy
from ..envs.sources.banks import Split
from ..envs.whole_files import whole
from ..envs.worlds import World
from ..seqjepa import load_model
from ..seqjepa.episode_seeds import check_seed
from .collectors import make_collector
from .command import run_command
from .figures import as_gif, film, write_video
from .options import WorldOptions
from .results import prepare_folder


@dataclass(frozen=True)
class Film:
    """Watch how somebody looks around: episodes as a GIF, a video, or both.

    In pictures the scanpath grows beside what the retina sees and the picture as far as it is known; objects turn, with
    their axes and the angle of each rotation. The same seed makes the same film.

    For example: saccadeworld film --world.name images --policy saliency --gif out.gif

    Attributes:
        gif: the file to write, ending in .gif.
        video: the file to write, ending in .mp4; its codec is VP9, which browsers play.
        world: which world.
        split: of its source: "train" or "test".
        policy: who moves, by its name in the world; None for the world's default.
        collector: who looks around in place of `policy`: "explore", a planner that looks where `model` expects what is
            least like all it has seen; or the folder of an agent that `train-agent` left.
        model: the folder of a checkpoint of seq-JEPA, for the planner.
        views: of each episode.
        episodes: one after the other.
        fps: views in a second.
        seed: of the first episode.
        device: "cpu" or "cuda".
    """

    gif: Path | None = None
    video: Path | None = None
    world: WorldOptions = field(default_factory=WorldOptions)
    split: Split = "test"
    policy: str | None = None
    collector: str | None = None
    model: Path | None = None
    views: int = 6
    episodes: int = 1
    fps: float = 1.5
    seed: int = 0
    device: str = "cpu"

    def run(self) -> None:
        self._check()
        world = self.world.make(self.split, self.device)
        policy = self._policy(world)
        frames = film(world, world.rollout(self.episodes, self.views, policy, self.seed))
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
        if self.policy is not None and self.collector is not None:
            raise ValueError("--policy and --collector both name who looks around: give one of them")

    def _policy(self, world: World) -> Policy:
        model = None if self.model is None else load_model(self.model, device=self.device)
        collector = make_collector(self.collector, model, world)
        return world.policy(self.policy) if collector is None else collector


def main() -> None:
    run_command(Film)


if __name__ == "__main__":
    main()
