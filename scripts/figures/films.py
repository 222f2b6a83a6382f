"""Films of episodes: frames in which a scanpath grows, a picture gets known, or an object turns; as GIF or video."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ...envs import rotations
from ...envs.frames import FRAME_SIDE, enlarge, side_by_side
from ...envs.known import Known
from ...envs.palette import BLACK, BLUE, GREEN, GREY, VERMILLION, rgb
from ...envs.renderer.setups import SETUPS, Setup
from ...envs.rollout import Rollout
from ...envs.worlds import ImagesWorld, ObjectsWorld, World
from ...envs.worlds.rotating import RotatingWorld
from .strips import class_name

_TITLE, _LETTERS = 30, 18  # pixels, of the line above a panel and of its letters
_AXES = {"x": VERMILLION, "y": GREEN, "z": BLUE}
_HOLD = 2  # times as long the last frame of an episode stays
_CODEC, _EVEN = "vp09", 2  # VP9, which browsers play and OpenCV's wheels can write; its frames have even sides


def film(world: World, rollout: Rollout) -> list[np.ndarray]:
    """The frames of episodes, one after the other: one for each view, the last of an episode twice.

    In the world of pictures: the scanpath, what the retina sees, and the picture as far as it is known from that. With
    objects: the first view, the present one, and the object's axes with the rotation that has just been made.

    Args:
        world: in which the episodes took place.
        rollout: B episodes of L views.

    Returns:
        B (L + 1) frames, (H, W, 3) uint8, of one size and even sides.
    """
    frames = []
    for row in range(len(rollout)):
        scene, poses = int(rollout.scenes[row]), rollout.poses[row]
        name = class_name(world, rollout.labels[row])
        paths = [poses[: i + 1] for i in range(len(poses))]
        frames += hold_last([draw_frame(world, scene, path, world.panels(scene, path), name) for path in paths])
    return frames


def hold_last(frames: list[np.ndarray]) -> list[np.ndarray]:
    """The frames of an episode, the last of which stays."""
    return frames + frames[-1:] * (_HOLD - 1)


def draw_frame(
    world: World, scene: int, poses: Tensor, panels: Mapping[str, np.ndarray], name: str, told: str = ""
) -> np.ndarray:
    """One frame.

    Args:
        world: where.
        scene: which.
        poses: (t, P) float32, of the episode so far.
        panels: of the world, or of a task, by what they show.
        name: of the scene's class, or empty.
        told: a line below; none if it is empty.

    Returns:
        (H, W, 3) uint8, with even sides.
    """
    panels = dict(panels)
    if isinstance(world, ImagesWorld):
        panels["known so far"] = enlarge(known(world, scene, poses))
    if isinstance(world, RotatingWorld):
        panels |= _rotation(world, poses)
    frame = _titled(panels, name)
    return _even(_underlined(frame, told) if told else frame)


def as_gif(frames: Sequence[np.ndarray], fps: float) -> bytes:
    """Frames, (H, W, 3) uint8 of one size, as a GIF that goes on for ever; its clock counts hundredths of a second."""
    pictures = [Image.fromarray(frame).quantize(256, kmeans=1, dither=Image.Dither.NONE) for frame in frames]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, "GIF", save_all=True, append_images=pictures[1:], duration=round(1000 / fps), loop=0, optimize=True
    )
    return buffer.getvalue()


def write_video(path: Path, frames: Sequence[np.ndarray], fps: float) -> None:
    """Write frames, (H, W, 3) uint8 of one size and even sides, as an MP4 file of VP9, which browsers play.

    Raises:
        ValueError: where OpenCV was built without that codec.
    """
    import cv2  # takes a while

    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*_CODEC), fps, (width, height))
    if not writer.isOpened():
        raise ValueError(f"{path} cannot be written: this OpenCV has no VP9; install the wheel opencv-python")
    for frame in frames:
        writer.write(frame[..., ::-1])
    writer.release()


def known(world: ImagesWorld, scene: int, poses: Tensor) -> np.ndarray:
    """A picture as far as it is known from glimpses at poses, (t, 2): where it was seen from nearest by; else grey.

    -> (side, side, 3) uint8.
    """
    so_far = Known(world.retina, world.side, world.device)
    views = world.views(torch.full((len(poses),), scene, device=world.device), poses)
    for view, pose in zip(views, poses, strict=True):
        so_far.add(view, pose)
    return so_far.picture


def _titled(panels: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Panels side by side, with what they show above them, the first with a name before it."""
    titled = []
    for place, (title, panel) in enumerate(panels.items()):
        words = f"{name}: {title}" if name and place == 0 else title
        titled.append(np.concatenate([_line(words, panel.shape[1]), panel]))
    return side_by_side(titled)


