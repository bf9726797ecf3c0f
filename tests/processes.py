"""Programs in processes of their own, for the tests that need one."""

import subprocess
import sys

import pytest

LIMIT = 600
"""Seconds after which a process is given up: so many that no busy machine needs them; it is there for what hangs."""


def run(*command, **options):
    """Run a command to its end; its status, and as text what it printed."""
    options = {"capture_output": True, "text": True, "timeout": LIMIT, **options}
    try:
        return subprocess.run(command, check=False, **options)
    except subprocess.TimeoutExpired:
        pytest.fail(f"not done in {LIMIT} seconds: {' '.join(map(str, command))[:200]}", pytrace=False)


def python(*arguments, **options):
    """Run this Python with some arguments."""
    return run(sys.executable, *arguments, **options)
