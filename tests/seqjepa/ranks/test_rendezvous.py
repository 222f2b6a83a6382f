import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from saccadeworld.seqjepa.ranks import rendezvous
from torch.distributed import TCPStore

RANKS = 3


@pytest.fixture
def connections(monkeypatch) -> list[TCPStore]:
    """Each rank's to one store."""
    monkeypatch.setattr(rendezvous, "_LOOK_AGAIN", timedelta(seconds=0.2))
    server = TCPStore("localhost", 0, is_master=True, wait_for_workers=False, timeout=timedelta(seconds=20))
    return [server, *(TCPStore("localhost", server.port, wait_for_workers=False) for _ in range(RANKS - 1))]


def starts(connections: list[TCPStore], order: list[int], pause: float = 0.0) -> set[str]:
    """The names that ranks find who arrive in an order."""
    with ThreadPoolExecutor(RANKS) as pool:
        names = []
        for rank in order:
            names.append(pool.submit(rendezvous._agree_on_start, connections[rank], rank, RANKS))
            time.sleep(pause)
        return {name.result(timeout=20) for name in names}


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2]], ids=str)
def test_ranks_agree_on_a_name_that_no_earlier_start_had(connections, order):
    """Whoever comes first, who may find the earlier start's name."""
    earlier = starts(connections, [0, 1, 2])
    later = starts(connections, order, pause=0.3)
    assert len(earlier) == len(later) == 1
    assert earlier != later
