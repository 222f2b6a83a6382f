import pytest
import torch
from saccadeworld.seqjepa.ranks import joined_ranks, largest, local_device, means, rank, rank_count


def test_one_process_is_alone():
    with joined_ranks("cpu") as device:
        assert (device, rank(), rank_count()) == ("cpu", 0, 1)
        assert largest(0.5) == 0.5
        assert means({"loss": torch.tensor(0.25)}) == {"loss": 0.25}


@pytest.mark.usefixtures("two_gpus")
def test_every_process_of_a_machine_has_a_gpu_of_its_own(monkeypatch):
    assert local_device("cuda") == "cuda", "without torchrun it is torch's choice"
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert local_device("cuda") == "cuda:1"
    assert local_device("cpu") == "cpu"
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    with pytest.raises(ValueError, match=r"3 processes would share 2 GPUs on this machine: use --nproc-per-node 2"):
        local_device("cuda")
