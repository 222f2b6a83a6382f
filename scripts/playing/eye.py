"""One person's episode: where the eye is, what it has seen, and what moves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ...agents.memory import Seen
from ...envs.checks import check_name
from ...envs.policies import SaliencyFixations
from ...envs.retinas import RETINAS, Retina, make_retina
from ...envs.rollout import Episodes, Policy
from ...envs.worlds import ImagesWorld
from ...saliency.scanpaths import FixationSampler
from .hand import Playable, moved
from .insight import Insight, Thought
from .known import Known

YOU = "you"
LONGEST = 60  # views of a scene, after which there is a new one


@dataclass(frozen=True)
class Setting:
    """What all who play share, and none of them changes.

    Attributes:
        world: over scenes that nothing was fitted on.
        movers: who can move the eye in a person's place, by name.
        first: the seed of the first episode.
        insight: into a model; None without one.
        how_to_get_a_model: commands, for whoever has none.
    """

    world: Playable
    movers: Mapping[str, Policy]
    first: int
    insight: Insight | None = None
    how_to_get_a_model: tuple[str, ...] = ()


@dataclass(frozen=True)
class Maps:
    """Where it is worth looking, (S, S) float64 each, non-negative.

    Attributes:
        saliency: of the picture.
        left: what the next fixation of the policy "saliency" follows, after inhibition of return.
    """

    saliency: np.ndarray
    left: np.ndarray


@dataclass
class _Course:
    """The episode that is running, and what came of it view by view."""

    episodes: Episodes
    players: list[str] = field(default_factory=list)
    thoughts: list[Thought] = field(default_factory=list)
    seen: Seen | None = None


class Eye:
    """Looks at one scene after another, moved by a person or by one of the movers.

    Every episode begins where those of tasks do, and goes on in the world's own `Episodes`: limits, motor noise and
    inhibition of return are those that a rollout meets.

    Args:
        setting: what is played with.

    Attributes:
        number: of the episode, from 0.
        aim: (P,) float32, where the person points at and looks next.
    """

    def __init__(self, setting: Setting):
        self.setting = setting
        self.world = setting.world
        self.number = 0
        self._retinas: dict[str, Retina] = {}
        self.retina = str(self.world.options["retina"]) if isinstance(self.world, ImagesWorld) else ""
        self.restart()

    # Where it is

    @property
    def scene(self) -> int:
        """The index of the scene in its world."""
        return int(self._course.episodes.scenes[0])

    @property
    def label(self) -> str | None:
        """The class of the scene, if it has one."""
        label = int(self.world.labels[self.scene])
        return self.world.classes[label] if label >= 0 and self.world.classes else None

    @property
    def poses(self) -> Tensor:
        """(t, P) float32, all poses so far."""
        return self._course.episodes.poses[0]

    @property
    def views(self) -> Tensor:
        """(t, 3, H, W) uint8, the views at these poses, as the world, and a model in it, sees them."""
        return self._course.episodes.views[0]

    @property
    def players(self) -> tuple[str, ...]:
        """Who chose each of the poses but the first, which is where episodes begin."""
        return tuple(self._course.players)

    @property
    def thoughts(self) -> tuple[Thought, ...]:
        """What the model thought at each view; empty without one."""
        return tuple(self._course.thoughts)

    @property
    def full(self) -> bool:
        """Whether the scene has been looked at for long enough."""
        return len(self.poses) >= LONGEST

    # How it moves

    def restart(self) -> None:
        """Begin the episode anew."""
        world = self.world
        seeds = torch.tensor([self.setting.first + self.number], device=world.device)
        scenes = world.draw_scenes(seeds)
        self._course = _Course(Episodes(world, seeds, scenes))
        self._append(world.first_poses(seeds, scenes))
        self._known: Known | None = None

    def next_scene(self) -> None:
        """Begin the next episode."""
        self.number += 1
        self.restart()

    def point(self, pose: Tensor) -> None:
        """Point at a pose, (P,) float32, or as near to it as the world lets the eye go from where it is."""
        self.aim = self.world.aim(self.poses[-1], pose.to(self.world.device))

    def nudge(self, right: float, down: float, roll: float = 0.0) -> None:
        """Move what is pointed at, see `hand.moved`."""
        self.point(moved(self.world, self.aim, right, down, roll))

    def look(self) -> None:
        """Go where the person points at.

        Raises:
            ValueError: when the scene has been looked at for long enough.
        """
        self._move(self.aim[None], YOU)

    def step(self, mover: str) -> None:
        """Go where a mover chooses.

        Raises:
            ValueError: for a name that no mover has, or when the scene has been looked at for long enough.
        """
        check_name("who looks", mover, self.setting.movers)
        self._move(self.setting.movers[mover](self._course.episodes), mover)

    def _move(self, poses: Tensor, player: str) -> None:
        if self.full:
            raise ValueError(f"{LONGEST} views of one scene are enough: take a new scene")
        self._append(poses)
        self._course.players.append(player)

    def _append(self, poses: Tensor) -> None:
        course = self._course
        course.episodes.append(poses)
        self.aim = self.poses[-1]
        if self.setting.insight is not None:
            thought, course.seen = self.setting.insight(course.episodes, course.seen)
            course.thoughts.append(thought)

    # Pictures

    @property
    def retinas(self) -> tuple[str, ...]:
        """Names of the retinas that a person can look through; the model sees through the world's own."""
        if not isinstance(self.world, ImagesWorld):
            return ()
        own = str(self.world.options["retina"])
        return tuple(name for name in RETINAS if name != "official" or name == own)

    def look_through(self, retina: str) -> None:
        """Choose the retina that glimpses, and the picture known so far, come through.

        Raises:
            ValueError: for a name that is none of `retinas`.
        """
        check_name("retina", retina, self.retinas)
        self.retina, self._known = retina, None

    @property
    def picture(self) -> np.ndarray:
        """The whole picture, (S, S, 3) uint8; of the world of pictures alone, as all that follows."""
        return self._pictures.pictures[self.scene].cpu().numpy()

    @property
    def known(self) -> Known:
        """What has been seen of the picture."""
        if self._known is None:
            self._known = Known(self._retina(), self._pictures.side)
        while self._known.count < len(self.poses):
            pose = self.poses[self._known.count]
            self._known.add(self._through(pose), pose)
        return self._known

    @property
    def glimpse(self) -> tuple[np.ndarray, ...]:
        """What is seen now, as the retina has it and, for those that bend it, straightened. (h, w, 3) uint8 each."""
        shown = self._retina().display(self._through(self.poses[-1]))
        return tuple(part.permute(1, 2, 0).cpu().numpy() for part in shown)

    @property
    def maps(self) -> Maps:
        """Where the policy "saliency" finds it worth looking, before and after inhibition of return."""
        world = self._pictures
        policy = world.policies["saliency"]
        assert isinstance(policy, SaliencyFixations)
        saliency = policy.maps.read(self._course.episodes.scenes)
        sampler = FixationSampler(saliency, policy.inhibition, policy.amplitudes)
        earlier = (self.poses * world.side).round().long()[None]
        left = sampler.weighted(torch.zeros(1, dtype=torch.int64, device=world.device), earlier)
        return Maps(saliency[0].double().cpu().numpy(), left[0].cpu().numpy())

    @property
    def _pictures(self) -> ImagesWorld:
        assert isinstance(self.world, ImagesWorld), "objects have no picture as a whole"
        return self.world

    def _retina(self) -> Retina:
        world = self._pictures
        if self.retina == world.options["retina"]:
            return world.retina
        if self.retina not in self._retinas:
            self._retinas[self.retina] = make_retina(self.retina, world.pictures, world.fovea)
        return self._retinas[self.retina]

    def _through(self, pose: Tensor) -> Tensor:
        """(2,) -> (3, H, W) uint8, what the person sees from a pose."""
        return self._retina()(self._course.episodes.scenes, pose[None])[0]
