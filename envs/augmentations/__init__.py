"""Augmentations of pictures in batches, each row with parameters of its own.

Between operations a batch is (B, 3, H, W) float32 of grey levels: whole numbers from 0 to 255, to which every operation
rounds its result, as programs do that keep pictures in bytes. Each is within a level of Pillow's and torchvision's,
which cut off where this rounds. All are elementwise but for sums of whole numbers, which are exact: a row depends
neither on the other rows of its batch nor, but for the last bit of a Gaussian, on the device.
"""

from .pipeline import augment

__all__ = ["augment"]
