"""The page that tells the options of every command, made of the dataclasses that are parsed from the shell."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from html import escape
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import docstring_parser
import tyro

from ..main import COMMANDS, load

_INTRODUCTION = """---
hide: [navigation]
---

# Commands

Every option of every command, as `--help` tells it too. `saccadeworld NAME` is `sh scripts/run.sh saccadeworld NAME`,
which makes the virtual environment first, and `python -m saccadeworld.scripts.NAME` (with `_` for `-`), as `torchrun`
takes it. A command leaves what it makes in the folder `--out`; what a person can mend is told in one line, with exit
code 2. Options that are pairs are written one after the other: `--world.options fovea 32 size 64`.
"""


@dataclass(frozen=True)
class Option:
    """One option: how it is written, what it is for, and its default as it would be written, or "required"."""

    usage: str
    text: str
    default: str


def commands_page() -> str:
    """The Markdown of the page."""
    return "\n".join([_INTRODUCTION, *(line for name in COMMANDS for line in _section(name))])


def command_options(kind: type) -> dict[str, list[Option]]:
    """The options of a command by the group they are in: "" for its own, "world" for those of its field `world`..."""
    groups: dict[str, list[Option]] = {}
    _collect(kind, "", groups)
    return groups


def _collect(kind: type, group: str, groups: dict[str, list[Option]]) -> None:
    hints, texts = get_type_hints(kind, include_extras=True), _texts(kind)
    for field in fields(kind):
        name, hint = field.name.replace("_", "-"), hints[field.name]
        if get_origin(hint) is Annotated and is_dataclass(get_args(hint)[0]):  # named "": options of the command itself
            _collect(get_args(hint)[0], group, groups)
        elif is_dataclass(hint) and isinstance(hint, type):
            _collect(hint, f"{group}.{name}".strip("."), groups)
        else:
            flag = f"--{group}.{name}" if group else f"--{name}"
            option = Option(_usage(flag, hint), texts.get(field.name, ""), _default(field))
            groups.setdefault(group, []).append(option)


def _texts(kind: type) -> dict[str, str]:
    """What docstrings say of the fields of a dataclass: its own, and those of its bases."""
    texts: dict[str, str] = {}
    for base in reversed([base for base in kind.__mro__ if is_dataclass(base)]):
        for entry in docstring_parser.parse_from_object(base).params:
            texts[entry.arg_name] = " ".join((entry.description or "").split())
    return texts


def _usage(flag: str, hint: Any) -> str:
    if get_origin(hint) is Annotated:
        hint, *marks = get_args(hint)
        if tyro.conf.Positional in marks:
            return _values(hint)
    if hint is bool:
        group, _, name = flag.rpartition(".")
        return f"{flag}, {group}.no-{name}" if group else f"{flag}, --no-{name.removeprefix('--')}"
    return f"{flag} {_values(hint)}"


def _values(hint: Any) -> str:
    """What stands for the values of an option: PATH, {a,b}, NAME VALUE ..."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return "{" + ",".join(map(str, parts)) + "}"
    if origin in (Union, types.UnionType):
        return "|".join(_values(part) for part in parts if part is not type(None))
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return "NAME VALUE ..."
    if origin in (tuple, list):
        return f"{_values(parts[0])} ..."
    return "PATH" if hint is Path else getattr(hint, "__name__", str(hint)).upper()


def _default(field: Field[Any]) -> str:
    if field.default_factory is not MISSING:
        value = field.default_factory()
    elif field.default is MISSING:
        return "required"
    else:
        value = field.default
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return "" if value is None or value == {} else str(value)


def _section(name: str) -> Iterator[str]:
    command = load(name)
    yield f"\n## {name}\n\n{_about(command)}\n"
    for group, options in command_options(command).items():
        if group:
            yield f"**{group}**: {_group_text(command, group)}\n"
        yield "| option | what it is | default |\n| --- | --- | --- |"
        for option in options:
            default = option.default if option.default in ("", "required") else f"<code>{_cell(option.default)}</code>"
            usage = _cell(option.usage).replace(",", ",<wbr>")
            yield f"| <code>{usage}</code> | {_cell(option.text)} | {default} |"
        yield ""


def _about(command: type) -> str:
    """The docstring of a command up to its attributes."""
    return inspect.cleandoc(command.__doc__ or "").split("\nAttributes:")[0].strip()


def _group_text(command: type, group: str) -> str:
    """What is said of the field that a group of options belongs to."""
    *way, last = group.replace("-", "_").split(".")
    for name in way:
        command = get_type_hints(command)[name]
    return _texts(command).get(last, "")


def _cell(text: str) -> str:
    return escape(text, quote=False).replace("|", "&#124;")
