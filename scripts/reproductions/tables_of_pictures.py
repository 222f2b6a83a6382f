"""The paper's tables of pictures, under saccades and under augmentations."""

from __future__ import annotations

from dataclasses import replace

from ...seqjepa.ablations import ABLATIONS
from .measurements import elsewhere
from .parts import (
    AUGMENTATION_SCORES,
    INFERENCE_VIEWS,
    METHOD_TITLES,
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
from .trainings import SEQ_JEPA, Training


def table2(scale: Scale) -> tuple[Part, ...]:
    """Pictures under augmentations: class and the three factors, by what the methods are told of."""
    return tuple(_augmented(scale, family) for family in augmentation_families(scale))


def table3(scale: Scale) -> tuple[Part, ...]:
    """Pictures under saccades: class and relative position."""
    main = scale.main("saccades")
    rows = {
        **baseline_rows("saccades", ("simclr", "conv-jepa")),
        "seq-jepa/4/4": Row(f"seq-JEPA, 5 views ({main.observed} in training)", main, 5),
        "seq-jepa/4/6": Row(f"seq-JEPA, 6 views ({main.observed})", main, 6),
        **{
            f"{ablation}/4/4": Row(f"{ABLATIONS[ablation].title}, 5 views", replace(main, ablation=ablation), 5)
            for ablation in ("no-action", "no-saliency", "no-inhibition")
        },
        "untrained": Row("untrained, 5 views", replace(main, trained=False), 5),
    }
    part = probed("table3/saccades", f"{title_of(scale, 'saccades')}: methods and how eyes move", rows)
    whole = Training("pictures", "simclr")
    of_pictures = {
        ("simclr-augmented", "class"): Cell(whole, "classes", "class/z", PER_CENT),
        ("simclr-augmented", "relative"): Cell(whole, elsewhere("probes", "saccades"), "action/relative"),
    }
    titles = {"simclr-augmented": "SimCLR on whole pictures, augmented", **part.rows}
    return (replace(part, rows=titles, cells={**of_pictures, **part.cells}),)


def transfer(scale: Scale) -> tuple[Part, ...]:
    """Classes of other pictures, from encoder and aggregator as they are."""
    main = scale.main("saccades")
    families = [name for name in scale.families if name.startswith("transfer-")]
    rows, cells = {}, {}
    for family in families:
        for training, remark in ((main, ""), (replace(main, ablation="no-action"), ", no actions")):
            row = f"{family}/{training.ablation}"
            rows[row] = f"{title_of(scale, family)}{remark}"
            for views in INFERENCE_VIEWS:
                score = f"class/aggregate/{views}"
                cells[row, f"class/{views}"] = Cell(training, elsewhere("classes", family), score, PER_CENT)
    levels = {
        f"top-1 of naming the commonest class, {title_of(scale, name)}": Cell(
            main, elsewhere("classes", name), "class/majority", PER_CENT
        )
        for name in families
    }
    title = f"Trained on {title_of(scale, 'saccades')}: top-1 in % elsewhere"
    return (Part("transfer/saccades", title, VIEW_COLUMNS, rows, cells, levels, curve=True),)


def _augmented(scale: Scale, family: str) -> Part:
    none = ("simclr", "byol", "vicreg", "vicreg-traj")
    told = ("sen", "equimod", "sie", "conditional-byol")
    kinds = {"all": "all three", "crop": "crop", "jitter": "jitter", "blur": "blur"}
    rows = {f"{m}/none": Row(f"{METHOD_TITLES[m]}, told of none", Training(family, m)) for m in none}
    for kind, title in kinds.items():
        for m in told:
            training = Training(family, m, conditioning=kind)
            rows[f"{m}/{kind}"] = Row(f"{METHOD_TITLES[m]}, {title}", training)
    for observed, kind in ((1, "all"), (2, "all"), (3, "all"), (2, "crop"), (3, "jitter"), (3, "blur")):
        title = f"seq-JEPA, 5 views ({observed} in training), {kinds[kind]}"
        rows[f"{SEQ_JEPA}/{observed}/{kind}"] = Row(title, Training(family, observed=observed, conditioning=kind), 5)
    unconditioned = Training(family, observed=2, ablation="no-action")
    rows[f"{SEQ_JEPA}/2/none"] = Row("seq-JEPA, 5 views (2), told of none", unconditioned, 5)
    cells = {}
    for key, row in rows.items():
        cells[key, "class"] = Cell(row.training, "classes", class_score(row), PER_CENT)
        cells |= {(key, factor): Cell(row.training, *where) for factor, where in AUGMENTATION_SCORES.items()}
    columns = {"class": "top-1 in %", **{factor: f"{factor} R2" for factor in AUGMENTATION_SCORES}}
    majority = Cell(unconditioned, "classes", "class/majority", PER_CENT)
    levels = {"top-1 of naming the commonest class": majority} | {
        f"{factor} R2 of the first view's alone": Cell(unconditioned, "factors", f"factor/first_pose/{factor}")
        for factor in AUGMENTATION_SCORES
    }
    title = f"{title_of(scale, family)}: methods by what they are told of"
    return Part(f"table2/{family}", title, columns, titles_of(rows), cells, levels)
