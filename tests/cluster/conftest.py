"""`make cluster` is run as a script, from a folder that is no package."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "cluster"), str(ROOT / "benchmarks")]
