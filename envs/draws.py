"""Counter-based randomness: a draw is a hash of (episode seed, step, purpose), computed in tensor operations.

No generator state exists, so an episode is the same alone or in a batch of thousands, on CPU or CUDA, on any rank,
and resuming needs nothing but the seed and the step. The hash is the finaliser of SplitMix64 (Steele, Lea & Flood,
"Fast splittable pseudorandom number generators", OOPSLA 2014), chained over the three counters.
"""

from __future__ import annotations

import math
import zlib

import torch
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)
_STEP = 1 << 32  # keeps step and the 32 bits of the purpose apart
_MIX_1 = 0xBF58476D1CE4E5B9 - (1 << 64)
_MIX_2 = 0x94D049BB133111EB - (1 << 64)


def _mix(x: Tensor) -> Tensor:
    """The SplitMix64 finaliser on int64, whose arithmetic wraps; masks turn the arithmetic shifts into logical ones."""
    x = (x ^ ((x >> 30) & ((1 << 34) - 1))) * _MIX_1
    x = (x ^ ((x >> 27) & ((1 << 37) - 1))) * _MIX_2
    return x ^ ((x >> 31) & ((1 << 33) - 1))


def bits(seeds: Tensor, step: int | Tensor, purpose: str, count: int = 1) -> Tensor:
    """Sixty-four random bits per draw.

    Args:
        seeds: (B,) int64, one episode seed per row.
        step: the step within the episode, one for all rows or (B,) int64.
        purpose: names the use of the draw; draws of different purposes are independent.
        count: draws per row.

    Returns:
        (B, count) int64, uniform over all 2**64 values.
    """
    key = _mix(seeds + _GOLDEN)
    key = _mix(key ^ (step * _STEP + zlib.crc32(purpose.encode())))
    counter = torch.arange(1, count + 1, device=seeds.device, dtype=torch.int64) * _GOLDEN
    return _mix(key[:, None] + counter)


def uniform(
    seeds: Tensor, step: int | Tensor, purpose: str, count: int = 1, dtype: torch.dtype = torch.float32
) -> Tensor:
    """(B, count) in [0, 1), multiples of 2**-24 (float32) or 2**-53 (float64), the same on CPU and CUDA. See `bits`."""
    digits = 53 if dtype == torch.float64 else 24
    return ((bits(seeds, step, purpose, count) >> (64 - digits)) & ((1 << digits) - 1)).to(dtype) * 2.0**-digits


def integers(seeds: Tensor, step: int | Tensor, purpose: str, high: int, count: int = 1) -> Tensor:
    """(B, count) int64 in [0, high); the bias of the modulus is below high / 2**63. See `bits`."""
    return (bits(seeds, step, purpose, count) & ((1 << 63) - 1)) % high


def normal(seeds: Tensor, step: int | Tensor, purpose: str, count: int = 1) -> Tensor:
    """(B, count) float32 standard normal draws by the Box-Muller transform. See `bits`."""
    u = uniform(seeds, step, purpose, 2 * count)
    radius = torch.sqrt(-2.0 * torch.log1p(-u[:, :count]))
    return radius * torch.cos(2 * math.pi * u[:, count:])


def episode_seeds(seeds: Tensor, episode: Tensor) -> Tensor:
    """The seed of each row's k-th episode: the row's own seed first, then hashes of (seed, k). All (B,) int64."""
    return torch.where(episode == 0, seeds, bits(seeds, episode, "episode")[:, 0])
