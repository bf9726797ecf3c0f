"""The figure of a comparison: the curves on each other, the differences, and the script's own last figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread

from comparisons.compare import KINDS, Comparison
from comparisons.engines import ENGINES

STYLES = {
    "loss": {"color": "tab:blue", "markersize": 6},
    "gradient": {"color": "tab:orange", "markersize": 4},
    "parameter": {"color": "tab:green", "markersize": 2},
}
"""Dots, each smaller than the one under it, so that all are seen where all are zero."""


def write_figure(path: Path, lesson: str, comparison: Comparison) -> None:
    """Draw the comparison of one lesson."""
    pictures = [imread(run.figures[-1]) for run in comparison.runs if run.figures]
    width = 13.0
    upper = 4.4
    lower = max([width / 2 * picture.shape[0] / picture.shape[1] + 0.4 for picture in pictures], default=0)
    figure = Figure(figsize=(width, upper + lower), layout="constrained")
    figure.suptitle(f"{lesson}: {ENGINES[0]} and {ENGINES[1]}", fontsize=15)
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.08)
    rows = figure.subfigures(2, 1, height_ratios=[upper, lower]) if pictures else [figure]

    left, right = rows[0].subplots(1, 2)
    draw_losses(left, comparison)
    draw_differences(right, comparison)
    if pictures:
        for axes, run in zip(rows[1].subplots(1, 2), comparison.runs, strict=True):
            draw_picture(axes, run.engine, run.figures)
    figure.savefig(path, dpi=130)


def draw_losses(axes: Axes, comparison: Comparison) -> None:
    """Both engines' losses, the second dashed on the broad line of the first; a curve for each optimizer."""
    styles = [
        {"color": "tab:orange", "linewidth": 5, "alpha": 0.5, "markersize": 10},
        {"color": "black", "linewidth": 1.2, "linestyle": "--", "markersize": 4},
    ]
    optimizers = np.array(comparison.optimizers)
    for engine, losses, style in zip(ENGINES, comparison.losses, styles, strict=True):
        axes.plot([], [], **style, label=engine)
        for optimizer in np.unique(optimizers):
            steps = np.flatnonzero(optimizers == optimizer)
            axes.plot(steps + 1, np.array(losses)[steps], **style, **marker(steps))
    axes.set_title("Loss")
    axes.set_xlabel("optimizer step")
    axes.set_ylabel("loss")
    axes.grid(alpha=0.3)
    axes.legend()


def draw_differences(axes: Axes, comparison: Comparison) -> None:
    """The largest relative differences of each step, on a logarithmic axis that ends in zero below."""
    values = {kind: np.array(comparison.relative[kind]) for kind in KINDS}
    seen = [value for each in values.values() for value in each if value > 0 and np.isfinite(value)]
    lowest_decade = 10 ** np.floor(np.log10(min([*seen, comparison.tolerance / 1000])))
    for kind, each in values.items():
        steps = np.flatnonzero(np.isfinite(each))
        axes.plot(steps + 1, each[steps], linestyle="none", marker="o", **STYLES[kind], label=kind)
    axes.axhline(comparison.tolerance, color="tab:red", linestyle=":", label="tolerance")
    axes.set_yscale("symlog", linthresh=lowest_decade, linscale=0.5)
    axes.set_ylim(-0.15 * lowest_decade, 100 * max([*seen, comparison.tolerance]))
    axes.set_title("Difference")
    axes.set_xlabel("optimizer step")
    axes.set_ylabel("largest relative difference")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper center", ncols=4)


def marker(steps: np.ndarray) -> dict[str, str]:
    """Dots where a line alone would hardly be seen."""
    return {"marker": "o"} if len(steps) < 20 else {}


def draw_picture(axes: Axes, engine: str, figures: list[Path]) -> None:
    """The last figure that the script showed."""
    axes.set_title(f"The script's figure on {engine}" if figures else f"The script showed no figure on {engine}")
    if figures:
        axes.imshow(imread(figures[-1]))
    axes.axis("off")
