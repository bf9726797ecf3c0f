"""`python -m comparisons`: run lessons, or scripts of your own, on PyTorch and on minigrad, and compare."""

from __future__ import annotations

import argparse
import ast
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from comparisons import gpu
from comparisons.compare import Comparison, compare, failures
from comparisons.engines import ENGINES, Conditions, run_on
from comparisons.figure import write_figure
from comparisons.report import print_report, write_json
from minigrad.vision import datasets

LESSONS = Path(__file__).parent / "lessons"


def main() -> int:
    """Run and compare; 0 when every script passes."""
    arguments = parse_arguments()
    console = Console(width=None if sys.stdout.isatty() else 100)
    if arguments.list:
        for script in lessons():
            print(f"{script.stem}\n    {description(script)}")
        return 0
    if arguments.device == "cuda" and (reason := gpu.missing()):
        print(f"python -m comparisons --device cuda: there is no GPU for both engines: {reason}", file=sys.stderr)
        return 2
    conditions = Conditions(
        arguments.dtype,
        arguments.threads,
        arguments.steps,
        ("--full",) if arguments.full else (),
        arguments.device,
        gpu.card()["name"] if arguments.device == "cuda" else "",
    )
    fetch_data(arguments.scripts)
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.out.resolve()) as folder:
        comparisons = run_all(arguments.scripts, Path(folder), conditions, console)
        for name, comparison in comparisons.items():
            write_figure(arguments.out / f"{name}.png", name, comparison)
        write_json(arguments.out / "comparison.json", comparisons, conditions)
        print_report(console, comparisons, conditions)
        console.print(f"Figures and comparison.json are in {arguments.out}{os.sep}", highlight=False)
        return 1 if any(failures(comparison) for comparison in comparisons.values()) else 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m comparisons",
        description="Run lessons, or scripts of your own, on PyTorch and on minigrad, and compare loss, "
        "gradients, parameters and time of every optimizer step.",
    )
    parser.add_argument("scripts", nargs="*", metavar="LESSON|script.py", help="all lessons when none is named")
    parser.add_argument("--list", action="store_true", help="list the lessons and end")
    parser.add_argument("--full", action="store_true", help="the MNIST lessons with all images (default: a part)")
    parser.add_argument("--steps", type=positive, metavar="N", help="end each script after N optimizer steps")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32", help=DTYPE_HELP)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help=DEVICE_HELP)
    parser.add_argument("--threads", type=positive, default=os.cpu_count(), metavar="N", help=THREADS_HELP)
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="figures and JSON (out)")
    arguments = parser.parse_args()
    try:
        arguments.scripts = scripts_by_name(arguments.scripts)
    except ValueError as error:
        parser.error(str(error))
    return arguments


DTYPE_HELP = "float64: run unchanged scripts in double precision, whatever dtype they name (default: as written)"
DEVICE_HELP = "cuda: train on the GPU, minigrad on CuPy (default: cpu, which hides the GPU from both engines)"
THREADS_HELP = "threads of each engine (default: all cores)"


def positive(text: str) -> int:
    """An integer above zero."""
    if int(text) < 1:
        raise ValueError
    return int(text)


def lessons() -> list[Path]:
    """The scripts in comparisons/lessons."""
    return sorted(LESSONS.glob("*.py"))


def description(script: Path) -> str:
    """The first line of a script's docstring."""
    docstring = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def scripts_by_name(chosen: list[str]) -> dict[str, Path]:
    """The chosen scripts under the names that their figures will have; all lessons when none is chosen."""
    known = {script.stem: script for script in lessons()}
    scripts = {}
    for choice in chosen or known:
        script = known.get(choice, Path(choice))
        if not script.is_file():
            raise ValueError(f"no lesson and no script {choice!r}; the lessons are {', '.join(known)}")
        name, number = script.stem, 2
        while name in scripts:
            name, number = f"{script.stem}-{number}", number + 1
        scripts[name] = script
    return scripts


def fetch_data(scripts: dict[str, Path]) -> None:
    """Fetch MNIST, if a lesson needs it, by minigrad's way: torchvision's finds the files in the same place."""
    if any(script.parent == LESSONS and script.stem.startswith("mnist") for script in scripts.values()):
        for train in (True, False):
            datasets.MNIST("data", train=train, download=True)


def run_all(scripts: dict[str, Path], folder: Path, conditions: Conditions, console: Console) -> dict[str, Comparison]:
    """Run every script on both engines, one process after the other, and compare."""
    columns = [TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} steps")]
    comparisons = {}
    with Progress(*columns, TimeElapsedColumn(), console=console, refresh_per_second=4) as progress:
        for name, script in scripts.items():
            expected = conditions.steps  # None: not known until the first engine has run
            runs = []
            for engine in ENGINES:
                bar = progress.add_task(f"{name} on {engine}", total=expected or None)
                on_steps = partial(set_bar, progress, bar)
                run = run_on(engine, script, folder / name / engine, conditions, on_steps)
                progress.update(bar, total=run.steps)
                expected = run.steps
                runs.append(run)
            comparisons[name] = compare((runs[0], runs[1]))
    return comparisons


def set_bar(progress: Progress, bar: TaskID, steps: int) -> None:
    progress.update(bar, completed=steps)


if __name__ == "__main__":
    sys.exit(main())
