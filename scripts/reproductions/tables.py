"""The tables and curves of the paper: which score of which training stands in which cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

from ...seqjepa.ablations import ABLATIONS, ANTI_COLLAPSE
from ...seqjepa.config import ModelOptions
from ...seqjepa.path_integration import CONDITIONS, LEVELS
from .measurements import disturbed, elsewhere
from .runs import Task
from .scale import Scale
from .trainings import SEQ_JEPA, Training

PER_CENT = 100.0
_PATH_VIEWS = range(1, 8)
_INFERENCE_VIEWS = range(1, 9)


class Cell(NamedTuple):
    """Where a number comes from: a score of a measurement of a training, times a factor."""

    training: Training
    measurement: str
    score: str
    factor: float = 1.0


@dataclass(frozen=True)
class Part:
    """One table, or one panel of a figure.

    Attributes:
        name: which part of the paper it is, such as "table1/rotations"; `paper.published` knows the numbers by it.
        title: a sentence.
        columns: titles of the columns by their names.
        rows: titles of the rows by their names.
        cells: by the names of row and column; there may be none for some.
        levels: null levels by what they are, under the table.
        curve: whether columns are points of a curve, in their order, to be drawn.
    """

    name: str
    title: str
    columns: Mapping[str, str]
    rows: Mapping[str, str]
    cells: Mapping[tuple[str, str], Cell]
    levels: Mapping[str, Cell]
    curve: bool = False

    @property
    def needed(self) -> tuple[Cell, ...]:
        """All cells, and the levels."""
        return (*self.cells.values(), *self.levels.values())


class Row(NamedTuple):
    """A row under construction: its title, its training, and how many views the class is told from (0: one, from z)."""

    title: str
    training: Training
    views: int = 0


def tasks_of(cells: Iterable[Cell], seeds: Sequence[int]) -> list[Task]:
    """What has to be done for these cells: each training once, with all that is measured of it."""
    wanted: dict[Training, dict[str, None]] = {}
    for cell in cells:
        wanted.setdefault(cell.training, {})[cell.measurement] = None
    return [Task(training, seed, tuple(names)) for seed in seeds for training, names in wanted.items()]


def table1(scale: Scale) -> tuple[Part, ...]:
    """Objects under rotations: class, relative and individual rotation, of all methods."""
    main = scale.main("rotations")
    rows = {
        **_baseline_rows("rotations", ("byol", "simclr", "vicreg", "vicreg-traj", "sen", "equimod", "sie")),
        **_baseline_rows("rotations", ("conditional-byol", "context-ssl")),
        "seq-jepa/1/1": Row("seq-JEPA, 1 view (1 in training)", Training("rotations", observed=1), 1),
        "seq-jepa/1/3": Row("seq-JEPA, 3 views (1)", Training("rotations", observed=1), 3),
        "seq-jepa/3/3": Row(f"seq-JEPA, 3 views ({main.observed})", main, 3),
        "seq-jepa/3/5": Row(f"seq-JEPA, 5 views ({main.observed})", main, 5),
        "no-action/3/3": Row(f"no actions, 3 views ({main.observed})", replace(main, ablation="no-action"), 3),
        "untrained": Row("untrained, 5 views", replace(main, trained=False), 5),
    }
    return (_probed("table1/rotations", f"{_title(scale, 'rotations')}: methods", rows, individual=True),)


def table2(scale: Scale) -> tuple[Part, ...]:
    """Pictures under augmentations: class and the three factors, by what the methods are told of."""
    return tuple(_augmented(scale, family) for family in _augmentations(scale))


def table3(scale: Scale) -> tuple[Part, ...]:
    """Pictures under saccades: class and relative position."""
    main = scale.main("saccades")
    rows = {
        **_baseline_rows("saccades", ("simclr", "conv-jepa")),
        "seq-jepa/4/4": Row(f"seq-JEPA, 5 views ({main.observed} in training)", main, 5),
        "seq-jepa/4/6": Row(f"seq-JEPA, 6 views ({main.observed})", main, 6),
        **{
            f"{ablation}/4/4": Row(f"{ABLATIONS[ablation].title}, 5 views", replace(main, ablation=ablation), 5)
            for ablation in ("no-action", "no-saliency", "no-inhibition")
        },
        "untrained": Row("untrained, 5 views", replace(main, trained=False), 5),
    }
    part = _probed("table3/saccades", f"{_title(scale, 'saccades')}: methods and how eyes move", rows)
    whole = Training("pictures", "simclr")
    of_pictures = {
        ("simclr-augmented", "class"): Cell(whole, "classes", "class/z", PER_CENT),
        ("simclr-augmented", "relative"): Cell(whole, elsewhere("probes", "saccades"), "action/relative"),
    }
    titles = {"simclr-augmented": "SimCLR on whole pictures, augmented", **part.rows}
    return (replace(part, rows=titles, cells={**of_pictures, **part.cells}),)


def table4(scale: Scale) -> tuple[Part, ...]:
    """Objects under rotations: who is told the actions, and how wide their embedding is; 5 views."""
    main = scale.main("rotations")
    names = ("no-action", "no-predictor-action", "no-aggregator-action", "none")
    widths = ("action-width-16", "action-width-64", "action-width-256")
    rows = {name: Row(ABLATIONS[name].title, replace(main, ablation=name), 5) for name in (*names, *widths)}
    return (_probed("table4/rotations", f"{_title(scale, 'rotations')}: ablations of actions", rows),)


def table7(scale: Scale) -> tuple[Part, ...]:
    """Objects whose rotation and colours of floor and light actions change."""
    family, observed = "rotations-colour", scale.families["rotations-colour"].observed
    methods = ("sen", "equimod", "conditional-byol", "sie")
    rows = {
        **_baseline_rows(family, methods),
        "seq-jepa/4/5": Row(f"seq-JEPA, 5 views ({observed} in training)", scale.main(family), 5),
        "untrained": Row("untrained, 5 views", replace(scale.main(family), trained=False), 5),
    }
    scores = {"rotation": "action/relative/rotation", "colour": "action/relative/stage"}
    cells = {(key, "class"): Cell(row.training, "probes", _class_score(row), PER_CENT) for key, row in rows.items()}
    cells |= {
        (key, column): Cell(row.training, "probes", score)
        for key, row in rows.items()
        for column, score in scores.items()
    }
    columns = {"class": "top-1 in %", "rotation": "rotation R2", "colour": "colour R2"}
    titles = {key: row.title for key, row in rows.items()}
    levels = {"top-1 of naming the commonest class": Cell(scale.main(family), "probes", "class/majority", PER_CENT)}
    title = f"{_title(scale, family)}: methods"
    return (Part("table7/rotations-colour", title, columns, titles, cells, levels),)


def table8(scale: Scale) -> tuple[Part, ...]:
    """Objects under rotations: baselines with a transformer for their projector."""
    methods = ("simclr", "byol", "vicreg", "vicreg-traj", "sen", "conditional-byol")
    rows = {
        name: row._replace(training=replace(row.training, transformer=True))
        for name, row in (_baseline_rows("rotations", methods).items())
    }
    title = f"{_title(scale, 'rotations')}: baselines with a transformer for their projector"
    return (_probed("table8/rotations", title, rows, individual=True),)


def table9(scale: Scale) -> tuple[Part, ...]:
    """Objects under rotations that neither models nor probes have met, and under those they have."""
    family = "rotations"
    main = scale.main(family)
    rows = {
        **_baseline_rows(family, ("simclr", "byol", "vicreg", "sen", "sie", "equimod")),
        **_baseline_rows(family, ("conditional-byol", "vicreg-traj")),
        "seq-jepa/1/1": Row("seq-JEPA, 1 view (1 in training)", Training(family, observed=1), 1),
        "seq-jepa/3/3": Row(f"seq-JEPA, 3 views ({main.observed})", main, 3),
        "untrained": Row("untrained, 3 views", replace(main, trained=False), 3),
    }
    scores = {"relative": "rotation/relative", "individual": "rotation/individual"}
    titles = {"class": "top-1 in %", "relative": "relative R2", "individual": "individual R2"}
    places = {"outside": "", "inside": "inside/"}  # the paper has the former
    columns = {f"{key}{name}": f"{title}, {place}" for place, key in places.items() for name, title in titles.items()}
    cells = {}
    for row_name, row in rows.items():
        for place, key in places.items():
            score = f"{_class_score(row)}/{place}"
            cells[row_name, f"{key}class"] = Cell(row.training, "generalisation", score, PER_CENT)
            for name, score in scores.items():
                cells[row_name, f"{key}{name}"] = Cell(row.training, "generalisation", f"{score}/{place}")
    levels = {
        f"{what}, {place}": Cell(main, "generalisation", f"{score}/{place}", factor)
        for place in places
        for what, score, factor in (
            ("top-1 of naming the commonest class", "class/majority", PER_CENT),
            ("relative R2 of the mean rotation of the training episodes", "rotation/relative/mean", 1.0),
            ("individual R2 of that mean", "rotation/individual/mean", 1.0),
            ("mean angle to the nearest rotation that probes were fitted on", "rotation/nearest", 1.0),
        )
    }
    title = f"{_title(scale, family)}: rotations that nobody has met, and those of training"
    return (Part("table9/rotations", title, columns, {k: row.title for k, row in rows.items()}, cells, levels),)


def table11(scale: Scale) -> tuple[Part, ...]:
    """Objects under rotations, with twice the compute or, at the paper's scale, larger views and more epochs too."""
    family = "rotations-long"
    main = scale.main(family)
    rows = {
        **_baseline_rows(family, ("sie", "simclr", "equimod")),
        "seq-jepa/1/1": Row("seq-JEPA, 1 view (1 in training)", Training(family, observed=1), 1),
        "seq-jepa/3/3": Row(f"seq-JEPA, 3 views ({main.observed})", main, 3),
    }
    part = _probed("table11/rotations", f"{_title(scale, family)}: methods", rows, individual=True)
    found = {"mrr": "MRR", "h@1": "H@1", "h@5": "H@5"}
    cells = {
        (name, column): Cell(row.training, "retrieval", f"retrieval/{column}/{row.views or 1}")
        for name, row in rows.items()
        if row.training.method != "simclr"  # which predicts nothing
        for column in found
    }
    return (replace(part, columns={**part.columns, **found}, cells={**part.cells, **cells}),)


