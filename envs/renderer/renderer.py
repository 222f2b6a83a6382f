"""Batched live rendering of many meshes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..devices import resolve_device
from ..sources.banks import Mesh
from .setups import Setup


class Renderer:
    """Draws batches of rotated meshes under one set-up, on CPU or CUDA, by depth buffers in NVIDIA Warp's kernels.

    A row depends on its own scene, rotation and stage only: it is the same to the bit alone or in any batch. On a CPU,
    large batches are spread over torch's number of threads.

    Args:
        meshes: the scenes; they stay on the device.
        setup: camera, floor and lights.
        device: a torch device, "cpu" or "cuda".

    Raises:
        TypeError: what is no set-up.
        ValueError: no meshes, or meshes that do not fit together, an unknown device, or CUDA asked for and absent.
    """

    def __init__(self, meshes: Sequence[Mesh], setup: Setup, device: str | torch.device = "cpu") -> None:
        if not meshes:
            raise ValueError("a renderer needs at least one mesh, got none")
        self.meshes = tuple(meshes)
        self.setup = setup
        if not isinstance(setup, Setup):
            raise TypeError(f"setup={setup!r} is no Setup: take one of SETUPS, or make one")
        self.device = resolve_device(device)
        from . import rasteriser  # imports Warp, which takes a while and opens the devices

        self._rasteriser = rasteriser.Rasteriser(meshes, setup, self.device)
        self._stage = torch.tensor(setup.stage, device=self.device)

    def __reduce__(self) -> tuple[type[Renderer], tuple[tuple[Mesh, ...], Setup, torch.device]]:
        """Copies and pickles are built anew: what lies on the device belongs to the process."""
        return Renderer, (self.meshes, self.setup, self.device)

    def render(self, scenes: Tensor, rotations: Tensor, stage: Tensor | None = None) -> Tensor:
        """Views of objects on the floor or before the background.

        Args:
            scenes: (B,) int64 indices of meshes, in [0, number of meshes).
            rotations: (B, 4) float32 unit quaternions (x, y, z, w), body to world.
            stage: (B, 4) float32: floor hue in [0, 1], light theta and phi in radians, light hue in [0, 1]; None is
                the set-up's own.

        Returns:
            (B, 3, S, S) uint8 sRGB.

        Raises:
            TypeError, ValueError: a tensor of another type, shape or device.
        """
        return self._draw(scenes, rotations, stage, channels=3)

    def render_rgba(self, scenes: Tensor, rotations: Tensor, stage: Tensor | None = None) -> Tensor:
        """Objects cut out: as `render`, without floor and background.

        Returns:
            (B, 4, S, S) uint8: sRGB, not multiplied by alpha, and alpha, the share of a pixel's samples on the object.
        """
        return self._draw(scenes, rotations, stage, channels=4)

    def _draw(self, scenes: Tensor, rotations: Tensor, stage: Tensor | None, channels: int) -> Tensor:
        batch = len(scenes) if isinstance(scenes, Tensor) and scenes.ndim else 0
        self._check("scenes", scenes, (batch,), torch.int64)
        stage = self._stage.expand(batch, 4) if stage is None else stage
        self._check("rotations", rotations, (batch, 4), torch.float32)
        self._check("stage", stage, (batch, 4), torch.float32)
        # Worlds on a GPU draw scenes that exist; to look would make every step wait for the device.
        if self.device.type == "cpu" and batch and not 0 <= int(scenes.min()) <= int(scenes.max()) < len(self.meshes):
            raise ValueError(f"scenes must lie in 0 to {len(self.meshes) - 1}, got {scenes.min()} to {scenes.max()}")
        shape = batch, channels, self.setup.size, self.setup.size
        views = torch.empty(shape, dtype=torch.uint8, device=self.device)
        self._rasteriser.draw(scenes, rotations, stage, views)
        return views

    def _check(self, name: str, value: Tensor, shape: tuple[int, ...], dtype: torch.dtype) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"{name} must be a torch tensor, {dtype}, got {type(value).__name__}")
        if value.dtype != dtype:
            raise TypeError(f"{name} must be {dtype}, got {value.dtype}")
        if value.shape != shape:
            raise ValueError(f"{name} must have shape {shape}, got {tuple(value.shape)}")
        if value.device.type != self.device.type:
            raise ValueError(f"{name} is on {value.device}, the renderer on {self.device}; move it with .to()")
