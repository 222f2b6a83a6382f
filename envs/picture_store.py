"""The pictures of a world where it looks at them: on its own device, or on the host beside it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .checks import check_name, check_pictures
from .sources.banks import PictureSet


class PictureStore:
    """A world's pictures on its device, or, for more of them than a GPU holds, on the host.

    From the host what is seen of them is copied to the device for each batch, without waiting: from pinned memory. What
    is waited for is the other way, of the numbers of the pictures and where they are looked at, a few bytes a row.

    Pictures in a bank are checked before they are looked at for the first time, see `PictureSet.check`.

    Args:
        pictures: the pictures.
        device: of the world.
        bank_device: "cpu" to leave the pictures on the host, None for the device of the world.

    Attributes:
        pictures: the set, on its own device.

    Raises:
        TypeError, ValueError: for what is no set of pictures, and for another device.
        MemoryError: for more pictures than the device has memory for.
    """

    def __init__(self, pictures: PictureSet, device: torch.device, bank_device: str | None = None):
        if not isinstance(pictures, PictureSet):
            raise TypeError(f"a world is made of a PictureSet, got {type(pictures).__name__}; see envs.sources.banks")
        check_pictures(pictures.pictures)
        count = len(pictures.pictures)
        if pictures.labels.shape != (count,) or pictures.labels.dtype != torch.int64:
            given = f"{tuple(pictures.labels.shape)} {pictures.labels.dtype}"
            raise ValueError(f"labels must be ({count},) int64, one for each picture, got {given}")
        self.device = device
        try:
            self.pictures = pictures.to(place_of_bank(device, bank_device))
        except torch.OutOfMemoryError as error:
            raise MemoryError(
                f"{count} pictures take {pictures.pictures.nbytes / 1e9:.1f} GB, for which {device} has "
                "no room: leave them on the host by bank_device='cpu'"
            ) from error
        self.on_host = self.pictures.pictures.device != device

    def look(self, see: Callable[[Tensor, Tensor], Tensor], scenes: Tensor, poses: Tensor) -> Tensor:
        """What is seen of pictures, on the device of the world.

        Args:
            see: makes views, (B, ...), of the numbers of pictures (B,) and poses (B, P), all where the pictures are.
            scenes: (B,) int64.
            poses: (B, P) float32.
        """
        if self.on_host:
            scenes, poses = scenes.cpu(), poses.cpu()
        self.pictures.check(scenes)
        return to_device(see(scenes, poses), self.device)

    def near(self, scenes: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures on the world's device, (N, S, S, 3) uint8, and the numbers that `scenes` have among them, (B,)."""
        if not self.on_host:
            self.pictures.check(scenes)
            return self.pictures.pictures, scenes
        chosen, numbers = scenes.cpu().unique(return_inverse=True)
        return to_device(self.pictures.take(chosen), self.device), to_device(numbers, self.device)


def place_of_bank(device: torch.device, bank_device: str | None) -> torch.device:
    """Where the pictures of a world on a device are.

    Raises:
        ValueError: for a `bank_device` other than None and "cpu".
    """
    if bank_device is None:
        return device
    check_name("bank_device", bank_device, ("cpu",))
    return torch.device(bank_device)


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor of the host on a device, for which the host does not wait; one that is there already as it is."""
    if tensor.device == device:
        return tensor
    return (tensor.pin_memory() if device.type == "cuda" else tensor).to(device, non_blocking=True)