def transfer(scale: Scale) -> tuple[Part, ...]:
    """Classes of other pictures, from encoder and aggregator as they are."""
    main = scale.main("saccades")
    families = [name for name in scale.families if name.startswith("transfer-")]
    rows = {
        f"{name}/{training.ablation}": f"{_title(scale, name)}{', no actions' if training.ablation != 'none' else ''}"
        for name in families
        for training in (main, replace(main, ablation="no-action"))
    }
    cells = {
        (row, f"class/{views}"): Cell(
            replace(main, ablation=row.rpartition("/")[2]),
            elsewhere("classes", row.rpartition("/")[0]),
            f"class/aggregate/{views}",
            PER_CENT,
        )
        for row in rows
        for views in _INFERENCE_VIEWS
    }
    columns = {f"class/{views}": f"{views} view{'s'[: views > 1]}" for views in _INFERENCE_VIEWS}
    levels = {
        f"top-1 of naming the commonest class, {_title(scale, name)}": Cell(
            main, elsewhere("classes", name), "class/majority", PER_CENT
        )
        for name in families
    }
    title = f"Trained on {_title(scale, 'saccades')}: top-1 in % elsewhere"
    return (Part("transfer/saccades", title, columns, rows, cells, levels, curve=True),)


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
            f"{_title(scale, family)}: top-1 in % from z and from the aggregate",
            columns,
            {key: row.title for key, row in rows.items()},
            {
                (key, column): Cell(row.training, "probes", _class_score(row, int(column[-1])), PER_CENT)
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
        title = _title(scale, family)
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
    parts = []
    for family in ("rotations", "saccades", *_augmentations(scale)):
        own = scale.families[family]
        augmented = own.world == "augmentations"
        trained = range(1, 5 if augmented else 6)
        rows = {str(m): f"{m} in training" for m in trained}
        measurement = "classes" if augmented else "probes"
        grid = {
            (str(m), f"class/{views}"): Cell(
                Training(family, observed=m), measurement, f"class/aggregate/{views}", PER_CENT
            )
            for m in trained
            for views in _INFERENCE_VIEWS
        }
        columns = {f"class/{views}": f"{views} view{'s'[: views > 1]}" for views in _INFERENCE_VIEWS}
        parts.append(Part(f"lengths/{family}", f"{own.title}: top-1 in %", columns, rows, grid, {}))
        r2 = {
            (str(m), column): Cell(Training(family, observed=m), *where)
            for m in trained
            for column, where in _r2_scores(augmented).items()
        }
        titles = {column: f"{column} R2" for column in _r2_scores(augmented)}
        parts.append(Part(f"lengths-r2/{family}", f"{own.title}: R2", titles, rows, r2, {}))
    return tuple(parts)


def retrieval(scale: Scale) -> tuple[Part, ...]:
    """Predicted views among the true ones: of the same object (MRR, H@k), and of all (PRE)."""
    main = scale.main("rotations")
    rows = {
        **_baseline_rows("rotations", ("sie", "equimod", "sen", "conditional-byol")),
        "seq-jepa/1/1": Row("seq-JEPA, 1 view (1 in training)", Training("rotations", observed=1), 1),
        "seq-jepa/3/3": Row(f"seq-JEPA, 3 views ({main.observed})", main, 3),
    }
    columns = {
        "mrr": "MRR",
        "h@1": "H@1",
        "h@5": "H@5",
        "pre/train": "PRE, training split",
        "pre/test": "PRE, test split",
        "pre/test-all": "PRE, test in both",
    }
    cells = {
        (name, column): Cell(row.training, "retrieval", f"retrieval/{column}/{row.views or 1}")
        for name, row in rows.items()
        for column in columns
    }
    levels = {
        f"{title} by chance": Cell(main, "retrieval", f"retrieval/{column}/chance") for column, title in columns.items()
    }
    titles = {name: row.title for name, row in rows.items()}
    title = f"{_title(scale, 'rotations')}: retrieval of predicted views"
    return (Part("retrieval/rotations", title, columns, titles, cells, levels),)


def ablations(scale: Scale) -> tuple[Part, ...]:
    """Every ablation, in training and at inference, in both families of moving eyes and objects."""
    return tuple(_ablated(scale, family) for family in ("saccades", "rotations"))


def anti_collapse(scale: Scale) -> tuple[Part, ...]:
    """What keeps embeddings from collapse, and what that does to both representations; not in the paper."""
    return tuple(_anti_collapse(scale, family) for family in ("saccades", "rotations"))


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
    }
)
"""By the names that `saccadeworld reproduce` takes."""


