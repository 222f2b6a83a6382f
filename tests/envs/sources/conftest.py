"""Lets the tests of this folder import their shards and their server."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
