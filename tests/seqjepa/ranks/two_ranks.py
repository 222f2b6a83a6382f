"""One of two ranks that train together: `two_ranks.py RANK FOLDER`."""

import json
import math
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from saccadeworld.seqjepa.ranks import gather_rows
from saccadeworld.seqjepa.training import DivergedError, Interrupted
from safetensors.torch import save_file
from torch import Tensor

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1])]
from trainings import BASELINES, MODELS, STEPS, exact_trainer, exactly_resumed, outcome


def gathered(rank: int) -> dict[str, Tensor]:
    rows = torch.arange(6.0).view(3, 2).add(100 * rank).requires_grad_()
    everything = gather_rows(rows)
    (everything * torch.arange(1.0, 13.0).view(6, 2) * (rank + 1)).sum().backward()
    assert rows.grad is not None
    return {"rows": everything.detach(), "gradient": rows.grad}


def trained(folder: Path) -> dict[str, dict[str, Tensor]]:
    """The outcomes of trainings, by their names."""
    found = {name: outcome(exact_trainer(name)) for name in (*MODELS, *BASELINES)}
    found["in shards"] = outcome(exact_trainer("variance-covariance", "fsdp"))
    found["each by itself"] = outcome(exact_trainer("byol", sync_batch_norm=False))
    for parallel in ("ddp", "fsdp"):
        found[f"resumed {parallel}"] = outcome(exactly_resumed(folder / "one", parallel))
    return found


def stopped(rank: int, folder: Path) -> dict[str, object]:
    """What becomes of trainings that come to an end on one rank, and what each rank makes of it."""

    def interrupt(number: int):
        return lambda trainer: signal.raise_signal(number) if rank == 1 and trainer.step == STEPS // 2 else None

    notes: dict[str, object] = {}
    for parallel, number in (("ddp", signal.SIGINT), ("fsdp", signal.SIGTERM)):
        trainer = exact_trainer("variance-covariance", parallel)
        try:
            trainer.run(folder / parallel, interrupt(number))
        except Interrupted:
            notes[parallel] = trainer.step

    trainer = exact_trainer("simclr", steps=None, minutes=0.2 / 60)
    trainer.run(report=lambda _: time.sleep(0.1 * rank))
    notes["minutes"] = [[entry["step"], entry["learning_rate"], trainer.seconds] for entry in trainer.history]

    trainer = exact_trainer("simclr")
    loss_parts = trainer._loss_parts

    def broken(batch) -> dict[str, Tensor]:
        parts = loss_parts(batch)
        return {**parts, "spread": parts["spread"] * (math.nan if rank == 1 and trainer.step == 1 else 1)}

    trainer._loss_parts = broken
    try:
        trainer.run()
    except DivergedError as error:
        notes["diverged"] = str(error)

    notes["refused"] = {}
    for size in (7, 2):
        try:
            exact_trainer("simclr", batch_size=size)
        except ValueError as error:
            notes["refused"][str(size)] = str(error)
    return notes


def main(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    store = f"file://{folder / 'store'}"
    dist.init_process_group("gloo", store, world_size=2, rank=rank, timeout=timedelta(seconds=240))
    found = {"gathered": gathered(rank), **trained(folder)}
    tensors = {f"{name}/{part}": tensor for name, parts in found.items() for part, tensor in parts.items()}
    save_file(tensors, folder / f"{rank}.safetensors")
    (folder / f"{rank}.json").write_text(json.dumps(stopped(rank, folder)))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