def _augmentations(scale: Scale) -> list[str]:
    return [family for family, own in scale.families.items() if own.world == "augmentations"]


def _class_score(row: Row, views: int = 0) -> str:
    """Of the row's views, or of others."""
    views = views or row.views
    return f"class/aggregate/{views}" if views else "class/z"


def _title(scale: Scale, family: str) -> str:
    return scale.families[family].title


def _baseline_rows(family: str, methods: Iterable[str]) -> dict[str, Row]:
    return {method: Row(_METHOD_TITLES[method], Training(family, method)) for method in methods}


def _probed(name: str, title: str, rows: Mapping[str, Row], individual: bool = False) -> Part:
    """A part on worlds whose actions have one kind."""
    columns = {"class": "top-1 in %", "relative": "relative R2"}
    if individual:
        columns["individual"] = "individual R2"
    cells = {}
    for key, row in rows.items():
        cells[key, "class"] = Cell(row.training, "probes", _class_score(row), PER_CENT)
        cells |= {(key, part): Cell(row.training, "probes", f"action/{part}") for part in list(columns)[1:]}
    some = next(iter(rows.values())).training
    levels = {
        "top-1 of naming the commonest class": Cell(some, "probes", "class/majority", PER_CENT),
        "relative R2 of the first pose alone": Cell(some, "probes", "action/first_pose"),
    }
    return Part(name, title, columns, {key: row.title for key, row in rows.items()}, cells, levels)


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
    part = _probed(
        f"anti-collapse/{family}", f"{own.title}: what keeps embeddings from collapse", rows, individual=True
    )
    z = {(name, "z"): Cell(row.training, "probes", "class/z", PER_CENT) for name, row in rows.items()}
    columns = {"z": "top-1 in % from z", "class": "from 5 views", **dict(list(part.columns.items())[1:])}
    return replace(part, columns=columns, cells={**part.cells, **z})


