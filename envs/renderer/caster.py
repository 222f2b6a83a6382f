"""The host side of the ray caster: the only part of the renderer that talks to Warp's runtime."""

from __future__ import annotations

import contextlib
import logging
import math
import os
from collections.abc import Sequence

import numpy as np
import torch
import warp as wp
from torch import Tensor

from ..sources.banks import Mesh
from .bank import pack
from .kernels import Fixed, Stage, draw
from .setup import Setup


def _start_warp() -> None:
    """Starts Warp without its banner, and without its complaint on machines that have no GPU.

    That complaint is printed by native code past any log level, hence the detour of the file descriptor; errors come
    as exceptions all the same.
    """
    wp.config.log_level = logging.ERROR
    if torch.cuda.is_available():
        wp.init()
        return
    stderr = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        wp.init()
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


class Caster:
    """Meshes and set-up on one device, ready to be drawn."""

    def __init__(self, meshes: Sequence[Mesh], setup: Setup, device: torch.device) -> None:
        _start_warp()
        self._torch_device = device
        self._device = wp.device_from_torch(device)
        self._trees, self._bank = pack(meshes, self._device)
        self._fixed = _fixed(setup)

    def draw(
        self, scenes: Tensor, rotations: Tensor, floors: Tensor, spots: Tensor, spot_colours: Tensor, views: Tensor
    ) -> None:
        """Fills views (B, 3 or 4, S, S) uint8; floors, spots and spot_colours are (B, 3) float32."""
        batch, _, size, _ = views.shape
        stage = Stage()
        stage.floor_colours = wp.from_torch(floors.contiguous(), dtype=wp.vec3)
        stage.spot_positions = wp.from_torch(spots.contiguous(), dtype=wp.vec3)
        stage.spot_colours = wp.from_torch(spot_colours.contiguous(), dtype=wp.vec3)
        # A CPU "thread" is a call in a loop: whole rows keep what a view shares out of it. A GPU wants every pixel.
        span = size if self._device.is_cpu else 1
        with self._stream():
            wp.launch(
                draw,
                dim=(batch, size, math.ceil(size / span)),
                inputs=[
                    self._bank,
                    self._fixed,
                    stage,
                    wp.from_torch(scenes.contiguous(), dtype=wp.int64),
                    wp.from_torch(rotations.contiguous(), dtype=wp.quat),
                    span,
                ],
                outputs=[wp.from_torch(views)],
                device=self._device,
            )

    def _stream(self) -> contextlib.AbstractContextManager:
        """Launches in order with torch's own work."""
        if self._device.is_cpu:
            return contextlib.nullcontext()
        return wp.ScopedStream(wp.stream_from_torch(torch.cuda.current_stream(self._torch_device)))


def _fixed(setup: Setup) -> Fixed:  # pyright: ignore[reportGeneralTypeIssues]
    eye = _polar(setup.camera_distance, setup.camera_polar, setup.camera_azimuth)
    forward = -eye / setup.camera_distance
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right *= math.tan(setup.field_of_view / 2) / np.linalg.norm(right)
    fixed = Fixed()
    fixed.eye = wp.vec3(*eye)
    fixed.forward = wp.vec3(*forward)
    fixed.right = wp.vec3(*right)
    fixed.down = wp.vec3(*np.cross(forward, right))
    fixed.samples = setup.samples
    fixed.has_floor = setup.floor is not None
    fixed.floor = setup.floor if setup.floor is not None else 0.0
    fixed.background = wp.vec3(*setup.background)
    fixed.sun_direction = wp.vec3(*_polar(1.0, setup.sun_polar, setup.sun_azimuth))
    fixed.sun = setup.sun
    fixed.sun_sine = math.sin(setup.sun_size / 2)
    fixed.sky = setup.sky
    fixed.spot_cosine = math.cos(setup.spot_cone / 2)
    fixed.spot_fade = setup.spot_blend * (1 - fixed.spot_cosine)
    return fixed


def _polar(radius: float, polar: float, azimuth: float) -> np.ndarray:
    across = math.sin(polar)
    return radius * np.array([across * math.cos(azimuth), across * math.sin(azimuth), math.cos(polar)])
