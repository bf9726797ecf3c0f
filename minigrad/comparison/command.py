"""`python -m minigrad --compare script.py`: run scripts on PyTorch and on minigrad, and compare every step."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from minigrad.comparison import gpu
from minigrad.comparison.compare import TOLERANCE, Comparison, compare, failures, judge_by_own_spread, needs_own_spread
from minigrad.comparison.engines import ENGINES, Conditions, Run, run_on
from minigrad.comparison.report import details, head, notes, paragraph, remarks, row, write_json

NEEDED = ("torch", "matplotlib")
"""What a comparison needs besides minigrad; both come with its extra `compare`."""


def main(words: list[str], prog: str = "python -m minigrad --compare") -> int:
    """Compare the scripts of a command line; 0 when every one passes."""
    parser = parser_of(prog)
    parser.add_argument("scripts", nargs="+", metavar="script.py", type=script)
    words, for_scripts = split(words)
    arguments = parser.parse_args(words)
    return run_all(named(arguments.scripts), arguments, for_scripts, prog)


def parser_of(prog: str) -> argparse.ArgumentParser:
    """The options of each comparison."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Run scripts on PyTorch and on minigrad, and compare loss, gradients, parameters and time of every "
        "step, and what they print. What stands after -- goes to the scripts.",
    )
    parser.add_argument("--steps", type=positive, metavar="N", help="end each script after N steps (backward())")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32", help=DTYPE_HELP)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help=DEVICE_HELP)
    parser.add_argument("--threads", type=positive, default=os.cpu_count(), metavar="N", help=THREADS_HELP)
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="figures and JSON (out)")
    parser.add_argument("--verbose", action="store_true", help="print all that was measured, and the rules")
    parser.add_argument("--first-difference", action="store_true", help=FIRST_DIFFERENCE_HELP)
    return parser


DTYPE_HELP = "float64: run unchanged scripts in double precision, whatever dtype they name (default: as written)"
DEVICE_HELP = "cuda: train on the GPU, minigrad on CuPy (default: cpu, which hides the GPU from both engines)"
FIRST_DIFFERENCE_HELP = "only name the first op that differs, in the first step (or --steps N), with both its values"
THREADS_HELP = "threads of each engine (default: all cores)"


def positive(text: str) -> int:
    """An integer above zero."""
    if int(text) < 1:
        raise ValueError
    return int(text)


def script(text: str) -> Path:
    """The path of a file that is there."""
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"no such file: {text}")
    return Path(text)


def split(words: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """The words before `--` and those after it."""
    place = words.index("--") if "--" in words else len(words)
    return words[:place], tuple(words[place + 1 :])


def named(scripts: list[Path]) -> dict[str, Path]:
    """The scripts under the names that their figures will have."""
    result: dict[str, Path] = {}
    for each in scripts:
        name, number = each.stem, 2
        while name in result:
            name, number = f"{each.stem}-{number}", number + 1
        result[name] = each
    return result


def missing(prog: str, device: str) -> str:
    """Why nothing can be compared here; empty when it can."""
    lacking = [name for name in NEEDED if find_spec(name) is None]
    if lacking:
        return (
            f"{prog} needs {' and '.join(lacking)}, which come with the extra `compare`: "
            'pip install "minigrad[compare]", or in the folder of minigrad: pip install ".[compare]"'
        )
    if device == "cuda" and (reason := gpu.missing()):
        return f"{prog} --device cuda: there is no GPU for both engines: {reason}"
    return ""


def run_all(
    scripts: dict[str, Path],
    arguments: argparse.Namespace,
    for_scripts: tuple[str, ...],
    prog: str,
    numbers: dict[str, int] | None = None,
) -> int:
    """Compare scripts one after the other, a line for each when it is done; then what the lines do not say.

    numbers: those of lessons.
    """
    if reason := missing(prog, arguments.device):
        print(reason, file=sys.stderr)
        return 2
    conditions = Conditions(
        arguments.dtype,
        arguments.threads,
        arguments.steps,
        for_scripts,
        arguments.device,
        gpu.card()["name"] if arguments.device == "cuda" else "",
    )
    if arguments.first_difference:
        return show_first_differences(scripts, replace(conditions, steps=arguments.steps or 1, ops=True))
    from minigrad.comparison.figure import write_figure

    arguments.out.mkdir(parents=True, exist_ok=True)
    comparisons = {}
    labels = {name: f"{numbers.get(name, ''):>2} {name}" if numbers else name for name in scripts}
    width = max(map(len, labels.values()))
    print(head(width, torch_version()), flush=True)
    with tempfile.TemporaryDirectory(dir=arguments.out.resolve()) as folder:
        for name, path in scripts.items():
            comparisons[name] = compared(name, path, Path(folder), conditions)
            write_figure(arguments.out / f"{name}.png", name, comparisons[name])
            print(row(labels[name].ljust(width), comparisons[name]), flush=True)
        print(f"\n{notes(comparisons, conditions, arguments.verbose)}")
        for name, comparison in comparisons.items():
            if arguments.verbose:
                print(f"\n{details(name, comparison)}")
            for remark in remarks(comparison, scripts[name]):
                print(f"\n{paragraph(f'{name}: {remark}')}")
        write_json(arguments.out / "comparison.json", comparisons, conditions)
        passed = sum(not failures(comparison) for comparison in comparisons.values())
        print(f"\n{passed} of {len(scripts)} passed. Figures and comparison.json are in {arguments.out}{os.sep}")
        return 0 if passed == len(scripts) else 1


def show_first_differences(scripts: dict[str, Path], conditions: Conditions) -> int:
    """Name the first op of each script in which the engines differ; 0 where there is none."""
    from minigrad.comparison.ops import first_difference, logged

    differing = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, path in scripts.items():
            runs = [shown(f"{name} on {each}", each, path, Path(folder, name, each), conditions) for each in ENGINES]
            theirs, mine = (logged(run.folder) for run in runs)
            differs, text = first_difference(mine, theirs, TOLERANCE[conditions.dtype])
            stops = [f"{run.engine} stops: {run.error['message']}" for run in runs if run.error]
            print("\n".join([f"{name}: {text}", *stops]), flush=True)
            differing += differs or any(run.exit_status for run in runs)
    return 1 if differing else 0


def compared(name: str, path: Path, folder: Path, conditions: Conditions) -> Comparison:
    """Run a script on both engines, one process after the other, and compare."""
    runs = [shown(f"{name} on {engine}", engine, path, folder / name / engine, conditions) for engine in ENGINES]
    comparison = compare((runs[0], runs[1]))
    if needs_own_spread(comparison):
        disturbed = replace(conditions, disturbed=True)
        again = shown(f"{name} on torch, disturbed", "torch", path, folder / name / "disturbed", disturbed)
        judge_by_own_spread(comparison, again)
    return comparison


def shown(what: str, engine: str, path: Path, folder: Path, conditions: Conditions) -> Run:
    """Run a script on an engine; on a terminal the last line counts its steps."""

    def count(steps: int) -> None:
        if sys.stdout.isatty():
            print(f"\r\x1b[K{what}: {steps} steps", end="", flush=True)

    run = run_on(engine, path, folder, conditions, count)
    if sys.stdout.isatty():
        print("\r\x1b[K", end="", flush=True)
    return run


def torch_version() -> str:
    """The version of PyTorch, without importing it."""
    try:
        return version("torch")
    except PackageNotFoundError:
        return "(its version is unknown)"
