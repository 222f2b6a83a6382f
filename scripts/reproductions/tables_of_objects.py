"""The paper's tables of objects under rotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ...seqjepa.ablations import ABLATIONS
from .parts import PER_CENT, Cell, Part, Row, baseline_rows, class_score, probed, title_of, titles_of
from .scale import Scale
from .trainings import Training


def table1(scale: Scale) -> tuple[Part, ...]:
    """Objects under rotations: class, relative and individual rotation, of all methods."""
    main = scale.main("rotations")
    rows = {
        **baseline_rows("rotations", ("byol", "simclr", "vicreg", "vicreg-traj", "sen", "equimod", "sie")),
        **baseline_rows("rotations", ("conditional-byol", "context-ssl")),
        "seq-jepa/1/1": Row("seq-JEPA, 1 view (1 in training)", Training("rotations", observed=1), 1),
        "seq-jepa/1/3": Row("seq-JEPA, 3 views (1)", Training("rotations", observed=1), 3),
        "seq-jepa/3/3": Row(f"seq-JEPA, 3 views ({main.observed})", main, 3),
        "seq-jepa/3/5": Row(f"seq-JEPA, 5 views ({main.observed})", main, 5),
        "no-action/3/3": Row(f"no actions, 3 views ({main.observed})", replace(main, ablation="no-action"), 3),
        "untrained": Row("untrained, 5 views", replace(main, trained=False), 5),
    }
    return (probed("table1/rotations", f"{title_of(scale, 'rotations')}: methods", rows, individual=True),)


def table4(scale: Scale) -> tuple[Part, ...]:
    """Objects under rotations: who is told the actions, and how wide their embedding is; 5 views."""
    main = scale.main("rotations")
    names = ("no-action", "no-predictor-action", "no-aggregator-action", "none")
    widths = ("action-width-16", "action-width-64", "action-width-256")
    rows = {name: Row(ABLATIONS[name].title, replace(main, ablation=name), 5) for name in (*names, *widths)}
    return (probed("table4/rotations", f"{title_of(scale, 'rotations')}: ablations of actions", rows),)


def table7(scale: Scale) -> tuple[Part, ...]:
    """Objects whose rotation and colours of floor and light actions change."""
    family, observed = "rotations-colour", scale.families["rotations-colour"].observed
    methods = ("sen", "equimod", "conditional-byol", "sie")
    rows = {
        **baseline_rows(family, methods),
        "seq-jepa/4/5": Row(f"seq-JEPA, 5 views ({observed} in training)", scale.main(family), 5),
        "untrained": Row("untrained, 5 views", replace(scale.main(family), trained=False), 5),
    }
    scores = {"rotation": "action/relative/rotation", "colour": "action/relative/stage"}
    cells = {(key, "class"): Cell(row.training, "probes", class_score(row), PER_CENT) for key, row in rows.items()}
    cells |= {
        (key, column): Cell(row.training, "probes", score)
        for key, row in rows.items()
        for column, score in scores.items()
    }
    columns = {"class": "top-1 in %", "rotation": "rotation R2", "colour": "colour R2"}
    levels = {"top-1 of naming the commonest class": Cell(scale.main(family), "probes", "class/majority", PER_CENT)}
    title = f"{title_of(scale, family)}: methods"
    return (Part("table7/rotations-colour", title, columns, titles_of(rows), cells, levels),)


def table8(scale: Scale) -> tuple[Part, ...]:
    """Objects under rotations: baselines with a transformer for their projector."""
    methods = ("simclr", "byol", "vicreg", "vicreg-traj", "sen", "conditional-byol")
    rows = {
        name: row._replace(training=replace(row.training, transformer=True))
        for name, row in baseline_rows("rotations", methods).items()
    }
    title = f"{title_of(scale, 'rotations')}: baselines with a transformer for their projector"
    return (probed("table8/rotations", title, rows, individual=True),)


def table9(scale: Scale) -> tuple[Part, ...]:
    """Objects under rotations that neither models nor probes have met, and under those they have."""
    family = "rotations"
    main = scale.main(family)
    rows = {
        **baseline_rows(family, ("simclr", "byol", "vicreg", "sen", "sie", "equimod")),
        **baseline_rows(family, ("conditional-byol", "vicreg-traj")),
        **_seq_jepa_rows(scale, family),
        "untrained": Row("untrained, 3 views", replace(main, trained=False), 3),
    }
    scores = {"relative": "rotation/relative", "individual": "rotation/individual"}
    titles = {"class": "top-1 in %", "relative": "relative R2", "individual": "individual R2"}
    places = {"outside": "", "inside": "inside/"}  # the paper has the former
    columns = {f"{key}{name}": f"{title}, {place}" for place, key in places.items() for name, title in titles.items()}
    cells = {}
    for row_name, row in rows.items():
        for place, key in places.items():
            score = f"{class_score(row)}/{place}"
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
    title = f"{title_of(scale, family)}: rotations that nobody has met, and those of training"
    return (Part("table9/rotations", title, columns, titles_of(rows), cells, levels),)


def table11(scale: Scale) -> tuple[Part, ...]:
    """Objects under rotations, with twice the compute or, at the paper's scale, larger views and more epochs too."""
    family = "rotations-long"
    rows = {
        **baseline_rows(family, ("sie", "simclr", "equimod")),
        **_seq_jepa_rows(scale, family),
    }
    part = probed("table11/rotations", f"{title_of(scale, family)}: methods", rows, individual=True)
    found = {"mrr": "MRR", "h@1": "H@1", "h@5": "H@5"}
    predicting = {name: row for name, row in rows.items() if row.training.method != "simclr"}  # which does not
    cells = {**part.cells, **_retrieval_cells(predicting, found)}
    return (replace(part, columns={**part.columns, **found}, cells=cells),)


def retrieval(scale: Scale) -> tuple[Part, ...]:
    """Predicted views among the true ones: of the same object (MRR, H@k), and of all (PRE)."""
    main = scale.main("rotations")
    rows = {
        **baseline_rows("rotations", ("sie", "equimod", "sen", "conditional-byol")),
        **_seq_jepa_rows(scale, "rotations"),
    }
    columns = {
        "mrr": "MRR",
        "h@1": "H@1",
        "h@5": "H@5",
        "pre/train": "PRE, training split",
        "pre/test": "PRE, test split",
        "pre/test-all": "PRE, test in both",
    }
    levels = {
        f"{title} by chance": Cell(main, "retrieval", f"retrieval/{column}/chance") for column, title in columns.items()
    }
    title = f"{title_of(scale, 'rotations')}: retrieval of predicted views"
    cells = _retrieval_cells(rows, columns)
    return (Part("retrieval/rotations", title, columns, titles_of(rows), cells, levels),)


def _seq_jepa_rows(scale: Scale, family: str) -> dict[str, Row]:
    """As many views at inference as in training: one, and those of the main training."""
    main = scale.main(family)
    return {
        "seq-jepa/1/1": Row("seq-JEPA, 1 view (1 in training)", Training(family, observed=1), 1),
        "seq-jepa/3/3": Row(f"seq-JEPA, 3 views ({main.observed})", main, 3),
    }


def _retrieval_cells(rows: Mapping[str, Row], columns: Iterable[str]) -> dict[tuple[str, str], Cell]:
    return {
        (name, column): Cell(row.training, "retrieval", f"retrieval/{column}/{row.views or 1}")
        for name, row in rows.items()
        for column in columns
    }
