"""The figure of a comparison: the losses on each other, the differences, and the script's own last figure."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.comparison.compare import Comparison, failures
from minigrad.comparison.engines import ENGINES
from minigrad.comparison.report import ROUNDING, scientific

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLURAL = {"loss": "losses", "gradient": "gradients", "parameter": "parameters"}
COLORS = {"loss": "#1f6f8b", "parameter": "#3a9d5d", "gradient": "#e08e2b"}
INK, QUIET, ALARM = "#222222", "#8a8a8a", "#c0392b"
TITLE_PAD = 17
"""Points between a title and its axes: there the models are named."""
MODELS = 12
"""More models are not labelled."""


def write_figure(path: Path, name: str, comparison: Comparison) -> None:
    """Draw the comparison of one script."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.image import imread

    pictures = [imread(run.figures[-1]) for run in comparison.runs if run.figures]
    width, upper = 10.0, 3.9 if comparison.models else 0.6
    lower = width * 0.96 * pictures[-1].shape[0] / pictures[-1].shape[1] + 0.5 if pictures else 0.0
    style: Any = {
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
    }
    style |= {"axes.edgecolor": QUIET, "axes.labelcolor": INK, "font.size": 9.5}
    with rc_context(style):
        figure = Figure(figsize=(width, upper + lower), layout="constrained")
        figure.suptitle(f"{name} on PyTorch and on minigrad", x=0.01, ha="left", fontsize=14, fontweight="bold")
        parts: Any = figure.subfigures(2, 1, height_ratios=[upper, lower]) if pictures else [figure]
        if comparison.models:
            left, right = parts[0].subplots(1, 2)
            draw_losses(left, comparison)
            draw_differences(right, comparison)
        if pictures:
            axes = parts[1].subplots()
            axes.imshow(pictures[-1], interpolation="none")
            axes.set_title(f"The script's figure on {ENGINES[len(pictures) - 1]}{how_equal(pictures)}")
            axes.axis("off")
        figure.savefig(path, dpi=150)


def draw_losses(axes: Axes, comparison: Comparison) -> None:
    """Both engines' losses, the second dashed on the broad line of the first; a curve for each model."""
    models = list(dict.fromkeys(comparison.models))
    styles: list[dict[str, Any]] = [{"linewidth": 5, "alpha": 0.35}, {"linewidth": 1.3, "linestyle": (0, (4, 2))}]
    shades = [f"C{i % 10}" for i in range(len(models))] if len(models) > 1 else [COLORS["loss"]]
    for engine, losses, style in zip(ENGINES, comparison.losses, styles, strict=True):
        axes.plot([], [], color=INK, **style, label=engine)
        for model, shade in zip(models, shades, strict=True):
            for steps in stretches(comparison.models, model):
                values = np.array(losses)[steps]
                smooth = running_mean(values)
                if smooth is not values and engine == ENGINES[0]:
                    axes.plot(steps + 1, values, color=shade, linewidth=0.5, alpha=0.25)
                dots: dict[str, Any] = {"marker": "o", "markersize": 3} if len(steps) < 4 else {}
                axes.plot(steps + 1, smooth, color=shade, **style, **dots)
    noisy = any(is_noisy(np.array(comparison.losses[0])[s]) for m in models for s in stretches(comparison.models, m))
    if 1 < len(models) <= MODELS:
        label_models(axes, comparison, models, shades)
    axes.set_title(how_losses_agree(comparison), pad=TITLE_PAD)
    axes.set_xlabel("step")
    axes.set_ylabel("loss, running mean (faint: each batch)" if noisy else "loss")
    positive = [value for each in comparison.losses for value in each if value > 0]
    if positive and len(positive) == sum(map(len, comparison.losses)) and max(positive) > 100 * min(positive):
        axes.set_yscale("log")
    axes.grid(alpha=0.2)
    axes.legend(frameon=False)


def how_losses_agree(comparison: Comparison) -> str:
    """What the two curves show."""
    largest = comparison.largest["loss"].relative
    if not largest:
        return "The losses are equal to the last bit"
    agree = largest <= comparison.tolerance("loss")
    return f"The losses {'agree to' if agree else 'differ by up to'} {scientific(largest)}"


def label_models(axes: Axes, comparison: Comparison, models: list[str], shades: list[str]) -> None:
    """Each model's name over the place where its curve begins."""
    for number, (model, shade) in enumerate(zip(models, shades, strict=True)):
        begins = comparison.models.index(model)
        name, again, count = model.partition(" (")
        is_again = number > 0 and again and "," not in model and models[number - 1].startswith(name)
        axes.axvline(begins + 1, color=shade, linewidth=0.6, alpha=0.5)
        axes.text(
            begins + 1,
            1.0,
            f" ({count}" if is_again else f" {model}",
            color=shade,
            va="bottom",
            fontsize=8,
            transform=axes.get_xaxis_transform(),
        )


