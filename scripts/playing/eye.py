"""One person's episode: where the eye is, what it has seen, and what moves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ...agents.memory import Seen
from ...envs.checks import check_name
from ...envs.rollout import Episodes, Policy
from .hand import Playable, moved
from .insight import Insight, Thought

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


@dataclass
class Course:
    """The episode that is running, of one row, and what came of it view by view.

    Attributes:
        episodes: as policies see them.
        players: who chose each of the poses but the first.
        thoughts: of a model at each view.
        seen: what a model has seen.
    """

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
        course: the episode that is running.
        aim: (P,) float32, where the person points at and looks next.
    """

    def __init__(self, setting: Setting):
        self.setting = setting
        self.world = setting.world
        self.number = 0
        self.restart()

    # Where it is

    @property
    def scene(self) -> int:
        """The index of the scene in its world."""
        return int(self.course.episodes.scenes[0])

    @property
    def label(self) -> str | None:
        """The class of the scene, if it has one."""
        label = int(self.world.labels[self.scene])
        return self.world.classes[label] if label >= 0 and self.world.classes else None

    @property
    def poses(self) -> Tensor:
        """(t, P) float32, all poses so far."""
        return self.course.episodes.poses[0]

    @property
    def views(self) -> Tensor:
        """(t, 3, H, W) uint8, the views at these poses, as the world, and a model in it, sees them."""
        return self.course.episodes.views[0]

    @property
    def players(self) -> tuple[str, ...]:
        """Who chose each of the poses but the first, which is where episodes begin."""
        return tuple(self.course.players)

    @property
    def thoughts(self) -> tuple[Thought, ...]:
        """What the model thought at each view; empty without one."""
        return tuple(self.course.thoughts)

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
        self.course = Course(Episodes(world, seeds, scenes))
        self._append(world.first_poses(seeds, scenes))

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
        self._move(self.setting.movers[mover](self.course.episodes), mover)

    def _move(self, poses: Tensor, player: str) -> None:
        if self.full:
            raise ValueError(f"{LONGEST} views of one scene are enough: take a new scene")
        self._append(poses)
        self.course.players.append(player)

    def _append(self, poses: Tensor) -> None:
        course = self.course
        course.episodes.append(poses)
        self.aim = self.poses[-1]
        if self.setting.insight is not None:
            thought, course.seen = self.setting.insight(course.episodes, course.seen)
            course.thoughts.append(thought)
