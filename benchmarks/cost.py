"""What a training step costs, counted and not timed.

Two counts, neither of which a busy machine changes: Python's bytecodes, by tracing, and the processor's instructions,
by valgrind's callgrind where it is installed.  The second sees all that is done, also within NumPy and its BLAS, but
it is another one on every processor.  So `python -m benchmarks.cost` prints both and stores the first, which a test
compares.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from benchmarks.contestants import training
from benchmarks.machine import processor
from benchmarks.workloads import PERCEPTRONS

STORED = Path(__file__).parent / "cost.json"
WORKLOADS = "circles", "mnist-adam"
COMPILED = "circles, compiled"
"""A step whose program is as short as any: what a compiled call costs beside it."""
MARGIN = 0.03
"""By which share a count may be larger than the stored one."""
FEW, MANY = 5, 25
"""A step's instructions are the difference of two runs: what starting Python takes drops out."""

RUN = """
import sys
from benchmarks.contestants import training
from benchmarks.workloads import PERCEPTRONS
step = training("minigrad", PERCEPTRONS[sys.argv[1]])
for _ in range(int(sys.argv[2])):
    step()
"""


def instructions(workload: str) -> int:
    """The instructions of a step, on one thread."""
    few, many = (callgrind(workload, steps) for steps in (FEW, MANY))
    counts = [count(process) for process in (few, many)]
    return (counts[1] - counts[0]) // (MANY - FEW)


def callgrind(workload: str, steps: int) -> subprocess.Popen[str]:
    """A process that makes so many steps, while its instructions are counted."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, "-c", RUN]
    return subprocess.Popen(
        [*command, workload, str(steps)],
        env=environment,
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def count(process: subprocess.Popen[str]) -> int:
    """What callgrind says at the end: `Collected : 577559430`."""
    _, messages = process.communicate()
    found = re.search(r"Collected : (\d+)", messages)
    if process.returncode or not found:
        raise RuntimeError(f"valgrind failed:\n{messages[-2000:]}")
    return int(found[1])


def bytecodes(workload: str) -> int:
    """The bytecodes that a step executes, minigrad's own and those of NumPy's Python code; COMPILED: by its program."""
    name, _, compiled = workload.partition(", ")
    step = training(" ".join(filter(None, ("minigrad", compiled))), PERCEPTRONS[name])
    for _ in range(5):
        step()
    return executed_by(step)


def executed_by(function: Callable[[], Any]) -> int:
    """The bytecodes that a function executes, with all that it calls."""
    executed = 0

    def instruction(_code: CodeType, _offset: int) -> None:
        nonlocal executed
        executed += 1

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal executed
        frame.f_trace_opcodes = True
        executed += event == "opcode"
        return trace

    if sys.version_info >= (3, 12):
        with monitoring(instruction):
            function()
    else:
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            function()
        finally:
            sys.settrace(before)
    return executed


@contextmanager
def monitoring(instruction: Callable[[CodeType, int], None]) -> Iterator[None]:
    """Call a function at every bytecode."""
    tool, events = sys.monitoring.PROFILER_ID, sys.monitoring.events
    sys.monitoring.use_tool_id(tool, "benchmarks.cost")
    sys.monitoring.register_callback(tool, events.INSTRUCTION, instruction)
    sys.monitoring.set_events(tool, events.INSTRUCTION)
    try:
        yield
    finally:
        sys.monitoring.set_events(tool, 0)
        sys.monitoring.free_tool_id(tool)


PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"


def stored() -> dict[str, int]:
    """The bytecodes stored for this Python by workload; empty if there are none."""
    counts: dict[str, int] = json.loads(STORED.read_text()).get(PYTHON, {})
    return counts


def store() -> None:
    """Count bytecodes anew, and write them beside what is known of other versions."""
    known = json.loads(STORED.read_text()) | {
        PYTHON: {workload: bytecodes(workload) for workload in (*WORKLOADS, COMPILED)}
    }
    STORED.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    store()
    print(STORED.read_text(), end="")
    if shutil.which("valgrind"):
        for workload in WORKLOADS:
            print(f"{workload} on {processor()}: {instructions(workload):,} instructions")
