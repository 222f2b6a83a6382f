"""An eye on pictures: the retina a person looks through, what is known of a picture, and where it is worth looking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...envs.checks import check_name
from ...envs.known import Known
from ...envs.policies import SaliencyFixations
from ...envs.retinas import RETINAS, Retina, make_retina
from ...envs.worlds import ImagesWorld
from ...saliency.scanpaths import FixationSampler
from .eye import Eye, Setting


@dataclass(frozen=True)
class Maps:
    """Where it is worth looking, (S, S) float64 each, non-negative.

    Attributes:
        saliency: of the picture.
        left: what the next fixation of the policy "saliency" follows, after inhibition of return.
    """

    saliency: np.ndarray
    left: np.ndarray


class PictureEye(Eye):
    """Looks at pictures, through any retina, while the world, and a model in it, see them through the world's own.

    Args:
        setting: what is played with, in the world of pictures.

    Attributes:
        pictures: the world.
        retinas: names of those that a person can look through.
        retina: the name of that which is chosen.
    """

    def __init__(self, setting: Setting):
        world = setting.world
        assert isinstance(world, ImagesWorld), "only pictures are seen through retinas"
        self.pictures = world
        self.retina = own = str(world.options["retina"])
        self.retinas = tuple(name for name in RETINAS if name != "official" or name == own)
        self._made: dict[str, Retina] = {own: world.retina}
        super().__init__(setting)

    def restart(self) -> None:
        self._known: Known | None = None
        super().restart()

    def look_through(self, retina: str) -> None:
        """Choose the retina that glimpses, and the picture known so far, come through.

        Raises:
            ValueError: for a name that is none of `retinas`.
        """
        check_name("retina", retina, self.retinas)
        if retina not in self._made:
            self._made[retina] = make_retina(retina, self.pictures.pictures, self.pictures.fovea)
        self.retina, self._known = retina, None

    @property
    def picture(self) -> np.ndarray:
        """The whole picture, (S, S, 3) uint8."""
        return self.pictures.pictures[self.scene].cpu().numpy()

    @property
    def known(self) -> Known:
        """What has been seen of the picture."""
        if self._known is None:
            self._known = Known(self._made[self.retina], self.pictures.side, self.pictures.device)
        for pose in self.poses[self._known.count :]:
            self._known.add(self._through(pose), pose)
        return self._known

    @property
    def glimpse(self) -> tuple[np.ndarray, ...]:
        """What is seen now, as the retina has it and, of those that bend it, straightened. (h, w, 3) uint8 each."""
        shown = self._made[self.retina].display(self._through(self.poses[-1]))
        return tuple(part.permute(1, 2, 0).cpu().numpy() for part in shown)

    @property
    def maps(self) -> Maps:
        """Where the policy "saliency" finds it worth looking, before and after inhibition of return."""
        world = self.pictures
        policy = world.policies["saliency"]
        assert isinstance(policy, SaliencyFixations)
        saliency = policy.maps.read(self.course.episodes.scenes)
        sampler = FixationSampler(saliency, policy.inhibition, policy.amplitudes)
        earlier = (self.poses * world.side).round().long()[None]
        left = sampler.weighted(torch.zeros(1, dtype=torch.int64, device=world.device), earlier)
        return Maps(saliency[0].double().cpu().numpy(), left[0].cpu().numpy())

    def _through(self, pose: Tensor) -> Tensor:
        """What the person sees from a pose. (2,) float32 -> (3, H, W) uint8."""
        return self._made[self.retina](self.course.episodes.scenes, pose[None])[0]