def _underlined(frame: np.ndarray, told: str) -> np.ndarray:
    return np.concatenate([frame, _line(told, frame.shape[1])])


def _line(words: str, width: int) -> np.ndarray:
    """A line of words in the middle. -> (_TITLE, width, 3) uint8."""
    image = Image.new("RGB", (width, _TITLE), "white")
    ImageDraw.Draw(image).text((width / 2, _TITLE / 2), words, fill=BLACK, font=_font(), anchor="mm")
    return np.asarray(image)


def _even(frame: np.ndarray) -> np.ndarray:
    """With white rows and columns behind, where a side is odd."""
    height, width = (-size % _EVEN for size in frame.shape[:2])
    return np.pad(frame, ((0, height), (0, width), (0, 0)), constant_values=255)


def _rotation(world: RotatingWorld, poses: Tensor) -> dict[str, np.ndarray]:
    """The object's own axes as the camera sees them, and the axis of the last rotation, dashed; its angle as title."""
    image = Image.new("RGB", (FRAME_SIDE, FRAME_SIDE), "white")
    pen = ImageDraw.Draw(image)
    pose = poses[-1, :4].double().cpu()
    across, up, towards = _camera(world.setup if isinstance(world, ObjectsWorld) else SETUPS["3diebench"])
    title = "axes of the object"
    if len(poses) > 1:
        before = poses[-2, :4].double().cpu()
        turn = rotations.relative(before, pose)
        title = f"turned by {math.degrees(float(rotations.angle_between(before, pose))):.0f}°"
        if float(turn[:3].norm()) > 0:
            axis = rotations.to_matrix(pose).numpy() @ (turn[:3] / turn[:3].norm()).numpy()
            _dashed(pen, _place(axis, across, up))
    tips = dict(zip(_AXES, rotations.to_matrix(pose).numpy().T, strict=True))
    for letter, tip in sorted(tips.items(), key=lambda item: float(item[1] @ towards)):  # the nearest one last
        end = _place(tip, across, up)
        pen.line([_place(0 * tip, across, up), end], fill=_AXES[letter], width=8)
        pen.ellipse([end[0] - 15, end[1] - 15, end[0] + 15, end[1] + 15], fill="white", outline=_AXES[letter], width=3)
        pen.text(end, letter, fill=BLACK, font=_font(), anchor="mm")
    return {title: np.asarray(image)}


def _camera(setup: Setup) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Directions in the world: to the right and upwards in the view, and towards the camera; unit vectors."""
    sine, cosine = math.sin(setup.camera_polar), math.cos(setup.camera_polar)
    towards = np.array([sine * math.cos(setup.camera_azimuth), sine * math.sin(setup.camera_azimuth), cosine])
    across = np.cross([0.0, 0.0, 1.0], towards)
    across /= np.linalg.norm(across)
    return across, np.cross(towards, across), towards


def _place(direction: np.ndarray, across: np.ndarray, up: np.ndarray) -> tuple[float, float]:
    """Where the tip of a direction lies in the panel, in pixels."""
    half = FRAME_SIDE / 2
    return half + 0.8 * half * float(direction @ across), half - 0.8 * half * float(direction @ up)


def _dashed(pen: ImageDraw.ImageDraw, tip: tuple[float, float], dashes: int = 12) -> None:
    """A dashed line through the middle of the panel to a tip and as far beyond."""
    middle = np.array([FRAME_SIDE / 2] * 2)
    ends = np.linspace(2 * middle - np.array(tip), np.array(tip), 2 * dashes)
    for start, end in zip(ends[::2], ends[1::2], strict=True):
        pen.line([*start, *end], fill=rgb(GREY), width=3)


@cache
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), _LETTERS)
