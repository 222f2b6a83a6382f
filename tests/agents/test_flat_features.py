import torch
from gymnasium import spaces
from saccadeworld.agents.flat_features import FlatFeatures


def test_entries_are_side_by_side():
    box, whole = spaces.Box(-1, 1, (2, 3)), spaces.Box(0, 9, (1,), int)
    extractor = FlatFeatures(spaces.Dict({"z": box, "parameters": whole}))
    observation = {"z": torch.arange(12.0).view(2, 2, 3), "parameters": torch.tensor([[5], [7]])}
    assert extractor.features_dim == 7
    assert extractor(observation).tolist() == [[5, 0, 1, 2, 3, 4, 5], [7, 6, 7, 8, 9, 10, 11]]
