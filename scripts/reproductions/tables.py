"""The tables and curves of the paper by name: which score of which training stands in which cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from .parts import Part
from .scale import Scale
from .tables_of_both import ablations, anti_collapse, lengths, longer, path_integration, table12
from .tables_of_objects import retrieval, table1, table4, table7, table8, table9, table11
from .tables_of_pictures import table2, table3, transfer

TABLES: Mapping[str, Callable[[Scale], tuple[Part, ...]]] = MappingProxyType(
    {
        "table1": table1,
        "table2": table2,
        "table3": table3,
        "table4": table4,
        "table7": table7,
        "table8": table8,
        "table9": table9,
        "table11": table11,
        "table12": table12,
        "path-integration": path_integration,
        "lengths": lengths,
        "retrieval": retrieval,
        "transfer": transfer,
        "ablations": ablations,
        "anti-collapse": anti_collapse,
        "longer": longer,
    }
)
"""By the names that `saccadeworld reproduce` takes."""
