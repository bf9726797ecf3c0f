"""A matplotlib backend that saves the figures a script shows (MPLBACKEND=module://minigrad.comparison.backend)."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvas, FigureManager  # type: ignore[attr-defined]

__all__ = ["FigureCanvas", "FigureManager", "show"]


def show(*_args: object, **_options: object) -> None:
    """What `plt.show()` does: write every open figure to the folder in COMPARISON_FIGURES, then close it."""
    folder = Path(os.environ["COMPARISON_FIGURES"])
    for number in plt.get_fignums():
        already = len(list(folder.glob("figure-*.png")))
        plt.figure(number).savefig(folder / f"figure-{already + 1:03d}.png", dpi=150)
    plt.close("all")
