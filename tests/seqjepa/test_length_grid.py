import pytest
from saccadeworld.seqjepa.evaluation import EvaluationConfig, evaluate, evaluate_classes
from saccadeworld.seqjepa.length_grid import length_grid
from tiny import tiny_model, tiny_world
from tiny_baselines import tiny_baseline

CONFIG = EvaluationConfig(train_episodes=60, test_episodes=40, views=(1, 2, 4), repeats=2, policy="uniform")


def test_cells_are_the_accuracies_of_evaluate():
    worlds, models = (tiny_world(), tiny_world(seed=1)), {1: tiny_model(0), 3: tiny_model(1)}
    calls = []
    grid = length_grid(models, *worlds, CONFIG, lambda: calls.append(None))
    assert len(calls) == 4
    for length, model in models.items():
        scores = evaluate(model, *worlds, CONFIG)
        assert grid[length] == {m: scores[f"class/aggregate/{m}"] for m in (1, 2, 4)}
        classes = evaluate_classes(model, *worlds, CONFIG)
        assert classes == {name: values for name, values in scores.items() if name.startswith("class/")}


def test_models_that_do_not_aggregate_are_refused():
    with pytest.raises(ValueError, match="simclr, given for 2 views, does not aggregate views"):
        length_grid({2: tiny_baseline("simclr")}, tiny_world(), tiny_world(), CONFIG)
    with pytest.raises(ValueError, match="at least one model"):
        length_grid({}, tiny_world(), tiny_world(), CONFIG)
