"""The host side of the kernels: the only part of the renderer that talks to Warp's runtime."""

from __future__ import annotations

import contextlib
import logging
import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
import warp as wp
from torch import Tensor

from ..sources.banks import Mesh
from . import kernels
from .bank import pack
from .kernels import Fixed, Rows, rasterise, shade
from .setups import Setup

# Bytes of depth buffers at a time, whatever the batch: what a CPU's cache holds, and what keeps a GPU busy.
_SCRATCH_CPU, _SCRATCH_GPU = 1 << 21, 1 << 28


def _start_warp() -> None:
    """Starts Warp without its banner, and without its complaint on machines that have no GPU.

    That complaint is printed by native code past any log level, hence the detour of the file descriptor; errors come
    as exceptions all the same.

    Raises:
        PermissionError: when Warp can keep its compiled kernels nowhere, with the remedy.
    """
    wp.config.log_level = logging.ERROR
    try:
        _init_quietly()
    except PermissionError as error:
        raise PermissionError(
            f"Warp cannot write its cache of compiled kernels to {error.filename}; set the environment variable "
            "WARP_CACHE_PATH to a folder that can be written"
        ) from error


def _init_quietly() -> None:
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


class Rasteriser:
    """Meshes and set-up on one device, ready to be drawn."""

    def __init__(self, meshes: Sequence[Mesh], setup: Setup, device: torch.device) -> None:
        _start_warp()
        self._setup = setup
        self._torch_device = device
        self._device = wp.device_from_torch(device)
        wp.load_module(kernels, device=self._device)
        self._bank = pack(meshes, self._device)
        self._fixed = _fixed(setup)
        self._side = setup.size * setup.samples
        # A "thread" on a CPU is a turn of a loop, so it takes a whole mesh or line; a GPU wants work for many.
        self._parts, self._span = (1, setup.size) if self._device.is_cpu else (128, 1)
        self._scratch = _SCRATCH_CPU if self._device.is_cpu else _SCRATCH_GPU

    def draw(self, scenes: Tensor, rotations: Tensor, stages: Tensor, views: Tensor) -> None:
        """Fills views (B, 3 or 4, S, S) uint8; the rest as in `Renderer.render`."""
        rows = Rows()
        rows.scenes = wp.from_torch(scenes.contiguous(), dtype=wp.int64)
        rows.rotations = wp.from_torch(rotations.contiguous(), dtype=wp.quat)
        rows.stages = wp.from_torch(stages.contiguous(), dtype=wp.vec4)
        drawn = wp.from_torch(views)
        batch, chunk = len(views), max(1, self._scratch // (16 * self._side**2))

        def draw_chunk(first: int) -> None:
            self._draw_chunk(rows, first, min(chunk, batch - first), drawn)

        starts = range(0, batch, chunk)
        if self._device.is_cpu and len(starts) > 1:  # a launch occupies one core, and lets go of Python meanwhile
            with ThreadPoolExecutor(torch.get_num_threads()) as pool:
                list(pool.map(draw_chunk, starts))
        else:
            with self._stream():
                for first in starts:
                    draw_chunk(first)

    def _stream(self) -> contextlib.AbstractContextManager:
        """Launches in order with torch's own work."""
        if self._device.is_cpu:
            return contextlib.nullcontext()
        return wp.ScopedStream(wp.stream_from_torch(torch.cuda.current_stream(self._torch_device)))

    def _draw_chunk(self, rows: Any, first: int, count: int, drawn: wp.array) -> None:
        buffers = torch.zeros(2, count, self._side, self._side, dtype=torch.int64, device=self._torch_device)
        visible, lit = wp.from_torch(buffers[0]), wp.from_torch(buffers[1])
        inputs = [self._bank, self._fixed, rows, first]
        for from_lamp, nearest in ((False, visible), (True, lit)):
            shape = (count, self._parts)
            wp.launch(rasterise, shape, [*inputs, from_lamp, self._parts], [nearest], device=self._device)
        inputs += [self._setup.samples, self._span, visible, lit]
        lines = self._setup.size, math.ceil(self._setup.size / self._span)
        wp.launch(shade, (count, *lines), inputs, [drawn], device=self._device)


def _fixed(setup: Setup) -> Fixed:  # pyright: ignore[reportGeneralTypeIssues]
    fixed = Fixed()
    fixed.eye = wp.vec3(*_polar(setup.camera_distance, setup.camera_polar, setup.camera_azimuth))
    fixed.zoom = 1 / math.tan(setup.field_of_view / 2)
    fixed.has_floor = setup.floor is not None
    fixed.floor = setup.floor if setup.floor is not None else 0.0
    fixed.floor_saturation = setup.floor_saturation
    fixed.floor_value = setup.floor_value
    fixed.background = wp.vec3(*setup.background)
    fixed.sun_direction = wp.vec3(*_polar(1.0, setup.sun_polar, setup.sun_azimuth))
    fixed.sun = setup.sun
    fixed.sun_sine = math.sin(setup.sun_size / 2)
    fixed.sky = setup.sky
    fixed.spot = setup.spot
    fixed.spot_distance = setup.spot_distance
    fixed.spot_saturation = setup.spot_saturation
    fixed.spot_value = setup.spot_value
    fixed.spot_cosine = math.cos(setup.spot_cone / 2)
    fixed.spot_rise = 1 / (setup.spot_blend * (1 - fixed.spot_cosine))
    return fixed


def _polar(radius: float, polar: float, azimuth: float) -> np.ndarray:
    across = math.sin(polar)
    return radius * np.array([across * math.cos(azimuth), across * math.sin(azimuth), math.cos(polar)])
