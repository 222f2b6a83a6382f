"""Every table against the paper's numbers, and against what there is to train and to measure."""

import pytest
from saccadeworld.scripts.reproductions.laptop_scale import LAPTOP
from saccadeworld.scripts.reproductions.measurements import MEASUREMENTS, place_of
from saccadeworld.scripts.reproductions.paper import published
from saccadeworld.scripts.reproductions.paper_scale import PAPER
from saccadeworld.scripts.reproductions.parts import Part, tasks_of
from saccadeworld.scripts.reproductions.scale import Inputs
from saccadeworld.scripts.reproductions.tables import TABLES
from saccadeworld.scripts.reproductions.trainings import Training
from saccadeworld.seqjepa.baselines import BASELINES
from saccadeworld.seqjepa.path_integration import LEVELS

ROWS_OF_OUR_OWN = {
    *("untrained", "simclr", "sen", "conditional-byol"),
    *("transfer-small/no-action", "transfer-large/no-action"),
    *LEVELS,
}
"""Rows that stand in a table of the paper without a number of its own."""


def parts(scale) -> list[Part]:
    return [part for table in TABLES.values() for part in table(scale)]


@pytest.mark.parametrize("scale", [LAPTOP, PAPER], ids=["laptop", "paper"])
def test_every_cell_can_be_made(scale):
    inputs = Inputs(dict.fromkeys((family.data for family in scale.families.values()), "/data"))
    for part in parts(scale):
        assert part.cells, part.name
        for (row, column), cell in part.cells.items():
            assert row in part.rows
            assert column in part.columns
            name, place = place_of(cell.measurement)
            assert name in MEASUREMENTS
            assert not place or place in scale.families
            assert cell.training.family in scale.families
            plan = scale.plan(cell.training, 0, inputs)
            assert plan.config.action_dim == plan.action_dim
            assert plan.training.steps
            assert plan.operations > 0


@pytest.mark.parametrize("scale", [LAPTOP, PAPER], ids=["laptop", "paper"])
def test_every_number_of_the_paper_has_its_cell(scale):
    """No number of a part lies in the file without standing in its table."""
    for part in parts(scale):
        for row, cells in published(part.name).rows.items():
            assert row in part.rows, (part.name, row)
            assert set(cells) <= set(part.columns), (part.name, row)


def test_rows_without_a_number_are_ours():
    for part in parts(PAPER):
        rows = published(part.name).rows
        if rows:
            assert set(part.rows) - set(rows) <= ROWS_OF_OUR_OWN, part.name


def test_numbers_of_the_paper():
    assert published("table1/rotations").get("seq-jepa/3/5", "class") == (87.41, None)
    assert published("table3/saccades").get("no-saliency/4/4", "relative") == (0.88, None)
    assert published("table4/rotations").get("no-aggregator-action", "class") == (86.33, 0.1)
    assert published("table2/augmentations-tiny").get("seq-jepa/3/blur", "blur") == (0.97, None)
    assert published("lengths/saccades").get("4", "class/6") == (84.1, None)
    assert published("lengths-r2/rotations").get("5", "relative") == (0.717, None)
    assert published("path-integration/rotations").get("no-vision", "path/2") == (0.272, 0.031)
    assert published("retrieval/rotations").get("equimod", "h@1") == (0.037, None)
    assert published("retrieval/rotations").get("sen", "mrr") is None
    assert published("something else").rows == {}
    assert "digitised" in published("path-integration/saccades").provenance


def test_each_training_is_done_once_with_all_that_is_measured_of_it():
    tasks = tasks_of((cell for part in parts(LAPTOP) for cell in part.needed), (0, 1))
    keys = [(task.training.name, task.seed) for task in tasks]
    assert len(set(keys)) == len(keys)
    (main,) = (task for task in tasks if task.training == LAPTOP.main("rotations") and task.seed == 1)
    assert {"probes", "paths", "retrieval", "classes-shuffled-order"} <= set(main.measurements)


def test_names_of_trainings():
    assert Training("saccades", observed=4, ablation="no-action").name == "saccades/seq-jepa-4-no-action"
    assert Training("augmentations", "sie", conditioning="crop").name == "augmentations/sie-crop"
    assert Training("rotations", observed=3, trained=False).name == "rotations/seq-jepa-3-untrained"
    assert Training("rotations", "vicreg-traj").length == 3
    assert Training("rotations", observed=3).length == 4


def test_the_main_training_stands_for_the_remedy_that_it_has():
    """Both scales have an EMA alone, which is not trained twice."""
    for scale in (LAPTOP, PAPER):
        for part in TABLES["anti-collapse"](scale):
            trainings = {row: cell.training for (row, _), cell in part.cells.items()}
            main = scale.main(trainings["ema-alone"].family)
            assert [row for row, training in trainings.items() if training == main] == ["ema-alone"]


def test_longer_trainings_cost_all_methods_the_same():
    for part in TABLES["longer"](LAPTOP):
        trainings = {row: cell.training for (row, _), cell in part.cells.items()}
        main = LAPTOP.main(trainings["seq-jepa"].family)
        cost = LAPTOP.plan(main, 0).operations
        assert set(trainings) == {"seq-jepa", "no-action", *BASELINES} - (
            {"conv-jepa"} if "rot" in part.name else set()
        )
        for name in trainings.keys() - {"no-action"}:  # a twin sees as many views instead
            assert LAPTOP.plan(trainings[name], 0).operations == pytest.approx(3 * cost, rel=0.01)


def test_levels_are_those_of_the_worlds_that_the_table_is_about():
    (part,) = TABLES["table3"](LAPTOP)
    assert {cell.training.family for cell in part.levels.values()} == {"saccades"}
    measured = {cell.measurement for cell in part.needed if cell.training.family == "pictures"}
    assert measured == {"classes", "probes@saccades"}
