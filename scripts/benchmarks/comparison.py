"""Figures beside those of an earlier run: what became slower beyond the noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...envs.json_files import fault, read_json
from .figures import Figure

HEADER = ("what", "compared by", "earlier", "now", "change", "noise", "verdict")
_LEAST = 0.05  # less than this is noise on any machine


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
    else the machine was doing. Changes and noise are factors; a change counts, either way, when it is the larger. The
    noise is 1 and the sum of both spreads, each the width between the quartiles of its runs, and 1.05 at least.
    """
    for figure in figures:
        kind = "ratio" if f"{figure.name}/ratio" in earlier and "ratio" in figure.numbers else "value"
        before, now = earlier.get(f"{figure.name}/{kind}"), figure.numbers[kind]
        if not before:
            continue
        noise = 1 + max(2 * (earlier.get(f"{figure.name}/spread", 0.0) + figure.numbers.get("spread", 0.0)), _LEAST)
        verdict = ""
        if max(now, before) > noise * min(now, before):
            verdict = "better" if (now > before) == figure.more_is_better else "worse"
        by = kind if kind == "ratio" else figure.unit
        yield figure.name, by, f"{before:.4g}", f"{now:.4g}", f"x {now / before:.3g}", f"x {noise:.3g}", verdict
