"""The paper's tables and curves of both families, and those that go beyond it."""

from __future__ import annotations

from dataclasses import replace

from ...seqjepa.ablations import ABLATIONS, ANTI_COLLAPSE
from ...seqjepa.config import ModelOptions
from ...seqjepa.path_integration import CONDITIONS, LEVELS
from .measurements import disturbed
from .parts import (
    AUGMENTATION_SCORES,
    INFERENCE_VIEWS,
    PER_CENT,
    VIEW_COLUMNS,
    Cell,
    Part,
    Row,
    augmentation_families,
    baseline_rows,
    class_score,
    probed,
    title_of,
    titles_of,
)
from .scale import Scale
from .trainings import Training, baselines_of

_PATH_VIEWS = range(1, 8)
_RELATIVE = {"relative": ("probes", "action/relative")}


def table12(scale: Scale) -> tuple[Part, ...]:
    """Class from the embedding of one view and from the aggregate of 1, 3 and 5."""
    objects, pictures = scale.main("rotations"), scale.main("saccades")
    one = replace(objects, observed=1)
    rotations = {
        "no-action/3": Row(f"no actions ({objects.observed} in training)", replace(objects, ablation="no-action")),
        "none/1": Row("rotation (1)", one),
        "none/3": Row(f"rotation ({objects.observed})", objects),
    }
    names = ("no-action", "none", "no-saliency", "no-inhibition")
    saccades = {name: Row(ABLATIONS[name].title, replace(pictures, ablation=name)) for name in names}
    columns = {"z": "z", "class/1": "1 view", "class/3": "3 views", "class/5": "5 views"}
    return tuple(
        Part(
            f"table12/{family}",
            f"{title_of(scale, family)}: top-1 in % from z and from the aggregate",
            columns,
            titles_of(rows),
            {
                (key, column): Cell(row.training, "probes", class_score(row, int(column[-1])), PER_CENT)
                if column != "z"
                else Cell(row.training, "probes", "class/z", PER_CENT)
                for key, row in rows.items()
                for column in columns
            },
            {},
        )
        for family, rows in (("rotations", rotations), ("saccades", saccades))
    )


def path_integration(scale: Scale) -> tuple[Part, ...]:
    """Displacement from the aggregate and the last action, with and without motor noise."""
    parts = []
    for family in ("saccades", "rotations"):
        title = title_of(scale, family)
        for ablation in ("none", "motor-noise"):
            if scale.families[family].world in ABLATIONS[ablation].worlds:
                noisy = ablation != "none"
                training = replace(scale.main(family), ablation=ablation)
                name = f"path-integration{'-noise' if noisy else ''}/{family}"
                heading = f"{title}: R2 of the displacement after M actions{' under motor noise' if noisy else ''}"
                parts.append(_paths(name, heading, training, "r2"))
                if family == "rotations":
                    angles = heading.replace("R2", "mean error in degrees")
                    parts.append(_paths(f"{name}/angle", angles, training, "angle"))
    return tuple(parts)


def lengths(scale: Scale) -> tuple[Part, ...]:
    """Accuracy by the numbers of views in training and at inference, and R2 by those in training."""
    families = ("rotations", "saccades", *augmentation_families(scale))
    return tuple(part for family in families for part in _by_lengths(scale, family))


def ablations(scale: Scale) -> tuple[Part, ...]:
    """Every ablation, in training and at inference, in both families of moving eyes and objects."""
    return tuple(_ablated(scale, family) for family in ("saccades", "rotations"))


def anti_collapse(scale: Scale) -> tuple[Part, ...]:
    """What keeps embeddings from collapse, and what that does to both representations; not in the paper."""
    return tuple(_anti_collapse(scale, family) for family in ("saccades", "rotations"))


def longer(scale: Scale) -> tuple[Part, ...]:
    """All methods at equal compute, in trainings that last as long as the further ones of a scale; not in the paper."""
    return tuple(_longer(scale, family) for family in ("saccades", "rotations"))


