from pathlib import Path

import numpy as np
import pytest
import torch
from saccadeworld.saliency.fixations import Fixations, Scanpath
from saccadeworld.saliency.metrics import auc_judd, fixation_counts, fixation_density, nss, predict_others
from saccadeworld.saliency.osie import load_osie
from scipy import ndimage

SIGMA = 24.0  # pixels of OSIE, of which a degree of visual angle has 24


def blurred(path: Scanpath) -> np.ndarray:
    counts = np.zeros((600, 800))
    np.add.at(counts, (path.y.astype(int), path.x.astype(int)), 1)
    return ndimage.gaussian_filter(counts, SIGMA, mode="constant")


def test_scores_equal_those_of_blurred_fixations(data_folder: Path):
    fixations = load_osie(data_folder / "fixations" / "osie60")
    fixations = fixations.select(fixations.names[:1])
    (scores,) = predict_others(fixations, nss, SIGMA)
    assert len(scores) == 15
    for observer in (0, 7, 14):
        paths = fixations.scanpaths[0]
        density = sum(blurred(path) for i, path in enumerate(paths) if i != observer)
        standard = (density - density.mean()) / density.std()
        own = [standard[int(y), int(x)] for x, y in zip(paths[observer].x, paths[observer].y, strict=True)]
        assert float(scores[observer]) == pytest.approx(np.mean(own), rel=1e-3)


def test_an_observer_without_fixations_is_left_out():
    empty, some = Scanpath(*np.empty((3, 0))), Scanpath(*np.array([[3.0], [5.0], [1.0]]))
    fixations = Fixations(("a",), ((12, 10),), ((some, empty, some),))
    (scores,) = predict_others(fixations, auc_judd, 2.0)
    assert scores.tolist() == [1, 1]
    with pytest.raises(ValueError, match="fewer than two observers fixated picture 'a'"):
        predict_others(Fixations(("a",), ((12, 10),), ((some, empty),)), nss, 2.0)


@pytest.mark.slow
def test_people_predict_each_other_and_the_centre_predicts_them_worse(data_folder: Path):
    """Figures of a first trial with other programs: 3.76 and 0.93."""
    fixations = load_osie(data_folder / "fixations" / "osie60")
    scores = predict_others(fixations, nss, SIGMA)
    assert float(torch.cat(scores).mean()) == pytest.approx(3.76, abs=0.03)
    centre = []
    for i in range(len(fixations)):
        density = fixation_density(torch.from_numpy(fixations.elsewhere(i).pixels()), 600, 800, SIGMA)
        centre.append(nss(density, fixation_counts(torch.from_numpy(fixations.pooled(i).pixels()), 600, 800)))
    assert float(torch.stack(centre).mean()) == pytest.approx(0.93, abs=0.01)
