import sys

import numpy as np
import pytest
from saccadeworld.scripts.benchmarks.memory import forget_peak_memory, peak_memory

MB = 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot forget a peak")
def test_the_peak_is_what_was_in_use_at_once():
    np.ones(200 * MB, np.uint8)
    forget_peak_memory()
    before = peak_memory()
    np.ones(100 * MB, np.uint8)
    assert 90 * MB < peak_memory() - before < 120 * MB
    forget_peak_memory()
    assert peak_memory() - before < 20 * MB
