"""What a training learns from."""

from __future__ import annotations

from ..envs.recordings.recording import Recording
from ..envs.worlds import World

Experience = World | Recording
"""A live world, or a recording in its place: both give batches of episodes by their seeds, on their device."""
