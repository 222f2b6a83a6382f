"""The page of commands, held against what the commands themselves say when asked for help."""

import contextlib
import io
import re
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
import tyro
from saccadeworld.scripts.docs.commands import Option, command_options, commands_page
from saccadeworld.scripts.main import COMMANDS, load


def flags_of_help(name: str) -> set[str]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), pytest.raises(SystemExit):
        tyro.cli(load(name), args=["--help"])
    text = re.sub(r"\x1b\[[0-9;]*m", "", printed.getvalue())
    lines = [line.strip(" │") for line in text.splitlines()]
    found = {flag for line in lines if line.startswith("-") for flag in re.findall(r"(?<!\S)--[a-z][a-z0-9.-]*", line)}
    return found - {"--help"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_are_those_of_the_help_text(name):
    usages = [option.usage for options in command_options(load(name)).values() for option in options]
    assert {flag for usage in usages for flag in re.findall(r"--[a-z0-9.-]+", usage)} == flags_of_help(name)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name):
    for options in command_options(load(name)).values():
        assert [option.usage for option in options if not option.text] == []


@dataclass(frozen=True)
class _Inner:
    """Inside.

    Attributes:
        deep: how deep.
    """

    deep: tuple[int, ...] = (1, 2)
    wide: float | None = None
    """How
    wide."""


@dataclass(frozen=True)
class _Outer:
    """Outside, for example.

    Attributes:
        what: which.
        inner: more.
        dry_run: only tell.
    """

    what: Annotated[Literal["a", "b"], tyro.conf.Positional]
    inner: _Inner = field(default_factory=_Inner)
    dry_run: bool = False


def test_how_options_are_written():
    assert command_options(_Outer) == {
        "": [Option("{a,b}", "which.", "required"), Option("--dry-run, --no-dry-run", "only tell.", "False")],
        "inner": [Option("--inner.deep INT ...", "how deep.", "1 2"), Option("--inner.wide FLOAT", "How wide.", "")],
    }
    assert tyro.cli(_Outer, args=["b", "--dry-run", "--inner.deep", "3", "4"]) == _Outer("b", _Inner((3, 4)), True)


def test_the_page_has_a_section_for_each_command_and_no_table_is_broken():
    page = commands_page()
    assert re.findall(r"^## (\S+)$", page, re.MULTILINE) == list(COMMANDS)
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {4}
