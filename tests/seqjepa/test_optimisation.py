import pytest
import torch
from saccadeworld.seqjepa.optimisation import learning_rate, make_optimiser, optimiser_tensors, restore_optimiser
from tiny import tiny_model
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR


def test_the_schedule_is_torchs_warm_up_and_cosine():
    steps, warmup, peak = 200, 40, 3e-3
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=peak)
    rising = LinearLR(optimiser, start_factor=0.025, total_iters=warmup)
    falling = CosineAnnealingLR(optimiser, T_max=steps - warmup, eta_min=0.025 * peak)
    schedule = SequentialLR(optimiser, [rising, falling], milestones=[warmup])
    expected = []
    for _ in range(steps):
        expected.append(schedule.get_last_lr()[0])
        optimiser.step()
        schedule.step()
    rates = [learning_rate(step / steps, peak, warmup / steps) for step in range(steps)]
    torch.testing.assert_close(torch.tensor(rates), torch.tensor(expected), rtol=1e-5, atol=0)


def test_the_schedule_has_the_papers_ends():
    assert learning_rate(0.0, 4e-4, 0.02) == pytest.approx(1e-5)
    assert learning_rate(0.02, 4e-4, 0.02) == pytest.approx(4e-4)
    assert learning_rate(1.0, 4e-4, 0.02) == pytest.approx(1e-5)
    assert learning_rate(0.0, 4e-4, 0.0) == pytest.approx(4e-4)


def test_only_matrices_and_convolutions_decay():
    model = tiny_model()
    optimiser = make_optimiser(model, 1e-3, 0.1)
    decay = {id(p): group["weight_decay"] for group in optimiser.param_groups for p in group["params"]}
    assert sum(len(group["params"]) for group in optimiser.param_groups) == len(decay)
    trainable = {id(p): p for p in model.parameters() if p.requires_grad}
    assert decay.keys() == trainable.keys()
    assert all(decay[key] == (0.1 if p.ndim > 1 else 0.0) for key, p in trainable.items())
    names = {name: decay.get(id(p)) for name, p in model.named_parameters()}
    assert names["encoder.conv1.weight"] == 0.1
    assert names["encoder.bn1.weight"] == names["predictor.output.bias"] == 0.0
    assert names["target_encoder.conv1.weight"] is None


def test_a_restored_optimiser_steps_as_the_original():
    models = [tiny_model(), tiny_model()]
    optimisers = [make_optimiser(model, 1e-3, 0.1) for model in models]

    def step(which: int, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        for parameter in models[which].parameters():
            if parameter.requires_grad:
                parameter.grad = torch.empty_like(parameter).copy_(torch.randn(parameter.shape, generator=generator))
        optimisers[which].step()

    for seed in range(3):
        step(0, seed)
    models[1].load_state_dict(models[0].state_dict())
    restore_optimiser(optimisers[1], models[1], optimiser_tensors(optimisers[0], models[0]), "here")
    for which in (0, 1):
        step(which, 7)
    for (name, left), right in zip(models[0].named_parameters(), models[1].parameters(), strict=True):
        assert torch.equal(left, right), name


@pytest.mark.parametrize("change", ["drop", "rename", "reshape"])
def test_a_state_that_does_not_fit_is_refused(change):
    model = tiny_model()
    optimiser = make_optimiser(model, 1e-3, 0.1)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimiser.step()
    tensors = optimiser_tensors(optimiser, model)
    value = tensors.pop("predictor.output.bias:exp_avg")
    if change == "rename":
        tensors["predictor.output.bias:momentum"] = value
    if change == "reshape":
        tensors["predictor.output.bias:exp_avg"] = value[1:]
    with pytest.raises(ValueError, match=r"place.*predictor\.output\.bias"):
        restore_optimiser(optimiser, model, tensors, "place")
