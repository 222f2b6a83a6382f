"""Figures beside those of an earlier run: what became slower beyond the noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...envs.json_files import fault, read_json
from .figures import Figure

HEADER = ("what", "compared by", "earlier", "now", "change", "noise", "verdict")
_LEAST = 0.05  # what is smaller than this is noise on any machine


def read_earlier(path: Path) -> dict[str, float]:
    """The numbers in a metrics.json that `saccadeworld benchmark` left.

    Raises:
        FileNotFoundError: when there is no such file.
        ValueError: when it does not hold the numbers of a benchmark.
    """
    if not path.is_file():
        raise FileNotFoundError(f"--compare {path}: there is no such file; give a metrics.json of an earlier benchmark")
    try:
        metrics = read_json(path)["metrics"]
        return {str(name): float(value) for name, value in metrics.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"--compare {path} does not hold the metrics of a benchmark: {fault(error)}") from error


def compare(figures: Sequence[Figure], earlier: Mapping[str, float]) -> Iterator[tuple[str, ...]]:
    """Rows under `HEADER` of all figures that both runs have.

    They are compared by their ratio to what was measured beside them, where there is one: it does not depend on what
    else the machine was doing. A change counts when the larger of the two exceeds the smaller by more than the sum of
    both spreads, each the width between the quartiles of its runs, and than five percent.
    """
    for figure in figures:
        kind = "ratio" if f"{figure.name}/ratio" in earlier and "ratio" in figure.numbers else "value"
        before, now = earlier.get(f"{figure.name}/{kind}"), figure.numbers[kind]
        if not before:
            continue
        noise = 2 * (earlier.get(f"{figure.name}/spread", 0.0) + figure.numbers.get("spread", 0.0))
        change = now / before - 1
        verdict = ""
        if max(now, before) > (1 + max(noise, _LEAST)) * min(now, before):
            verdict = "better" if (change > 0) == figure.more_is_better else "worse"
        by = kind if kind == "ratio" else figure.unit
        yield figure.name, by, f"{before:.4g}", f"{now:.4g}", f"{100 * change:+.0f} %", f"{100 * noise:.0f} %", verdict
