"""The figure of `python -m benchmarks`: the ratios of all contestants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from benchmarks.contestants import CONTESTANTS
from benchmarks.measure import quartiles
from benchmarks.tasks import GOALS

COLORS = {
    "minigrad": "#d1495b",
    "minigrad compiled": "#8c1c2f",
    "torch": "#30638e",
    "torch fused": "#5a8fbf",
    "torch.compile": "#9cc3e4",
    "NumPy": "#66a182",
    "NumPy, buffers": "#2e6e4e",
    "jax.jit": "#8f5fa8",
    "MyGrad": "#edae49",
    "HIPS autograd": "#b07d2b",
    "tinygrad": "#8d8d8d",
}


def draw(found: dict[str, Any], folder: Path) -> None:
    """Write what there are results for."""
    training = [name for name in found["results"] if name in GOALS and "torch" in found["results"][name]["fastest"]]
    if training:
        draw_ratios(training, found, folder / "ratios.png")


def draw_ratios(names: list[str], found: dict[str, Any], path: Path) -> None:
    """Everyone's fastest time divided by PyTorch's, and quartiles of the medians of rounds; a row for each workload."""
    figure = Figure(figsize=(9, 1.4 + 0.95 * len(names)), layout="constrained")
    axes = figure.subplots()
    contestants = [name for name in CONTESTANTS if any(name in found["results"][row]["fastest"] for row in names)]
    for place, contestant in enumerate(contestants):
        rows, fastest, spread = [], [], []
        for row, name in enumerate(names):
            result = found["results"][name]
            if result["losses agree"].get(contestant):
                ratio = result["fastest"][contestant] / result["fastest"]["torch"]
                rounds = [times for times in result["rounds"] if contestant in times]
                low, high = quartiles([times[contestant].median / times["torch"].median for times in rounds])
                rows.append(row + (place - (len(contestants) - 1) / 2) * 0.075)
                fastest.append(ratio)
                spread.append((max(ratio - low, 0), max(high - ratio, 0)))
        axes.errorbar(
            fastest,
            rows,
            xerr=list(zip(*spread)) if spread else None,
            fmt="D" if contestant == "minigrad" else "o",
            color=COLORS[contestant],
            markersize=8 if contestant == "minigrad" else 5,
            label=contestant,
            zorder=3 if contestant == "minigrad" else 2,
        )
    axes.axvline(1, color=COLORS["torch"], linewidth=0.8)
    for row in range(len(names) - 1):
        axes.axhline(row + 0.5, color="#dddddd", linewidth=0.8)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="x", which="both", alpha=0.25)
    axes.set_xlabel("time of a training step / PyTorch's (less is faster)")
    axes.set_title(
        f"{found['machine']['processor']}, {found['threads']} threads: the fastest steps, and quartiles of medians",
        fontsize=10,
    )
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figure.savefig(path, dpi=130)
