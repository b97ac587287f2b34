"""The fuzzer's modules are imported by its tests and by its worker processes alike."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
