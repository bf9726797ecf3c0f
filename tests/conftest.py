"""How the tests are run: hypothesis' examples, PyTorch on one thread, and what is left out without a GPU."""

import random
import sys

import engines
import pytest
from hypothesis import HealthCheck, settings

import minigrad
from minigrad.gpu.finding import find_gpu

settings.register_profile(
    "minigrad", deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile("anew", settings.get_profile("minigrad"), derandomize=False, print_blob=True)
settings.load_profile("minigrad")
pytest.register_assert_rewrite("parity")

DRIVE_TORCH = ["test_benchmarks.py", "test_comparisons.py", "test_gpu_benchmark.py", "test_lessons.py"]
"""Of these nothing is left without PyTorch; other tests skip themselves where they ask it for something."""
collect_ignore = DRIVE_TORCH if isinstance(engines.torch, engines.NotInstalled) else []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--ops", help="of the tests that try each op, those of these ops alone: 'exp;Tensor.exp_'")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests marked `cuda` out where there is no GPU; shuffle them where examples are drawn anew."""
    if not minigrad.cuda.is_available():
        left_out = [item for item in items if item.get_closest_marker("cuda")]
        items[:] = [item for item in items if not item.get_closest_marker("cuda")]
        config.hook.pytest_deselected(items=left_out)
    if (ops := config.getoption("--ops")) is not None:
        items[:] = [item for item in items if of_ops(item, ops.split(";"))]
    if (seed := config.getoption("--hypothesis-seed")) is not None:
        random.Random(seed).shuffle(items)


def of_ops(item: pytest.Item, names: list[str]) -> bool:
    """Whether a test is about one of these ops, or not about a single one."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return getattr(parameters.get("op"), "name", names[0]) in names


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was left out, and how to repeat what failed on examples drawn anew."""
    if not minigrad.cuda.is_available():
        terminalreporter.line(f"Tests marked cuda are left out. No GPU: {find_gpu()[1]}")
    if (seed := config.getoption("--hypothesis-seed")) is not None:
        again = f"{sys.executable} -m pytest -m '' --hypothesis-profile=anew --hypothesis-seed={seed}"
        for report in terminalreporter.getreports("failed"):
            terminalreporter.line(f"To repeat: {again} '{report.nodeid}'")
