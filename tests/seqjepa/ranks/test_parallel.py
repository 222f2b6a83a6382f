"""Two real processes with half of every batch each do what one does with the whole."""

import pytest
import torch
from saccadeworld.seqjepa.ema import ema_rate
from saccadeworld.seqjepa.optimisation import learning_rate
from trainings import (
    BASELINES,
    CONFIG,
    MODELS,
    STEPS,
    exact_model,
    exact_trainer,
    exact_world,
    exactly_resumed,
    mismatches,
    outcome,
)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("name", [*MODELS, *BASELINES])
def test_training_is_that_of_one_process(two_ranks, name):
    """Gradients, losses, weights after some steps, targets and the statistics of batch normalisation."""
    whole = outcome(exact_trainer(name))
    assert sum(part.startswith("gradient of ") for part in whole) > 10
    assert sum(part.endswith("running_var") for part in whole) > 5
    for found in two_ranks.both:
        assert mismatches(found.outcomes[name], whole) == []


def test_weights_in_shards_are_trained_alike(two_ranks):
    for found in two_ranks.both:
        assert mismatches(found.outcomes["in shards"], found.outcomes["variance-covariance"]) == []


def test_without_synchronised_normalisation_gradients_of_halves_are_averaged(two_ranks):
    """Two models with the same weights, each of which sees half of every batch, and a plain loop."""
    halves, world = [exact_model("byol").train() for _ in range(2)], exact_world()
    learned = [[p for p in half.parameters() if p.requires_grad] for half in halves]
    optimisers = [torch.optim.AdamW(decayed(own)) for own in learned]
    for step in range(STEPS):
        for number, half in enumerate(halves):
            half.loss(world.rollout(4, CONFIG.length, None, 8 * step + 4 * number)).backward()
        for left, right in zip(*learned, strict=True):
            left.grad = right.grad = (left.grad + right.grad) / 2
        for half, optimiser in zip(halves, optimisers, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(step / STEPS, CONFIG.learning_rate, CONFIG.warmup)
            optimiser.step()
            optimiser.zero_grad()
            half.update_target(ema_rate(step / STEPS, CONFIG.ema))
    for found in two_ranks.both:
        weights = {name: found.outcomes["each by itself"][name] for name, _ in halves[0].named_parameters()}
        assert mismatches(weights, dict(halves[0].named_parameters())) == []
    state = {name: two_ranks.both[0].outcomes["each by itself"][name] for name in halves[0].state_dict()}
    assert mismatches(state, halves[0].state_dict()) == [], "running statistics are the first rank's"


def decayed(parameters: list[torch.Tensor]) -> list[dict]:
    small, large = ([p for p in parameters if (p.ndim > 1) == many] for many in (False, True))
    return [{"params": small, "weight_decay": 0.0}, {"params": large, "weight_decay": CONFIG.weight_decay}]


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_what_one_process_began_two_ranks_finish(two_ranks, parallel):
    weights = outcome(exact_trainer("variance-covariance"))
    for found in two_ranks.both:
        resumed = found.outcomes[f"resumed {parallel}"]
        assert len(resumed["loss"]) == STEPS
        end = {name: tensor for name, tensor in resumed.items() if not name.startswith("gradient of ")}
        assert mismatches(end, {name: weights[name] for name in end}) == []


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_what_two_ranks_began_one_process_finishes(two_ranks, parallel):
    """They were interrupted on the second one only, and stopped together."""
    assert [found.notes[parallel] for found in two_ranks.both] == [STEPS // 2] * 2
    resumed, straight = (
        outcome(t) for t in (exactly_resumed(two_ranks.folder / parallel), exact_trainer("variance-covariance"))
    )
    end = {name: tensor for name, tensor in resumed.items() if not name.startswith("gradient of ")}
    assert mismatches(end, {name: straight[name] for name in end}) == []


def test_a_budget_in_minutes_is_the_slowest_ranks(two_ranks):
    """And so are the schedules that follow it."""
    first, second = (found.notes["minutes"] for found in two_ranks.both)
    assert first == second
    assert first[-1][2] >= 0.2


def test_a_rank_that_diverges_stops_all(two_ranks):
    for found in two_ranks.both:
        assert found.notes["diverged"].startswith("spread is nan at step 2; lower learning_rate=0.01")


def test_a_batch_that_cannot_be_shared_is_refused(two_ranks):
    for found in two_ranks.both:
        assert "batch_size=7 cannot be shared by 2 ranks" in found.notes["refused"]["7"]
        assert "batch_size=2 cannot be shared by 2 ranks" in found.notes["refused"]["2"]
