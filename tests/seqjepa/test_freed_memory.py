"""Page faults and resident memory tell whether freed memory went back to the system."""

import platform
import subprocess
import sys

import pytest
import torch
from saccadeworld.seqjepa.freed_memory import freed_memory_kept

_PROGRAM = """
import resource
import torch
from saccadeworld.seqjepa.freed_memory import freed_memory_kept

def faults(device):
    with freed_memory_kept(torch.device(device)):
        for turn in range(8):
            if turn == 3:  # by then the heap has grown to what is needed
                before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            torch.zeros(64 << 20, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

torch.zeros(64 << 20, dtype=torch.uint8)
before = resident()
print(faults("meta"), faults("cpu"), resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="malloc is not glibc's here")
def test_what_is_freed_is_used_again_and_goes_back_at_the_end():
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    by_itself, kept, more = map(int, done.stdout.split())
    assert kept < by_itself / 20, "the pages stay"
    assert more < 16 << 20, "nothing stays when it is over"


def test_an_error_passes():
    with pytest.raises(ZeroDivisionError), freed_memory_kept(torch.device("cpu")):
        _ = 1 // 0
