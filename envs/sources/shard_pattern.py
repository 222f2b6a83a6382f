"""Patterns of shards: braces stand for numbers or alternatives, as in the shell."""

from __future__ import annotations

import re

MOST_SHARDS = 100_000
_RANGE = re.compile(r"(\d+)\.\.(\d+)")


def expand(pattern: str) -> list[str]:
    """What a pattern stands for, in order: "a-{08..10}" for a-08, a-09 and a-10; "{a,b-{0..1}}" for a, b-0 and b-1.

    Raises:
        ValueError: for braces that do not match or hold anything else, and for more than 100,000 shards.
    """
    start = pattern.find("{")
    if start < 0:
        if "}" in pattern:
            raise ValueError(f"the pattern {pattern!r} closes a brace that it does not open")
        return [pattern]
    end = _closing(pattern, start)
    heads, tails = _alternatives(pattern[start + 1 : end]), expand(pattern[end + 1 :])
    _check_count(len(heads) * len(tails), pattern)
    return [pattern[:start] + head + tail for head in heads for tail in tails]


def _closing(pattern: str, start: int) -> int:
    depth = 0
    for place in range(start, len(pattern)):
        depth += {"{": 1, "}": -1}.get(pattern[place], 0)
        if depth == 0:
            return place
    raise ValueError(f"the pattern {pattern!r} opens a brace that it does not close")


def _alternatives(inside: str) -> list[str]:
    parts, depth = [""], 0
    for letter in inside:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    if len(parts) > 1:
        return [found for part in parts for found in expand(part)]
    match = _RANGE.fullmatch(inside)
    if match is None:
        raise ValueError(f"{{{inside}}} is no range such as {{000..146}}, and no list such as {{train,val}}")
    first, last = int(match[1]), int(match[2])
    if last < first:
        raise ValueError(f"{{{inside}}} counts downwards: write {{{match[2]}..{match[1]}}}")
    _check_count(last - first + 1, f"{{{inside}}}")
    padded = any(len(number) > 1 and number.startswith("0") for number in match.groups())
    width = max(map(len, match.groups())) if padded else 0
    return [f"{number:0{width}d}" for number in range(first, last + 1)]


def _check_count(count: int, pattern: str) -> None:
    if count > MOST_SHARDS:
        raise ValueError(f"the pattern {pattern!r} stands for {count} shards: use at most {MOST_SHARDS}")
