import numpy as np
import pytest
import torch
from saccadeworld.saliency.fixations import Fixations, Scanpath
from saccadeworld.scripts.scanpath_scores import INTER_OBSERVER, OTHER_PICTURES, draw_scanpaths, score_scanpaths

SIZE = (60, 40)


def test_scanpaths_are_as_long_as_asked_for_and_do_not_return():
    drawn = draw_scanpaths(torch.ones(SIZE[::-1]), [4, 1, 6], 7.5, torch.arange(3))
    assert [len(path) for path in drawn] == [4, 1, 6]
    for path in drawn:
        assert len(path.within(SIZE)) == len(path)
        assert np.allclose(path.pixels() + 0.5, np.stack([path.y, path.x], 1)), "at the centres of pixels"
        apart = np.hypot(*(values[:, None] - values for values in (path.x, path.y)))
        assert (apart[~np.eye(len(path), dtype=bool)] > 7.5).all()


def test_a_scanpath_is_that_of_its_seed():
    saliency = torch.rand(SIZE[::-1], generator=torch.Generator().manual_seed(0))
    together = draw_scanpaths(saliency, [5, 5], 4, torch.tensor([3, 9]))
    alone = draw_scanpaths(saliency, [5], 4, torch.tensor([9]))[0]
    assert (together[1].x == alone.x).all()
    assert (together[0].x != alone.x).any()


def test_people_who_look_alike_are_above_maps_and_other_pictures():
    """On each picture everyone looks at the same two places; one map knows them, the other does not."""

    def people(*places: tuple[float, float]) -> tuple[Scanpath, ...]:
        x, y = np.array(places).T
        return (Scanpath(x.copy(), y.copy(), np.zeros(len(x))),) * 3

    fixations = Fixations(("a", "b"), (SIZE,) * 2, (people((5.5, 5.5), (55.5, 35.5)), people((55.5, 5.5), (5.5, 35.5))))
    maps = torch.zeros(2, 40, 60)
    maps[0, 5, 5] = maps[0, 35, 55] = maps[1, 5, 55] = maps[1, 35, 5] = 1
    given = {"right": lambda picture: maps[picture], "wrong": lambda picture: maps[1 - picture]}
    scores = score_scanpaths(given, fixations, 0.2, 0, lambda: None)
    means = {name: np.mean([picture["scanmatch"] for picture in values]) for name, values in scores.items()}
    assert means[INTER_OBSERVER] == 1
    assert means["right"] >= 0.5, "the places are right, in an order of chance"
    assert max(means["wrong"], means[OTHER_PICTURES]) < 0.5
    for name in ("right", INTER_OBSERVER):
        amplitude = np.hypot(50, 30) / 40
        assert [picture["amplitude"] for picture in scores[name]] == pytest.approx([amplitude] * 2)
