"""Runs a script on an engine in a process of its own, under the same conditions for both engines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENGINES = ("torch", "minigrad")

UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Taken out of the workers' environment: they can hold NumPy's matrix products to slower kernels."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What the numerical libraries read their number of threads from."""


@dataclass(frozen=True)
class Conditions:
    """What both engines run under."""

    dtype: str
    threads: int
    steps: int | None = None
    arguments: tuple[str, ...] = ()
    """What the scripts find in sys.argv."""
    device: str = "cpu"
    card: str = ""
    """The name of the GPU, when the device is one."""
    disturbed: bool = False
    """Whether each element of each gradient is moved up or down by one rounding."""
    ops: bool = False
    """Whether what each op gives is written down."""


@dataclass
class Run:
    """A script that runs, or has run, on an engine, and the folder that holds what was recorded."""

    engine: str
    folder: Path
    exit_status: int | None = None
    device: str = "cpu"

    @property
    def records(self) -> Path:
        """What the recorder wrote."""
        return self.folder / "records"

    @property
    def steps(self) -> int:
        """The steps made so far: the recorder adds one byte to the file `steps` for each."""
        path = self.folder / "steps"
        return path.stat().st_size if path.exists() else 0

    @property
    def printed(self) -> list[str]:
        """The lines that the script printed."""
        return (self.folder / "stdout").read_text(encoding="utf-8", errors="replace").splitlines()

    @property
    def errors(self) -> str:
        """What went to the standard error stream: warnings, and the traceback where there is one."""
        return (self.folder / "stderr").read_text(encoding="utf-8", errors="replace")

    @property
    def error(self) -> dict[str, Any]:
        """The exception that ended the script: its message, and the file, the line and the text of the user's line."""
        path = self.folder / "error.json"
        return json.loads(path.read_text()) if path.exists() else {}

    @property
    def figures(self) -> list[Path]:
        """The figures that the script showed, in their order."""
        return sorted(self.folder.glob("figure-*.png"))

    @property
    def versions(self) -> dict[str, Any]:
        """The versions of engine, NumPy and Python, and the engine's folder; empty if the process got not that far."""
        path = self.folder / "versions.json"
        return json.loads(path.read_text()) if path.exists() else {}


def run_on(engine: str, script: Path, folder: Path, conditions: Conditions, on_steps: Callable[[int], None]) -> Run:
    """Run the script to its end; `on_steps` hears several times a second how many steps were made."""
    run = Run(engine, folder, device=conditions.device)
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "minigrad.comparison.worker"]
    command += ["--dtype", conditions.dtype, "--threads", str(conditions.threads), "--device", conditions.device]
    if conditions.steps is not None:
        command += ["--steps", str(conditions.steps)]
    if conditions.disturbed:
        command += ["--disturbed"]
    if conditions.ops:
        command += ["--ops"]
    command += ["--", engine, str(script), str(folder), *conditions.arguments]
    with (folder / "stdout").open("wb") as printed, (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            command,
            env=environment(folder, conditions.threads, conditions.device),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=errors,
        )
        try:
            while process.poll() is None:
                on_steps(run.steps)
                wait_a_little(process)
        finally:
            process.kill()
    on_steps(run.steps)
    run.exit_status = process.returncode
    return run


def environment(folder: Path, threads: int, device: str = "cpu") -> dict[str, str]:
    """The environment of a worker: this one, with threads and matplotlib's backend set.

    On the CPU the GPU is hidden from both engines, so that no script finds one.
    """
    return {
        **{name: value for name, value in os.environ.items() if name not in UNSET},
        **dict.fromkeys(THREADS, str(threads)),
        **({"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}),
        "PYTHONIOENCODING": "utf-8",
        "MPLBACKEND": "module://minigrad.comparison.backend",
        "COMPARISON_FIGURES": str(folder),
    }


def wait_a_little(process: subprocess.Popen[bytes]) -> None:
    """Wait until the process ends, or a fifth of a second."""
    try:
        process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        return
