"""Checks of options: what passes, and what is said of the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from saccadeworld.envs.checks import check_fields, check_flag, check_options


@dataclass
class Options:
    """Of every kind there is."""

    kind: ClassVar[str] = "any"
    steps: int | None = 3
    rate: float = 0.5
    on: bool = True
    name: str = "x"
    order: Literal["up", "down"] = "up"
    how: bool | Literal["fast"] = False
    sizes: tuple[int, ...] = (1, 2)
    pair: tuple[float, float] = (0.0, 1.0)
    more: Mapping[str, Any] | None = None


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"steps": None, "rate": 1, "on": False, "order": "down", "how": "fast", "more": {"a": 1}},
        {"rate": np.float64(0.5), "how": True, "sizes": [], "pair": [1, 2.5]},
    ],
)
def test_fields_of_their_types_pass(options):
    check_fields(Options(**options))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"steps": 2.0}, TypeError, "steps=2.0 must be int or None"),
        ({"steps": True}, TypeError, "steps=True must be int or None"),
        ({"steps": np.int64(2)}, TypeError, "must be int or None"),  # which JSON could not hold
        ({"rate": "0.5"}, TypeError, "rate='0.5' must be float"),
        ({"rate": False}, TypeError, "rate=False must be float"),
        ({"on": "no"}, TypeError, "on='no' must be True or False"),
        ({"on": 1}, TypeError, "on=1 must be True or False"),
        ({"name": None}, TypeError, "name=None must be str"),
        ({"order": "left"}, ValueError, "order='left' is not known; use one of 'up', 'down'"),
        ({"how": 1}, TypeError, "how=1 must be True or False or 'fast'"),
        ({"sizes": 3}, TypeError, r"sizes=3 must be tuple\[int, ...\]"),
        ({"sizes": (1, 2.5)}, TypeError, r"sizes=\(1, 2.5\) must be tuple\[int, ...\]"),
        ({"pair": (1, 2, 3)}, TypeError, r"pair=\(1, 2, 3\) must be tuple\[float, float\]"),
        ({"more": 3}, TypeError, "more=3 must be Mapping or None"),
    ],
    ids=str,
)
def test_fields_of_other_types_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        check_fields(Options(**options))


@pytest.mark.parametrize("value", ["no", 1, None, np.True_])
def test_what_is_neither_true_nor_false_is_no_flag(value):
    check_flag("blur", True)
    with pytest.raises(TypeError, match="is neither True nor False"):
        check_flag("blur", value)


def test_a_mistyped_option_is_guessed():
    with pytest.raises(TypeError, match=r"no option 'foveas' \(did you mean 'fovea'\?\); it takes 'count', 'fovea'"):
        check_options("the world", ["foveas"], {"fovea", "count"})
    with pytest.raises(TypeError, match="no option 'colour'; it takes"):
        check_options("the world", ["colour"], {"fovea", "count"})
    with pytest.raises(TypeError, match="the options of the world are no dictionary, but 3"):
        check_options("the world", 3, {"fovea"})  # pyright: ignore[reportArgumentType]
