"""Rollouts seen through a frozen model: what policies that look know when they choose."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from ..envs.checks import check_whole
from ..envs.rollout import Episodes
from ..seqjepa import SeqJEPA
from ..seqjepa.eval_mode import evaluated
from ..seqjepa.matching import check_match
from .memory import Memory, Seen, check_aggregates


class Looking:
    """What a model has seen of running episodes; each view is encoded once.

    Args:
        model: frozen.
        memory: how many views are remembered at most.

    Raises:
        TypeError, ValueError: for a model that does not aggregate, or no memory.
    """

    def __init__(self, model: SeqJEPA, memory: int = 8):
        check_aggregates(model)
        check_whole("memory", memory, 1)
        self.model = model
        self.size = memory
        self._memories: WeakKeyDictionary[Episodes, tuple[int, Memory]] = WeakKeyDictionary()

    def __call__(self, episodes: Episodes) -> Seen:
        """Of episodes that have at least one view.

        Raises:
            ValueError: for a world with other actions than those the model was made for.
        """
        check_match(self.model, episodes.world)
        with evaluated(self.model):
            step, memory = self._memories.get(episodes, (0, None))
            if step < episodes.step:
                z = self.model.encode(episodes.views[:, step:]).float()
                for place, new in enumerate(z.unbind(1), step):
                    if memory is None:
                        memory = Memory.begin(new, self.size, episodes.world.action_dim)
                    else:
                        memory = memory.after(episodes.actions[:, place - 1], new)
                assert memory is not None
                self._memories[episodes] = episodes.step, memory
            assert memory is not None
            return memory.look_back(self.model)
