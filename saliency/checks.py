"""Check of options, with errors that name the value; this floor stands below that of the environments' checks."""

from __future__ import annotations

from numbers import Real


def check_number(option: str, value: object, owner: str) -> None:
    """Refuse anything but a number as an option of inhibition, or whatever else the owner is.

    Raises:
        TypeError: naming all three.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{option}={value!r} of {owner} is not a number")