def _ablated(scale: Scale, family: str) -> Part:
    own, main = scale.families[family], scale.main(family)
    names = [name for name, a in ABLATIONS.items() if own.world in a.worlds and name not in ANTI_COLLAPSE]
    columns = {"class": "top-1 in %, 5 views", "relative": "relative R2"}
    cells = {}
    for name in names:
        if ABLATIONS[name].retrains or name == "none":
            training = replace(main, ablation=name)
            cells[name, "class"] = Cell(training, "probes", "class/aggregate/5", PER_CENT)
            cells[name, "relative"] = Cell(training, "probes", "action/relative")
        else:
            cells[name, "class"] = Cell(main, disturbed(name), "class/aggregate/5", PER_CENT)
    rows = {name: ABLATIONS[name].title for name in names}
    return Part(f"ablations/{family}", f"{own.title}: ablations", columns, rows, cells, {})


def _anti_collapse(scale: Scale, family: str) -> Part:
    own = scale.families[family]
    rows = {}
    for name, options in ANTI_COLLAPSE.items():
        same = ModelOptions(**{**own.model, **options}) == ModelOptions(**own.model)  # the main training, then
        training = replace(scale.main(family), ablation="none" if same else name)
        rows[name] = Row(name.replace("-", " "), training, 5)
    part = probed(f"anti-collapse/{family}", f"{own.title}: what keeps embeddings from collapse", rows, individual=True)
    z = {(name, "z"): Cell(row.training, "probes", "class/z", PER_CENT) for name, row in rows.items()}
    columns = {"z": "top-1 in % from z", "class": "from 5 views", **dict(list(part.columns.items())[1:])}
    return replace(part, columns=columns, cells={**part.cells, **z})


def _longer(scale: Scale, family: str) -> Part:
    own, main = scale.families[family], scale.main(family)
    rows = {
        **baseline_rows(family, baselines_of(family)),
        "no-action": Row("seq-JEPA without actions, 5 views", replace(main, ablation="no-action"), 5),
        "seq-jepa": Row("seq-JEPA, 5 views", main, 5),
    }
    rows = {name: row._replace(training=replace(row.training, times=own.lasting)) for name, row in rows.items()}
    lasting = f", trained {own.lasting} times as long" if own.lasting > 1 else ""
    return probed(f"longer/{family}", f"{own.title}: methods{lasting}", rows)


def _by_lengths(scale: Scale, family: str) -> tuple[Part, Part]:
    own = scale.families[family]
    augmented = own.world == "augmentations"
    trainings = {str(m): Training(family, observed=m) for m in range(1, 5 if augmented else 6)}
    rows = {m: f"{m} in training" for m in trainings}
    measurement = "classes" if augmented else "probes"
    grid = {
        (m, f"class/{views}"): Cell(training, measurement, f"class/aggregate/{views}", PER_CENT)
        for m, training in trainings.items()
        for views in INFERENCE_VIEWS
    }
    scores = AUGMENTATION_SCORES if augmented else _RELATIVE
    r2 = {
        (m, name): Cell(training, measured, score)
        for m, training in trainings.items()
        for name, (measured, score) in scores.items()
    }
    titles = {name: f"{name} R2" for name in scores}
    return (
        Part(f"lengths/{family}", f"{own.title}: top-1 in %", VIEW_COLUMNS, rows, grid, {}),
        Part(f"lengths-r2/{family}", f"{own.title}: R2", titles, rows, r2, {}),
    )


def _paths(name: str, title: str, training: Training, score: str) -> Part:
    cells = {
        (who, f"path/{m}"): Cell(training, "paths", f"path/{who}/{m}/{score}")
        for who in (*CONDITIONS, *LEVELS)
        for m in _PATH_VIEWS
    }
    columns = {f"path/{m}": f"M = {m}" for m in _PATH_VIEWS}
    rows = {who: who.replace("-", " ") for who in (*CONDITIONS, *LEVELS)}
    return Part(name, title, columns, rows, cells, {}, curve=True)
