import pytest
import torch
from gymnasium import spaces
from saccadeworld.agents.trained_features import TrainedFeatures

VIEW = spaces.Box(0, 255, (2, 3, 12, 12), "uint8")
GOAL = spaces.Box(0, 255, (1, 3, 12, 12), "uint8")
SPACE = spaces.Dict({"glimpse": VIEW, "goal": GOAL, "step": spaces.Box(0, 9, (1,), int), "choice": spaces.Discrete(3)})


def observe(views: torch.Tensor) -> dict[str, torch.Tensor]:
    """Three views in [0, 255], as policies hand them over, and the rest."""
    one_hot = torch.tensor([[0.0, 1.0, 0.0]]).expand(len(views), 3)
    return {"glimpse": views[:, :2], "goal": views[:, 2:], "step": torch.ones(len(views), 1), "choice": one_hot}


def test_every_view_goes_through_the_one_encoder():
    torch.manual_seed(0)
    extractor = TrainedFeatures(SPACE, encoder_width=8).train()
    views = 255 * torch.rand(5, 3, 3, 12, 12)
    features = extractor(observe(views))
    assert features.shape == (5, extractor.features_dim) == (5, 3 * 32 + 4)
    for place in range(3):
        expected = extractor.encoder((views[:, place] / 255 - 0.5) / 0.25)
        torch.testing.assert_close(features[:, 32 * place : 32 * place + 32], expected)
    assert features[:, 96:].tolist() == [[0.0, 1.0, 0.0, 1.0]] * 5  # "choice", then "step"


def test_it_is_trained_and_batches_do_not_matter():
    torch.manual_seed(0)
    extractor = TrainedFeatures(SPACE, encoder_width=8).train()
    views = 255 * torch.rand(5, 3, 3, 12, 12)
    before = [buffer.clone() for buffer in extractor.buffers()]
    features = extractor(observe(views))
    torch.testing.assert_close(extractor(observe(views[:2])), features[:2])
    features.square().sum().backward()
    assert all(torch.equal(*pair) for pair in zip(before, extractor.buffers(), strict=True))
    gradients = [parameter.grad for parameter in extractor.parameters()]
    assert all(gradient is not None for gradient in gradients)
    assert sum(float(gradient.abs().sum()) for gradient in gradients if gradient is not None) > 0


def test_what_does_not_fit_is_told():
    with pytest.raises(ValueError, match="encoder='vast' is not known"):
        TrainedFeatures(SPACE, encoder="vast")
    with pytest.raises(ValueError, match=r"no views, \(K, 3, H, W\) uint8, among the observations \['step'\]"):
        TrainedFeatures(spaces.Dict({"step": SPACE["step"]}))
