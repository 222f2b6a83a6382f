"""Two processes with half a batch each do what one does with the whole batch."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from saccadeworld.seqjepa.baselines.gather import gather_rows
from safetensors.torch import load_file
from tiny_baselines import SMALL

SCRIPT = Path(__file__).with_name("two_processes.py")


@pytest.fixture(scope="module")
def halves(tmp_path_factory) -> list[dict[str, torch.Tensor]]:
    """What each of two real processes found."""
    folder = tmp_path_factory.mktemp("processes")
    processes = [subprocess.Popen([sys.executable, str(SCRIPT), str(rank), str(folder)]) for rank in (0, 1)]
    try:
        assert [process.wait(timeout=300) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    return [load_file(folder / f"{rank}.safetensors") for rank in (0, 1)]


@pytest.fixture(scope="module")
def whole() -> dict[str, torch.Tensor]:
    return runpy.run_path(str(SCRIPT))["losses_and_gradients"]()


def test_rows_come_in_the_order_of_their_ranks(halves):
    expected = torch.cat([torch.arange(6.0).view(3, 2), torch.arange(6.0).view(3, 2) + 100])
    for half in halves:
        assert torch.equal(half["gathered"], expected)


def test_gradients_of_all_processes_are_summed(halves):
    """The second process weighs its loss twice."""
    weights = 3 * torch.arange(1.0, 13.0).view(6, 2)
    assert torch.equal(halves[0]["gradient"], weights[:3])
    assert torch.equal(halves[1]["gradient"], weights[3:])


@pytest.mark.parametrize("name", SMALL)
def test_losses_and_gradients_are_those_of_one_process(halves, whole, name):
    mean_loss = (halves[0][f"{name} loss"] + halves[1][f"{name} loss"]) / 2
    torch.testing.assert_close(mean_loss, whole[f"{name} loss"], rtol=1e-5, atol=1e-6)
    gradients = [key for key in whole if key.startswith(f"{name} ") and key != f"{name} loss"]
    assert len(gradients) > 10
    for key in gradients:
        for half in halves:
            torch.testing.assert_close(half[key], whole[key], rtol=1e-4, atol=1e-6)


def test_without_processes_rows_stay_what_they_are():
    rows = torch.ones(3, 2)
    assert gather_rows(rows) is rows
