"""How much a glTF file stands for, told before any of it is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def gltf_amount(content: bytes, binary: bool) -> int:
    """How many entries the arrays have that are made of a file: those in no buffer, which are zeros, and those in use.

    Args:
        content: of the file.
        binary: whether it is a GLB.

    Raises:
        Exception: whatever a file of another form leads to.
    """
    text = content[20 : 20 + int.from_bytes(content[12:16], "little")] if binary else content
    return sum(abs(count) for count in _counts(json.loads(text)))


def _counts(header: dict[str, Any]) -> Iterator[int]:
    arrays = header.get("accessors", [])
    yield from (array["count"] for array in arrays if "bufferView" not in array)
    for mesh in header.get("meshes", []):
        for part in mesh["primitives"]:
            used = [*part["attributes"].values(), *([part["indices"]] if "indices" in part else [])]
            yield from (arrays[i]["count"] for i in used)
