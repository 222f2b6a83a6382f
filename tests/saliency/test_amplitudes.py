import math
from pathlib import Path

import numpy as np
import pytest
import torch
from saccadeworld.envs import draws
from saccadeworld.saliency.amplitudes import AmplitudePrior, ExponentialAmplitudes, GaussianAmplitudes
from saccadeworld.saliency.fixations import Scanpath
from saccadeworld.saliency.inhibition import NoInhibition
from saccadeworld.saliency.metrics import fixation_density
from saccadeworld.saliency.osie import load_osie
from saccadeworld.saliency.scanpath_metrics import amplitudes, jensen_shannon
from saccadeworld.saliency.scanpaths import FixationSampler


def test_amplitude_weights():
    amplitudes = torch.tensor([0, 0.1, 0.7], dtype=torch.float64)
    assert ExponentialAmplitudes(0.2)(amplitudes).tolist() == pytest.approx([1, math.exp(-0.5), math.exp(-3.5)])
    assert GaussianAmplitudes(0.2)(amplitudes).tolist() == pytest.approx([1, math.exp(-0.125), math.exp(-6.125)])
    for prior in (ExponentialAmplitudes, GaussianAmplitudes):
        with pytest.raises(ValueError, match="=0 of an amplitude prior must be finite and positive"):
            prior(0)
        with pytest.raises(TypeError, match="='wide' of an amplitude prior is not a number"):
            prior("wide")  # pyright: ignore[reportArgumentType]


def test_the_default_leads_to_human_amplitudes_on_maps_of_human_fixations(data_folder: Path):
    fixations = load_osie(data_folder / "fixations" / "osie60").resized((128, 96))
    pooled = [torch.from_numpy(fixations.pooled(i).pixels()) for i in range(60)]
    maps = torch.stack([fixation_density(pixels, 96, 128, 4.0) for pixels in pooled]).float()
    human = amplitudes([path for paths in fixations.scanpaths for path in paths])

    def drawn(prior: AmplitudePrior | None) -> np.ndarray:
        sampler, scenes = FixationSampler(maps, NoInhibition(), prior), torch.arange(60).repeat(20)
        path = torch.empty(len(scenes), 0, 2, dtype=torch.int64)
        for step in range(8):

            def random(part: int, count: int, rows: torch.Tensor | None = None, step: int = step) -> torch.Tensor:
                return draws.bits(torch.arange(len(scenes)) if rows is None else rows, step, f"test {part}", count)

            path = torch.cat([path, sampler(scenes, path, random)[:, None]], dim=1)
        return amplitudes([Scanpath.of_places(pixels / np.array([96, 128]), (128, 96)) for pixels in path.numpy()])

    far, near = drawn(None), drawn(ExponentialAmplitudes())
    edges = np.linspace(0, 160, 41)
    assert far.mean() > 1.4 * human.mean()
    assert near.mean() == pytest.approx(human.mean(), rel=0.1)
    assert jensen_shannon(near, human, edges) < 0.5 * jensen_shannon(far, human, edges)
