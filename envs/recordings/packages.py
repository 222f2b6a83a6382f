"""Packages that only recordings need."""

from __future__ import annotations

import importlib
from types import ModuleType


def package(name: str) -> ModuleType:
    """A package by name, imported when it is first needed.

    Raises:
        ImportError: saying how it is installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"recordings need {name}: pip install 'saccadeworld[record]' ({error})") from error
