"""How the processes that a launcher has started find each other, also when it has started them before."""

import uuid
from datetime import timedelta

from torch.distributed import DistStoreError
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

_LOOK_AGAIN = timedelta(seconds=5)


def meet() -> tuple[Store, int, int]:
    """The store that the ranks of this start share with no other, the rank of this process, and their number.

    torchrun keeps one store over its restarts, where the addresses of processes that have ended are still found.
    """
    store, rank, count = next(rendezvous("env://"))
    return PrefixStore(_agree_on_start(store, rank, count), store), rank, count


def _agree_on_start(store: Store, rank: int, count: int) -> str:
    """A name of this start, which the first rank gives.

    It confirms to each of the others the token with which that has answered; to an earlier start nobody answers.
    """
    token = uuid.uuid4().hex
    if rank == 0:
        store.set("start", token)
        for other in range(1, count):
            answer = store.get(f"{token}/{other}").decode()
            store.set(f"{token}/{other}/{answer}", "")
        return token
    while True:
        start = store.get("start").decode()
        store.set(f"{start}/{rank}", token)
        try:
            store.wait([f"{start}/{rank}/{token}"], _LOOK_AGAIN)
        except DistStoreError:
            continue
        return start
