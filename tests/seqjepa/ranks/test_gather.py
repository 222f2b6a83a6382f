import torch
from saccadeworld.seqjepa.ranks import gather_rows


def test_rows_come_in_the_order_of_their_ranks(two_ranks):
    expected = torch.cat([torch.arange(6.0).view(3, 2), torch.arange(6.0).view(3, 2) + 100])
    for found in two_ranks.both:
        assert torch.equal(found.outcomes["gathered"]["rows"], expected)


def test_gradients_of_all_ranks_are_summed(two_ranks):
    """The second rank weighs its loss twice."""
    weights = 3 * torch.arange(1.0, 13.0).view(6, 2)
    for found, expected in zip(two_ranks.both, weights.chunk(2), strict=True):
        assert torch.equal(found.outcomes["gathered"]["gradient"], expected)


def test_rows_of_one_process_stay_what_they_are():
    rows = torch.ones(3, 2)
    assert gather_rows(rows) is rows
