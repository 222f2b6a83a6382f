"""Lets the tests of this folder import their reference policies."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
