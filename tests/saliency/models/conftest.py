from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def photographs(data_folder: Path) -> np.ndarray:
    """Three photographs, (3, 150, 200, 3) uint8."""
    files = sorted((data_folder / "fixations" / "osie60" / "stimuli").glob("*.jpg"))[:3]
    if not files:
        pytest.skip(f"no photographs in {data_folder}")
    return np.stack([np.asarray(Image.open(file).convert("RGB").resize((200, 150))) for file in files])
