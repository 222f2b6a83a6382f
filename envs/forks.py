"""Processes that were forked, as the workers of Gymnasium's AsyncVectorEnv are on Linux."""

from __future__ import annotations

import os
import sys


def work_alone_when_forked() -> None:
    """Make processes that are forked from this one use a single thread.

    Threads of OpenMP and MKL do not survive a fork: a child that shared out work among them would wait for ever.
    Torch's own data loader does the same for its workers.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_work_alone)


def _work_alone() -> None:
    if "torch" in sys.modules:  # otherwise no threads were left behind
        import torch

        torch.set_num_threads(1)
