"""A plugin for pytest: each check of `softsign_checks = op_checks(softsign)` in a test file is a test of its own.

It is asked for in conftest.py, by `pytest_plugins = ["minigrad.testing.plugin"]`.  What fails is shown without a
traceback.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from minigrad.testing.op import CheckError, Checks
from minigrad.testing.optimizer import OptimizerChecks


def pytest_pycollect_makeitem(collector: pytest.Module | pytest.Class, name: str, obj: object) -> Any:
    """The tests of what `op_checks`, `module_checks`, `loss_checks` or `optimizer_checks` gave."""
    if isinstance(obj, (Checks, OptimizerChecks)):
        return CollectedChecks.from_parent(collector, name=name, checks=obj)
    return None


class CollectedChecks(pytest.Collector):
    """The checks of one op, layer, loss or optimizer."""

    def __init__(self, *, checks: Any, **others: Any) -> None:
        super().__init__(**others)
        self.checks = checks

    def collect(self) -> Iterator[pytest.Item]:
        """A test for each of them."""
        for name in self.checks.names:
            yield OneCheck.from_parent(self, name=name)


class OneCheck(pytest.Item):
    """One check."""

    def runtest(self) -> None:
        """Make it."""
        self.parent.checks.run(self.name)  # type: ignore[union-attr]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is wrong; for other errors, where they were raised."""
        if isinstance(excinfo.value, CheckError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The file, and what is checked of what."""
        return self.path, None, f"{self.parent.name}: {self.name}"  # type: ignore[union-attr]
