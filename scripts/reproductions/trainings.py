"""What is trained for the tables: each training by its name, which tells all that sets it apart from the others."""

from __future__ import annotations

from dataclasses import dataclass

from ...seqjepa import SeqJEPA
from ...seqjepa.baselines import BASELINES

SEQ_JEPA = SeqJEPA.Config.method
VIEWS_OF_BASELINES = {"vicreg-traj": 3, "conv-jepa": 5}  # the others take two


def baselines_of(family: str) -> list[str]:
    """Those that are trained in a family: Conv-JEPA is one of pictures under saccades."""
    return [name for name in BASELINES if name != "conv-jepa" or family == "saccades"]


@dataclass(frozen=True)
class Training:
    """One training, whatever the scale and the seed.

    Attributes:
        family: which of the paper's families of worlds, a key of `Scale.families`.
        method: "seq-jepa", or one of the baselines.
        observed: M_tr, views that seq-JEPA observes in training; 0 for baselines, which take what they need.
        ablation: a name in `ABLATIONS`.
        conditioning: what actions change, in the families of augmentations.
        transformer: whether a baseline has a transformer for its projector, of as many layers as the aggregator.
        trained: False for the untrained twin.
        times: how many times as long as others it lasts.
    """

    family: str
    method: str = SEQ_JEPA
    observed: int = 0
    ablation: str = "none"
    conditioning: str = "all"
    transformer: bool = False
    trained: bool = True
    times: int = 1

    @property
    def name(self) -> str:
        """Such as "saccades/seq-jepa-4-no-action", for folders."""
        parts = [
            self.method,
            str(self.observed) if self.observed else "",
            self.ablation if self.ablation != "none" else "",
            self.conditioning if self.conditioning != "all" else "",
            "transformer" if self.transformer else "",
            "" if self.trained else "untrained",
            f"{self.times}-times" if self.times > 1 else "",
        ]
        return f"{self.family}/{'-'.join(part for part in parts if part)}"

    @property
    def length(self) -> int:
        """L, views per sequence."""
        return self.observed + 1 if self.observed else VIEWS_OF_BASELINES.get(self.method, 2)