def _augmented(scale: Scale, family: str) -> Part:
    none = ("simclr", "byol", "vicreg", "vicreg-traj")
    told = ("sen", "equimod", "sie", "conditional-byol")
    kinds = {"all": "all three", "crop": "crop", "jitter": "jitter", "blur": "blur"}
    rows = {f"{m}/none": Row(f"{_METHOD_TITLES[m]}, told of none", Training(family, m)) for m in none}
    for kind, title in kinds.items():
        for m in told:
            training = Training(family, m, conditioning=kind)
            rows[f"{m}/{kind}"] = Row(f"{_METHOD_TITLES[m]}, {title}", training)
    for observed, kind in ((1, "all"), (2, "all"), (3, "all"), (2, "crop"), (3, "jitter"), (3, "blur")):
        title = f"seq-JEPA, 5 views ({observed} in training), {kinds[kind]}"
        rows[f"{SEQ_JEPA}/{observed}/{kind}"] = Row(title, Training(family, observed=observed, conditioning=kind), 5)
    unconditioned = Training(family, observed=2, ablation="no-action")
    rows[f"{SEQ_JEPA}/2/none"] = Row("seq-JEPA, 5 views (2), told of none", unconditioned, 5)
    cells = {}
    for key, row in rows.items():
        cells[key, "class"] = Cell(row.training, "classes", _class_score(row), PER_CENT)
        cells |= {(key, factor): Cell(row.training, *where) for factor, where in _r2_scores(True).items()}
    columns = {"class": "top-1 in %", **{factor: f"{factor} R2" for factor in _r2_scores(True)}}
    majority = Cell(unconditioned, "classes", "class/majority", PER_CENT)
    levels = {"top-1 of naming the commonest class": majority} | {
        f"{factor} R2 of the first view's alone": Cell(unconditioned, "factors", f"factor/first_pose/{factor}")
        for factor in _r2_scores(True)
    }
    title = f"{_title(scale, family)}: methods by what they are told of"
    return Part(f"table2/{family}", title, columns, {key: row.title for key, row in rows.items()}, cells, levels)


