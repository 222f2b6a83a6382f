"""One of two processes that share the batch of every loss: `two_processes.py RANK FOLDER`."""

import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.distributed as dist
from saccadeworld.seqjepa.baselines.gather import gather_rows
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

sys.path.append(str(Path(__file__).parents[1]))
from tiny_baselines import SMALL, tiny_baseline, tiny_batch


class Loss(nn.Module):
    """A model whose forward is its loss, in eval mode: batch normalisation is no matter of the loss."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.model = tiny_baseline(name).eval()

    def forward(self, views: Tensor, actions: Tensor, poses: Tensor) -> Tensor:
        return self.model.loss(SimpleNamespace(views=views, actions=actions, poses=poses))


def losses_and_gradients(rank: int = 0, share: int = 1) -> dict[str, Tensor]:
    """The loss of every baseline and the gradients of its weights, of the rows of this process out of all."""
    batch, found = tiny_batch(8), {}
    for name in SMALL:
        loss = Loss(name)
        network = DistributedDataParallel(loss) if share > 1 else loss
        value = network(*(part.chunk(share)[rank] for part in (batch.views, batch.actions, batch.poses)))
        value.backward()
        found[f"{name} loss"] = value.detach()
        for parameter, weights in loss.model.named_parameters():
            if weights.grad is not None:
                found[f"{name} {parameter}"] = weights.grad.contiguous()
    return found


def main(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    store = f"file://{folder / 'store'}"
    dist.init_process_group("gloo", store, world_size=2, rank=rank, timeout=timedelta(seconds=240))
    rows = torch.arange(6.0).view(3, 2).add(100 * rank).requires_grad_()
    gathered = gather_rows(rows)
    (gathered * torch.arange(1.0, 13.0).view(6, 2) * (rank + 1)).sum().backward()
    assert rows.grad is not None
    found = losses_and_gradients(rank, share=2) | {"gathered": gathered.detach(), "gradient": rows.grad}
    save_file(found, folder / f"{rank}.safetensors")
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
