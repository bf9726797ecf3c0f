"""Writes the pages of this folder, one of each program in it; the picture needs `pip install graphviz-pure`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

for program in sorted(Path(__file__).parent.glob("*.py")):
    if program != Path(__file__):
        page = program.with_suffix(".html")
        subprocess.run([sys.executable, "-m", "minigrad", "--replay", page, program], check=True)
