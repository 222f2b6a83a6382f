"""Baselines of seq-JEPA: the same encoder under other losses, trained on the same rollouts, for the same probes."""

from types import MappingProxyType
from typing import Any

from .baseline import ActionConditioned, Baseline, BaselineConfig
from .byol import BYOL
from .conditional_byol import ConditionalBYOL
from .context_ssl import ContextSSL
from .conv_jepa import ConvJEPA
from .equimod import EquiMod
from .sen import SEN
from .sie import SIE
from .simclr import SimCLR
from .vicreg import VICReg
from .vicreg_traj import VICRegTraj

__all__ = ["BASELINES", "ActionConditioned", "Baseline", "BaselineConfig", "make_baseline"]

_CLASSES: tuple[type[Baseline[Any]], ...] = (
    SimCLR,
    BYOL,
    VICReg,
    VICRegTraj,
    SEN,
    EquiMod,
    SIE,
    ConditionalBYOL,
    ConvJEPA,
    ContextSSL,
)

BASELINES: MappingProxyType[str, type[Baseline[Any]]] = MappingProxyType({c.Config.method: c for c in _CLASSES})
"""The baselines by name."""


def make_baseline(name: str, action_dim: int, encoder: str = "resnet18", **options: Any) -> Baseline[Any]:
    """The baseline called `name` in `BASELINES`, freshly initialised, for actions of `action_dim` numbers.

    `options` are the further fields of its configuration. Raises ValueError or TypeError for a name, a field or a value
    that there is not.
    """
    if name not in BASELINES:
        raise ValueError(f"the baseline {name!r} is unknown; choose one of {', '.join(map(repr, BASELINES))}")
    return BASELINES[name](action_dim, encoder, **options)
