"""The pictures of the pages, drawn of the built-in sources:  python -m saccadeworld.scripts.docs.pictures

They are stored beside the pages; whoever changes what they show makes them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ...envs import rotations
from ...envs.frames import draw_scanpath, enlarge
from ...envs.rollout import Rollout
from ...envs.worlds import AugmentationsWorld, ImagesWorld, World, make_world
from ...saliency.models import make_saliency

FOLDER = Path(__file__).parent / "pages" / "pictures"
RETINAS = {
    "crop": "a window",
    "pyramid": "ever wider windows",
    "logpolar": "rings and wedges",
    "blur": "acuity that falls",
    "official": "the released code's",
}
SALIENCY = ("spectral-residual", "itti-koch", "boolean-maps", "combined", "centre-bias")
_INK, _DPI = "#1d5c63", 110


def worlds() -> Figure:
    """An episode in each world: the scene, its views, and the actions between them."""
    made: Mapping[str, tuple[World, str, int]] = {
        "images": (_images(fovea=32), "saliency", 3),
        "objects": (make_world("objects", count=8, size=64), "nearby", 2),
        "augmentations": (make_world("augmentations", count=50), "uniform", 11),
    }
    figure = Figure(figsize=(7.6, 5.0))
    axes = figure.subplots(len(made), 5)
    for (name, (world, policy, seed)), line in zip(made.items(), axes, strict=True):
        rollout = world.rollout(1, 4, policy, seed)
        scene = _scene(world, rollout)
        _show(line[0], scene, name)
        for i, place in enumerate(line[1:]):
            _show(place, _channels_last(rollout.views[0, i]), f"view {i + 1}")
            if i:
                place.text(-0.13, 0.5, "→", transform=place.transAxes, ha="center", va="center", size=13, color=_INK)
                place.set_xlabel(_action_in_words(name, rollout, i - 1), fontsize=7.5, color=_INK)
    figure.subplots_adjust(wspace=0.3, hspace=0.36)
    return figure


def retinas() -> Figure:
    """One picture through all five retinas: what the model is given above, where it lies in the picture below."""
    plain = _images(retina="crop", fovea=32)
    scene, fixation = 4, torch.tensor([[0.52, 0.5]])
    figure = Figure(figsize=(7.6, 3.3))
    axes = figure.subplots(2, len(RETINAS) + 1)
    _show(axes[0, 0], _scanpath(plain, scene, fixation), "the picture")
    axes[1, 0].axis("off")
    for (name, title), above, below in zip(RETINAS.items(), axes[0, 1:], axes[1, 1:], strict=True):
        world = _images(retina=name, fovea=32)
        shown = world.retina.display(world.views(torch.tensor([scene]), fixation)[0])
        _show(above, _channels_last(shown[0]), name)
        above.set_xlabel(title, fontsize=7)
        if len(shown) > 1:
            _show(below, _channels_last(shown[1]), "")
            below.set_xlabel("in its place", fontsize=7)
        else:
            below.axis("off")
    figure.tight_layout()
    return figure


def saliency() -> Figure:
    """A picture, its saliency maps, and fixations drawn from the first, with inhibition of return."""
    world = _images(fovea=32)
    scene = 4
    pixels = world.pictures[scene : scene + 1]
    figure = Figure(figsize=(8.2, 1.7))
    axes = figure.subplots(1, len(SALIENCY) + 2)
    _show(axes[0], pixels[0].numpy(), "the picture")
    for name, place in zip(SALIENCY, axes[1:], strict=False):
        place.imshow(make_saliency(name)(pixels)[0].numpy(), cmap="magma")
        _show(place, None, name)
    rollout = world.rollout(length=4, policy="saliency", seed=1, scenes=torch.tensor([scene]))
    _show(axes[-1], _scanpath(world, scene, rollout.poses[0]), "four fixations")
    figure.tight_layout()
    return figure


def tasks() -> Figure:
    """The frames that environments render: what people see of an episode."""
    shown: Mapping[str, tuple[str, int]] = {
        "free-viewing": ("SaccadeWorld-v0", 4),
        "recognition": ("SaccadeWorld/ObjectsRecognition-v0", 3),
        "path-integration": ("SaccadeWorld/PathIntegration-v0", 5),
        "search": ("SaccadeWorld/ObjectsSearch-v0", 3),
    }
    frames = {name: _frame(env, steps) for name, (env, steps) in shown.items()}
    widths = [frame.shape[1] / frame.shape[0] for frame in frames.values()]
    figure = Figure(figsize=(7.6, 1.05 * 7.6 / sum(widths) + 0.2))
    axes = figure.subplots(1, len(frames), width_ratios=widths)
    for (name, frame), place in zip(frames.items(), axes, strict=True):
        _show(place, frame, name)
    figure.tight_layout()
    return figure


def motion() -> Figure:
    """The same saccades in worlds that answer them differently: limited, noisy, free to leave the picture."""
    options: Sequence[tuple[str, Mapping[str, Any]]] = (
        ("border='clip'", {}),
        ("max_saccade=0.25", {"max_saccade": 0.25}),
        ("motor_noise=0.2", {"motor_noise": 0.2}),
        ("border='free'", {"border": "free"}),
    )
    saccades = torch.tensor([[0.3, 0.2], [-0.4, 0.45], [-0.55, -0.5], [0.6, -0.4]])
    figure = Figure(figsize=(7.6, 2.1))
    for (title, option), place in zip(options, figure.subplots(1, len(options)), strict=True):
        world = _images(fovea=24, **option)
        seeds, pose = torch.tensor([2]), torch.tensor([[0.5, 0.5]])
        path = [pose]
        for step, saccade in enumerate(saccades):
            path.append(world.land(path[-1], world.move(path[-1], saccade[None]), seeds, step + 1))
        points = torch.cat(path) * world.side
        place.imshow(world.pictures[4].numpy())
        place.plot(points[:, 1], points[:, 0], "-o", color="#ffb000", markeredgecolor="black", markersize=5)
        place.set(xlim=(-6, world.side + 26), ylim=(world.side + 6, -22))
        _show(place, None, title)
    figure.tight_layout()
    return figure


FIGURES = {"worlds": worlds, "retinas": retinas, "saliency": saliency, "tasks": tasks, "motion": motion}


def _images(**options: Any) -> ImagesWorld:
    world = make_world("images", count=50, size=96, **options)
    assert isinstance(world, ImagesWorld)
    return world


def _scene(world: World, rollout: Rollout) -> np.ndarray:
    """What the views are of: a picture, with the scanpath on it if there is one, or the object as it stands."""
    scene = int(rollout.scenes[0])
    if isinstance(world, ImagesWorld):
        return _scanpath(world, scene, rollout.poses[0])
    if isinstance(world, AugmentationsWorld):
        return world.pictures[scene].numpy()
    return _channels_last(world.views(rollout.scenes, torch.tensor([[0.0, 0.0, 0.0, 1.0]]))[0])


def _frame(name: str, steps: int) -> np.ndarray:
    env = gym.make(name, render_mode="rgb_array", count=20)
    env.reset(seed=5)
    env.action_space.seed(1)
    for _ in range(steps):
        action = np.asarray(env.action_space.sample())
        if "Recognition" in name:
            action[4] = -1  # no answer yet
        env.step(action)
    frame = env.render()
    assert isinstance(frame, np.ndarray)
    return frame


def _scanpath(world: ImagesWorld, scene: int, poses: Tensor) -> np.ndarray:
    pixels = (poses * world.side).round().numpy()
    return draw_scanpath(enlarge(world.pictures[scene].numpy()), pixels, world.side, world.fovea)


def _action_in_words(name: str, rollout: Rollout, i: int) -> str:
    action = rollout.actions[0, i]
    if name == "images":
        return f"({action[0]:+.2f}, {action[1]:+.2f})"
    if name == "objects":
        still = torch.tensor([[0.0, 0.0, 0.0, 1.0]])
        degrees = torch.rad2deg(rotations.angle_between(action[None], still))
        return f"turn by {float(degrees):.0f}°"
    return f"crop {action[:4].norm():.2f}, jitter {action[4:8].norm():.2f}"


def _channels_last(view: Tensor) -> np.ndarray:
    return view.permute(1, 2, 0).numpy()


def _show(axes: Axes, picture: np.ndarray | None, title: str) -> None:
    if picture is not None:
        axes.imshow(picture, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    for edge in axes.spines.values():
        edge.set_visible(False)
    axes.set_title(title, fontsize=8, color=_INK)


def main() -> None:
    for name, draw in FIGURES.items():
        draw().savefig(FOLDER / f"{name}.png", dpi=_DPI, bbox_inches="tight", pad_inches=0.08)


if __name__ == "__main__":
    main()
