"""The host side of the kernels: the only part of the renderer that talks to Warp's runtime."""

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
from .kernels import Fixed, Rows, rasterise, shade
from .setup import Setup

# Bytes of depth buffers at a time, whatever the batch: what a CPU's cache holds, and what keeps a GPU busy.
_SCRATCH_CPU, _SCRATCH_GPU = 1 << 21, 1 << 28


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
        self._setup = setup
        self._device = wp.device_from_torch(device)
        self._bank = pack(meshes, self._device)
        self._fixed = _fixed(setup)
        self._torch_device = device
        self._eye = torch.tensor(self._fixed.eye, device=device)[None]

    def draw(
        self, scenes: Tensor, rotations: Tensor, spots: Tensor, spot_colours: Tensor, floors: Tensor, views: Tensor
    ) -> None:
        """Fills views (B, 3 or 4, S, S) uint8; spots, spot_colours and floors are (B, 3) float32, colours linear."""
        batch = len(views)
        rows = Rows()
        rows.scenes = wp.from_torch(scenes.contiguous(), dtype=wp.int64)
        rows.rotations = wp.from_torch(rotations.contiguous(), dtype=wp.quat)
        rows.spots = wp.from_torch(spots.contiguous(), dtype=wp.vec3)
        rows.spot_colours = wp.from_torch(spot_colours.contiguous(), dtype=wp.vec3)
        rows.floor_colours = wp.from_torch(floors.contiguous(), dtype=wp.vec3)
        eye = wp.from_torch(self._eye, dtype=wp.vec3)
        on_cpu = self._device.is_cpu
        # A "thread" on a CPU is a turn of a loop, so it takes a whole mesh or line; a GPU wants work for many.
        parts, span = (1, self._setup.size) if on_cpu else (128, 1)
        lines = self._setup.size, math.ceil(self._setup.size / span)
        side = self._setup.size * self._setup.samples
        chunk = max(1, min(batch, (_SCRATCH_CPU if on_cpu else _SCRATCH_GPU) // (16 * side * side)))
        scratch = torch.empty(2, chunk, side, side, dtype=torch.int64, device=self._torch_device)
        visible, lit = wp.from_torch(scratch[0]), wp.from_torch(scratch[1])
        drawn = wp.from_torch(views)
        with self._stream():
            for first in range(0, batch, chunk):
                count = min(chunk, batch - first)
                scratch.zero_()
                for eyes, zoom, nearest in ((eye, self._fixed.zoom, visible), (rows.spots, 0.0, lit)):
                    inputs = [self._bank, rows, first, eyes, zoom, parts]
                    wp.launch(rasterise, (count, parts), inputs, [nearest], device=self._device)
                inputs = [self._bank, self._fixed, rows, first, self._setup.samples, span, visible, lit]
                wp.launch(shade, (count, *lines), inputs, [drawn], device=self._device)

    def _stream(self) -> contextlib.AbstractContextManager:
        """Launches in order with torch's own work."""
        if self._device.is_cpu:
            return contextlib.nullcontext()
        return wp.ScopedStream(wp.stream_from_torch(torch.cuda.current_stream(self._torch_device)))


def _fixed(setup: Setup) -> Fixed:  # pyright: ignore[reportGeneralTypeIssues]
    fixed = Fixed()
    fixed.eye = wp.vec3(*_polar(setup.camera_distance, setup.camera_polar, setup.camera_azimuth))
    fixed.zoom = 1 / math.tan(setup.field_of_view / 2)
    fixed.has_floor = setup.floor is not None
    fixed.floor = setup.floor if setup.floor is not None else 0.0
    fixed.background = wp.vec3(*setup.background)
    fixed.sun_direction = wp.vec3(*_polar(1.0, setup.sun_polar, setup.sun_azimuth))
    fixed.sun = setup.sun
    fixed.sun_sine = math.sin(setup.sun_size / 2)
    fixed.sky = setup.sky
    fixed.spot_cosine = math.cos(setup.spot_cone / 2)
    fixed.spot_rise = 1 / (setup.spot_blend * (1 - fixed.spot_cosine))
    return fixed


def _polar(radius: float, polar: float, azimuth: float) -> np.ndarray:
    across = math.sin(polar)
    return radius * np.array([across * math.cos(azimuth), across * math.sin(azimuth), math.cos(polar)])