def _r2_scores(augmented: bool) -> dict[str, tuple[str, str]]:
    """Measurement and score of each column of R2."""
    if augmented:
        return {factor: ("factors", f"factor/relative/{factor}") for factor in ("crop", "jitter", "blur")}
    return {"relative": ("probes", "action/relative")}


def _paths(name: str, title: str, training: Training, score: str) -> Part:
    cells = {
        (who, f"path/{m}"): Cell(training, "paths", f"path/{who}/{m}/{score}")
        for who in (*CONDITIONS, *LEVELS)
        for m in _PATH_VIEWS
    }
    columns = {f"path/{m}": f"M = {m}" for m in _PATH_VIEWS}
    rows = {who: who.replace("-", " ") for who in (*CONDITIONS, *LEVELS)}
    return Part(name, title, columns, rows, cells, {}, curve=True)


_METHOD_TITLES = {
    "simclr": "SimCLR",
    "byol": "BYOL",
    "vicreg": "VICReg",
    "vicreg-traj": "VICRegTraj",
    "sen": "SEN",
    "equimod": "EquiMod",
    "sie": "SIE",
    "conditional-byol": "conditional BYOL",
    "conv-jepa": "Conv-JEPA",
    "context-ssl": "ContextSSL (its loss has a supervised term)",
}
