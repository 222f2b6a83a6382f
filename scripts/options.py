"""Options that several commands share."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..envs.sources import BUILT_IN
from ..envs.sources.banks import Split
from ..envs.worlds import World, make_world


@dataclass(frozen=True)
class WorldOptions:
    """Which world.

    Attributes:
        name: "images", "objects", "augmentations" or "stored-views".
        source: a built-in source, a folder with a subfolder per class, or a data set, such as stl10:PATH; None for the
            world's own source.
        download: fetch a data set that is not there, by torchvision or the Hugging Face hub. Nothing else asks the
            network.
        bank: a folder in which the pictures are kept ready, made at first and then mapped into memory.
        options: more options of the world, as pairs of name and value: for instance fovea 32 size 64.
    """

    name: Literal["images", "objects", "augmentations", "stored-views"] = "images"
    source: str | None = None
    download: bool = False
    bank: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    def make(self, split: Split, device: str, attempt: Callable[[World], object] | None = None) -> World:
        """The world over one split of its source.

        Args:
            split: "train" or "test".
            device: "cpu" or "cuda".
            attempt: what will be done with the world, as far as it may fail. Where scenes are built in it is tried with
                a single one first, so that what does not fit is told before all of them are made.

        Raises:
            ValueError, TypeError, FileNotFoundError: as `make_world`, and what `attempt` raises.
        """
        taken = sorted({"split", "device", "name", "source", "download", "bank"} & self.options.keys())
        if taken:
            raise ValueError(
                f"{taken[0]!r} is none of --world.options: the command chooses it, or has an option for it"
            )
        options = parsed_options(self.options)
        if self.download:
            options["download"] = True
        if self.bank is not None:
            options["bank"] = self.bank
        chosen: dict[str, Any] = {"split": split, "device": device, **options}
        if attempt is not None and self.source in (None, *BUILT_IN) and not _has_maps(options):
            with warnings.catch_warnings(action="ignore"):  # told when it is done
                attempt(make_world(self.name, self.source, **chosen | {"count": 1}))
        return make_world(self.name, self.source, **chosen)


def _has_maps(options: Mapping[str, Any]) -> bool:
    """Whether saliency is read from files, which hold maps of all scenes."""
    return "saliency" in options and Path(str(options["saliency"])).exists()


def parsed_options(options: Mapping[str, str]) -> dict[str, Any]:
    """Options that were given as pairs of name and value.

    Numbers, lists, true and false (as JSON or Python writes them) are read as such, anything else is text.
    """
    return {name: _parsed(value) for name, value in options.items()}


def _parsed(text: str) -> Any:
    try:
        return json.loads({"True": "true", "False": "false", "None": "null"}.get(text, text))
    except ValueError:
        return text