def draw_differences(axes: Axes, comparison: Comparison) -> None:
    """The largest relative differences of each step, the tolerances above them and one rounding among them."""
    rounding, count = ROUNDING[comparison.dtype], len(comparison.models)
    seen = []
    for kind in ("gradient", "loss", "parameter"):
        values = np.array(comparison.relative[kind])
        steps = np.flatnonzero(np.isfinite(values) & (values > 0))
        seen += values[steps].tolist()
        axes.plot(
            steps + 1,
            values[steps],
            linestyle="none",
            marker="o",
            markersize=2.6,
            markeredgewidth=0,
            alpha=0.75,
            color=COLORS[kind],
            label=PLURAL[kind],
        )
    for kind, text in [("gradient", "gradients"), ("parameter", "losses and parameters")]:
        tolerance = comparison.tolerance(kind)
        axes.axhline(tolerance, color=COLORS[kind], linewidth=1, linestyle="--", alpha=0.8)
        axes.text(
            0.995,
            1.25 * tolerance,
            f"tolerance of {text}, {scientific(tolerance)}",
            color=COLORS[kind],
            fontsize=8,
            ha="right",
            va="bottom",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.8},
            transform=axes.get_yaxis_transform(),
        )
    label = f"one {comparison.dtype} rounding, {scientific(rounding)}"
    axes.axhline(rounding, color=QUIET, linewidth=1, alpha=0.8, label=label)
    if comparison.own is not None and comparison.parted is not None:
        draw_own_spread(axes, comparison.own)
    axes.set_yscale("log")
    lowest, highest = min([*seen, rounding / 10]), max([*seen, comparison.tolerance("gradient")])
    axes.set_ylim(lowest / 3, highest * (highest / lowest) ** 0.3)
    axes.set_xlim(1 - 0.02 * count, count * 1.02 + 1)
    equal = 1 - sum(np.nan_to_num(comparison.relative["loss"]) > 0) / max(1, count)
    axes.set_title(statement(comparison), color=ALARM if failures(comparison) else INK, pad=TITLE_PAD)
    axes.set_xlabel(f"step (at {equal:.0%} of them the losses are equal to the last bit)")
    axes.set_ylabel("largest relative difference")
    axes.grid(alpha=0.2)
    axes.legend(
        frameon=False, loc="upper left", ncols=3, fontsize=8.5, handletextpad=0.4, columnspacing=1, markerscale=2
    )


def draw_own_spread(axes: Axes, own: Comparison) -> None:
    """How far PyTorch is from itself by each step."""
    values = np.fmax(np.nan_to_num(own.relative["loss"]), np.nan_to_num(own.relative["parameter"]))
    furthest = np.maximum.accumulate(values)
    axes.plot(np.arange(len(furthest)) + 1, furthest, color=INK, linewidth=1.2, label="torch from itself")


def statement(comparison: Comparison) -> str:
    """What the differences show."""
    if failures(comparison):
        parted = comparison.parted
        return (
            f"Above the tolerance from step {parted.step}" if parted else "Differences of losses, gradients, parameters"
        )
    if comparison.parted is not None:
        return f"Parted by rounding at step {comparison.parted.step}, as PyTorch from itself"
    return "All differences are within their tolerances"


def stretches(models: list[str], model: str) -> list[Any]:
    """The steps of a model, as arrays of steps that belong to one curve: models that take turns have one each."""
    steps = np.array([step for step, each in enumerate(models) if each == model])
    runs = [list(group) for _, group in groupby(enumerate(steps), key=lambda pair: pair[1] - pair[0])]
    return [steps] if len(runs) > 3 else [np.array([step for _, step in run]) for run in runs]


def is_noisy(values: Any) -> bool:
    """Whether a curve goes up and down more than it goes anywhere: each batch has another loss."""
    changes = np.diff(values)
    return len(values) > 50 and bool(np.abs(changes).sum() > 8 * np.ptp(values)) and bool((changes > 0).mean() > 0.3)


def running_mean(values: Any) -> Any:
    """For a noisy curve the mean of the steps around each, a twentieth of all; any other curve itself."""
    if not is_noisy(values):
        return values
    half = max(5, len(values) // 40)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    steps = np.arange(len(values))
    first, last = np.maximum(steps - half, 0), np.minimum(steps + half + 1, len(values))
    return (sums[last] - sums[first]) / (last - first)


def how_equal(pictures: list[Any]) -> str:
    """How far the two engines' pictures are apart, measured from their pixels."""
    if len(pictures) < 2:
        return "; on the other engine it showed none"
    first, second = (np.asarray(picture * 255).round() for picture in pictures)
    if first.shape != second.shape:
        return "; on torch it has another size"
    levels = int(np.abs(first - second).max())
    share = (np.abs(first - second).max(axis=-1) > 0).mean()
    return (
        f": equal to torch's to {levels} of 255 levels, in {share:.2%} of the pixels"
        if levels
        else ": the same as torch's in every pixel"
    )
